// What a run has done in JSON, as /api/v1 shows it.
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "model/run_trace.h"

namespace baton {
namespace {

namespace json = boost::json;

json::object call_of(const ToolCall& call) {
    return {{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
}

json::object usage_of(const TokenUsage& usage) {
    return {{"input_tokens", usage.input_tokens}, {"output_tokens", usage.output_tokens},
        {"total_tokens", usage.input_tokens + usage.output_tokens},
        {"cached_input_tokens", usage.cached_input_tokens},
        {"reasoning_tokens", usage.reasoning_tokens}};
}

void add_answer(json::object& object, const ChatResult& answer) {
    object["model"] = answer.model;
    object["content"] = answer.content;
    if (!answer.refusal.empty()) object["refusal"] = answer.refusal;
    if (!answer.reasoning.empty()) object["reasoning"] = answer.reasoning;
    json::array calls;
    for (const auto& call : answer.tool_calls) calls.push_back(call_of(call));
    object["tool_calls"] = std::move(calls);
    object["finish_reason"] = answer.finish_reason;
    object["usage"] = usage_of(answer.usage);
    object["cost"] = answer.cost;
}

void add_call(json::object& object, const TracedStep& step) {
    object["call_id"] = step.call.id;
    object["name"] = step.call.name;
    object["arguments"] = step.call.arguments;
    object["message_id"] = step.message ? json::value(step.message->text()) : json::value(nullptr);
    if (step.kind == StepKind::wait) {
        object["until"] = step.until ? json::value(to_rfc3339(*step.until)) : json::value(nullptr);
        return;
    }
    object["result"] = step.result;
    object["is_error"] = step.is_error;
}

}  // namespace

std::string_view to_string(StepKind kind) noexcept {
    switch (kind) {
        case StepKind::tool: return "tool";
        case StepKind::wait: return "wait";
        case StepKind::model: break;
    }
    return "model";
}

json::object to_json(const TracedStep& step) {
    json::object object{{"number", step.number}, {"kind", to_string(step.kind)},
        {"began_at", to_rfc3339(step.began_at)}, {"ended_at", to_rfc3339(step.ended_at)},
        {"duration_ms", (step.ended_at - step.began_at).count()}};
    if (step.kind == StepKind::model) {
        add_answer(object, step.answer);
    } else {
        add_call(object, step);
    }
    return object;
}

}  // namespace baton
