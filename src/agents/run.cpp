#include "agents/run.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "model/chat_json.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::agents {
namespace {

namespace json = boost::json;
using conversations::StepKind;

std::unexpected<Error> corrupt(std::uint32_t step, std::string_view what) {
    return fail(Errc::storage_corrupt, fmt::format("step {} of the run: {}", step, what));
}

void add(TokenUsage& sum, const TokenUsage& usage) {
    sum.input_tokens += usage.input_tokens;
    sum.output_tokens += usage.output_tokens;
    sum.cached_input_tokens += usage.cached_input_tokens;
    sum.reasoning_tokens += usage.reasoning_tokens;
}

Error limit_error(std::string_view name, std::string detail) {
    return {
        .code = Errc::run_limit_exceeded, .detail = std::move(detail), .field = std::string(name)};
}

}  // namespace

Result<Run> Run::of(const std::vector<RunStep>& steps) {
    Run run;
    for (const auto& step : steps) {
        BATON_TRY_VOID(run.apply(step));
    }
    return run;
}

Result<void> Run::apply(const RunStep& step) {
    if (step.number != steps_) return corrupt(step.number, fmt::format("{} is missing", steps_));
    auto content = parse_json(step.content, {}, step_depth_max);
    if (!content || !content->is_object()) return corrupt(step.number, "its content is no object");
    Result<void> applied;
    switch (step.kind) {
        case StepKind::model: applied = apply_answer(*content); break;
        case StepKind::tool: applied = apply_result(*content); break;
        case StepKind::wait: applied = apply_wait(*content); break;
    }
    if (!applied) return corrupt(step.number, applied.error().detail);
    if (!began_at_) began_at_ = step.began_at;
    ++steps_;
    return {};
}

Run::Next Run::next() const noexcept {
    if (answers_ == 0) return Next::ask;
    if (answer_.tool_calls.empty()) return Next::answer;
    return results_ < answer_.tool_calls.size() ? Next::call : Next::ask;
}

std::string Run::open_call_name() const { return fmt::format("{}/{}", answer_step_, results_); }

Result<void> Run::apply_answer(const json::value& content) {
    if (next() != Next::ask) return fail(Errc::storage_corrupt, "nobody asked the model");
    BATON_TRY(answer_, chat_result_from_json(content));
    answer_step_ = steps_;
    results_ = 0;
    ++answers_;
    add(usage_, answer_.usage);
    cost_ += answer_.cost;
    texts_.push_back(answer_.content);
    show({.role = Role::assistant,
        .content = answer_.content,
        .refusal = answer_.refusal,
        .tool_calls = answer_.tool_calls});
    return {};
}

Result<void> Run::apply_result(const json::value& content) {
    if (next() != Next::call) return fail(Errc::storage_corrupt, "no call is open");
    BATON_TRY(const Fields fields, Fields::of(content, {}, Errc::storage_corrupt));
    BATON_TRY(const auto result, fields.text("result"));
    BATON_TRY(const auto posted, fields.text("posted"));
    if (!posted.empty()) {
        BATON_TRY(const auto id, MessageId::parse(posted));
        posted_.push_back(id);
    }
    show({.role = Role::tool,
        .content = std::string(result),
        .tool_call_id = answer_.tool_calls[results_].id});
    ++results_;
    waiting_.reset();
    return {};
}

Result<void> Run::apply_wait(const json::value& content) {
    if (next() != Next::call) return fail(Errc::storage_corrupt, "no call is open");
    BATON_TRY(const Fields fields, Fields::of(content, {}, Errc::storage_corrupt));
    BATON_TRY(const auto id, fields.text("message_id"));
    BATON_TRY(const auto until, fields.integer("until"));
    BATON_TRY(const auto message, MessageId::parse(id));
    posted_.push_back(message);
    waiting_ = ToolWait{.message = message, .until = from_unix_ms(until)};
    return {};
}

void Run::show(ChatMessage message) {
    message_tokens_ += estimate_tokens(message.content);
    for (const auto& call : message.tool_calls) message_tokens_ += estimate_tokens(call.arguments);
    messages_.push_back(std::move(message));
}

RunStep Run::step(StepKind kind, const json::value& content, Span span) const {
    return {.number = steps_,
        .kind = kind,
        .content = json_text(content),
        .began_at = span.began,
        .ended_at = span.ended};
}

RunStep Run::answered(const ChatResult& answer, Span span) const {
    return step(StepKind::model, to_json(answer), span);
}

RunStep Run::returned(const ToolResult& result, Span span) const {
    json::object content{{"call", results_}, {"name", open_call().name}, {"result", result.content},
        {"is_error", result.is_error}};
    if (result.posted) content["posted"] = result.posted->text();
    return step(StepKind::tool, content, span);
}

RunStep Run::waits(const ToolWait& wait, TimePoint at) const {
    return step(StepKind::wait,
        json::object{{"call", results_}, {"name", open_call().name},
            {"message_id", wait.message.text()}, {"until", to_unix_ms(wait.until)}},
        {at, at});
}

std::optional<Error> over_limit(const RunLimits& limits, const Run& run, TimePoint now) {
    if (run.answers() >= limits.max_steps) {
        return limit_error("max_steps",
            fmt::format("the model was asked {} times and still wants tools", run.answers()));
    }
    const std::uint64_t tokens = run.usage().input_tokens + run.usage().output_tokens;
    if (limits.max_tokens > 0 && tokens >= limits.max_tokens) {
        return limit_error("max_tokens",
            fmt::format("the run has used {} tokens of {}", tokens, limits.max_tokens));
    }
    if (limits.max_cost > 0 && run.cost() >= limits.max_cost) {
        return limit_error(
            "max_cost", fmt::format("the run has cost {} of {}", run.cost(), limits.max_cost));
    }
    return over_time(limits, run, now);
}

std::optional<Error> over_time(const RunLimits& limits, const Run& run, TimePoint now) {
    if (limits.max_time <= Duration(0) || !run.began_at()) return std::nullopt;
    if (now - *run.began_at() < limits.max_time) return std::nullopt;
    return limit_error(
        "max_time", fmt::format("the run began more than {} ms ago", limits.max_time.count()));
}

std::string fitted_result(std::string text) {
    if (text.size() <= tool_result_max) return text;
    const std::string note = fmt::format("\n[cut: this was {} bytes long]", text.size());
    std::size_t end = tool_result_max - note.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text + note;
}

std::optional<std::vector<std::string>> focus_of(std::string_view metadata) {
    const auto value = parse_json(metadata);
    if (!value || !value->is_object()) return std::nullopt;
    const auto* focus = value->get_object().if_contains("focus");
    if (focus == nullptr || !focus->is_array()) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& name : focus->get_array()) {
        if (name.is_string()) names.emplace_back(name.get_string());
    }
    return names;
}

}  // namespace baton::agents
