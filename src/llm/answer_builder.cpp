#include "llm/answer_builder.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "llm/provider_json.h"
#include "model/chat_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

std::size_t size_of(const ChatDelta& delta) {
    std::size_t size =
        delta.text.size() + delta.refusal.size() + delta.reasoning.size() + delta.logprobs.size();
    for (const auto& call : delta.tool_calls) {
        size += call.id.size() + call.name.size() + call.arguments.size();
    }
    return size;
}

bool is_text(const ChatDelta& delta) {
    return is_utf8(delta.text) && is_utf8(delta.refusal) && is_utf8(delta.reasoning) &&
           is_utf8(delta.logprobs) &&
           std::ranges::all_of(delta.tool_calls, [](const ToolCallDelta& call) {
               return is_utf8(call.id) && is_utf8(call.name) && is_utf8(call.arguments);
           });
}

void move_elements(const json::value& from, std::string_view name, json::array& to) {
    const auto* list = member(from, name);
    if (list == nullptr || !list->is_array()) return;
    for (const auto& element : list->get_array()) to.push_back(element);
}

}  // namespace

Result<ChatDelta> AnswerBuilder::add(Piece piece) {
    ChatDelta delta{.text = text_.join(piece.delta.text),
        .refusal = refusal_.join(piece.delta.refusal),
        .reasoning = reasoning_.join(piece.delta.reasoning),
        .logprobs = std::move(piece.delta.logprobs)};
    for (const auto& call : piece.delta.tool_calls) {
        BATON_TRY(ToolCallDelta added, add_call(call));
        const bool empty = added.id.empty() && added.name.empty() && added.arguments.empty();
        if (!empty) delta.tool_calls.push_back(std::move(added));
    }
    if (piece.last || !piece.finish_reason.empty()) flush(delta);
    BATON_TRY_VOID(append(delta));
    if (!piece.model.empty() && is_utf8(piece.model)) result_.model = std::move(piece.model);
    if (piece.usage) result_.usage = *piece.usage;
    if (!piece.finish_reason.empty()) result_.finish_reason = std::move(piece.finish_reason);
    last_ = last_ || piece.last;
    return delta;
}

/// Which of our calls the piece belongs to; a new one when it begins one.
Result<std::size_t> AnswerBuilder::place_of(const ToolCallDelta& delta) {
    const auto newest_first = calls_ | std::views::reverse;
    const auto known = std::ranges::find(newest_first, delta.index, &Call::index);
    const bool begins = known == newest_first.end() ||
                        (!delta.id.empty() && !known->id.empty() && delta.id != known->id);
    if (!begins) return static_cast<std::size_t>(newest_first.end() - known) - 1;
    if (calls_.size() == chat_tools_max) {
        return fail(Errc::provider_protocol,
            fmt::format("the answer makes more than {} tool calls", chat_tools_max));
    }
    calls_.push_back({.index = delta.index, .id = delta.id, .joiner = {}});
    result_.tool_calls.emplace_back();
    return calls_.size() - 1;
}

Result<ToolCallDelta> AnswerBuilder::add_call(const ToolCallDelta& delta) {
    BATON_TRY(const std::size_t place, place_of(delta));
    ToolCall& call = result_.tool_calls[place];
    // The id and the name count once, whoever repeats them.
    ToolCallDelta added{.index = place};
    if (call.id.empty()) {
        added.id = delta.id.empty() ? fmt::format("call_{}", calls_before_ + place) : delta.id;
        call.id = added.id;
    }
    if (call.name.empty()) {
        added.name = delta.name;
        call.name = added.name;
    }
    added.arguments = calls_[place].joiner.join(delta.arguments);
    return added;
}

/// What the joiners kept back: no second half will come.
void AnswerBuilder::flush(ChatDelta& delta) {
    delta.text += text_.finish();
    delta.refusal += refusal_.finish();
    delta.reasoning += reasoning_.finish();
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        std::string rest = calls_[i].joiner.finish();
        if (!rest.empty()) delta.tool_calls.push_back({.index = i, .arguments = std::move(rest)});
    }
}

Result<void> AnswerBuilder::append(const ChatDelta& delta) {
    if (!is_text(delta)) return fail(Errc::provider_protocol, "the answer is not UTF-8");
    size_ += size_of(delta);
    if (size_ > answer_max) {
        return fail(
            Errc::provider_protocol, fmt::format("the answer is over {} bytes", answer_max));
    }
    result_.content += delta.text;
    result_.refusal += delta.refusal;
    result_.reasoning += delta.reasoning;
    for (const auto& call : delta.tool_calls) {
        result_.tool_calls[call.index].arguments += call.arguments;
    }
    if (!delta.logprobs.empty()) add_logprobs(delta.logprobs);
    return {};
}

void AnswerBuilder::add_logprobs(const std::string& text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error) return;
    move_elements(value, "content", content_logprobs_);
    move_elements(value, "refusal", refusal_logprobs_);
}

Result<ChatResult> AnswerBuilder::finish() {
    if (!complete()) {
        return fail(Errc::provider_unavailable, "the provider's answer was cut off before its end");
    }
    if (!std::ranges::all_of(
            result_.tool_calls, [](const ToolCall& call) { return !call.name.empty(); })) {
        return fail(Errc::provider_protocol, "a tool call of the answer has no name");
    }
    if (result_.finish_reason.empty()) result_.finish_reason = "stop";
    if (result_.finish_reason == "stop" && !result_.tool_calls.empty()) {
        result_.finish_reason = "tool_calls";
    }
    if (!content_logprobs_.empty() || !refusal_logprobs_.empty()) {
        const auto or_null = [](json::array list) {
            return list.empty() ? json::value() : json::value(std::move(list));
        };
        result_.logprobs =
            json_text(json::object{{"content", or_null(std::move(content_logprobs_))},
                {"refusal", or_null(std::move(refusal_logprobs_))}});
    }
    return std::move(result_);
}

}  // namespace baton::llm
