#include "agents/trace.h"

#include <utility>

#include <fmt/core.h>

#include "agents/run.h"
#include "model/chat_json.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton::agents {
namespace {

Result<ChatResult> answer_of(const RunStep& step) {
    BATON_TRY(const auto content, parse_json(step.content, {}, step_depth_max));
    return chat_result_from_json(content);
}

/// A call of a tool, or its wait. `answer`: of the model that asked for it.
Result<void> add_call(TracedStep& traced, const RunStep& step, const ChatResult& answer) {
    BATON_TRY(const auto content, parse_json(step.content, {}, step_depth_max));
    BATON_TRY(const Fields fields, Fields::of(content, {}, Errc::storage_corrupt));
    BATON_TRY(const auto place, fields.integer("call"));
    BATON_TRY(const auto name, fields.text("name"));
    const auto index = static_cast<std::size_t>(place);
    if (index < answer.tool_calls.size()) traced.call = answer.tool_calls[index];
    traced.call.name = name;
    BATON_TRY(traced.result, fields.text("result"));
    BATON_TRY(traced.is_error, fields.boolean("is_error", false));
    BATON_TRY(const auto id, fields.text(step.kind == StepKind::wait ? "message_id" : "posted"));
    if (!id.empty()) {
        BATON_TRY(traced.message, MessageId::parse(id));
    }
    if (step.kind == StepKind::wait) {
        BATON_TRY(const auto until, fields.integer("until"));
        traced.until = from_unix_ms(until);
    }
    return {};
}

Error unreadable(const RunStep& step, const Error& error) {
    return {.code = Errc::storage_corrupt,
        .detail = fmt::format("step {} of the run: {}", step.number, error.detail)};
}

}  // namespace

Result<std::vector<TracedStep>> trace_of(const conversations::StepPage& page) {
    ChatResult answer;  // the last one: calls behind it are its own
    if (page.asked) {
        auto read = answer_of(*page.asked);
        if (!read) return fail(unreadable(*page.asked, read.error()));
        answer = *std::move(read);
    }
    std::vector<TracedStep> trace;
    for (const auto& step : page.steps) {
        TracedStep traced{.number = step.number,
            .kind = step.kind,
            .began_at = step.began_at,
            .ended_at = step.ended_at};
        if (step.kind == StepKind::model) {
            auto read = answer_of(step);
            if (!read) return fail(unreadable(step, read.error()));
            answer = *std::move(read);
            traced.answer = answer;
        } else if (const auto added = add_call(traced, step, answer); !added) {
            return fail(unreadable(step, added.error()));
        }
        trace.push_back(std::move(traced));
    }
    return trace;
}

}  // namespace baton::agents
