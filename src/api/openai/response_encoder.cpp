#include "api/openai/response_encoder.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/core.h>

#include "api/openai/chat_encoder.h"
#include "base/text.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

std::string message_id(const ResponseHead& head) { return "msg_" + head.id.substr(5); }

std::string call_item_id(const ResponseHead& head, std::size_t index) {
    return fmt::format("fc_{}_{}", std::string_view(head.id).substr(5), index);
}

std::string reasoning_item_id(const ResponseHead& head, std::size_t number) {
    return fmt::format("rs_{}_{}", std::string_view(head.id).substr(5), number);
}

json::object summary_part(std::string_view text) {
    return {{"type", "summary_text"}, {"text", text}};
}

/// Models that show their thoughts show them in their own words; here they are their summary.
json::object reasoning_item(
    const ResponseHead& head, std::size_t number, std::string_view status, json::array summary) {
    return {{"type", "reasoning"}, {"id", reasoning_item_id(head, number)}, {"status", status},
        {"summary", std::move(summary)}};
}

json::object text_part(std::string_view text) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", json::array()},
        {"logprobs", json::array()}};
}

json::object content_part(bool is_refusal, std::string_view text) {
    if (is_refusal) return {{"type", "refusal"}, {"refusal", text}};
    return text_part(text);
}

json::object message_item(const ResponseHead& head, std::string_view status, json::array content) {
    return {{"type", "message"}, {"id", message_id(head)}, {"status", status},
        {"role", "assistant"}, {"content", std::move(content)}};
}

json::object call_item(
    const ResponseHead& head, std::size_t index, std::string_view status, const ToolCall& call) {
    return {{"type", "function_call"}, {"id", call_item_id(head, index)}, {"status", status},
        {"call_id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
}

json::object usage_of(const TokenUsage& usage) {
    return {{"input_tokens", usage.input_tokens},
        {"input_tokens_details", json::object{{"cached_tokens", usage.cached_input_tokens}}},
        {"output_tokens", usage.output_tokens},
        {"output_tokens_details", json::object{{"reasoning_tokens", usage.reasoning_tokens}}},
        {"total_tokens", usage.input_tokens + usage.output_tokens}};
}

json::object frame_of(const ResponseHead& head, std::string_view status) {
    json::object object{{"id", head.id}, {"object", "response"},
        {"created_at", unix_seconds(head.created)}, {"status", status},
        {"background", head.background}, {"error", nullptr}, {"incomplete_details", nullptr},
        {"model", head.model}, {"output", json::array()}, {"previous_response_id", nullptr},
        {"reasoning", json::object{{"effort", nullptr}, {"summary", nullptr}}}, {"store", true},
        {"usage", nullptr}};
    for (const auto& [name, value] : head.echo) object[name] = value;
    return object;
}

std::string_view status_text(ResponseStatus status) noexcept {
    switch (status) {
        case ResponseStatus::queued: return "queued";
        case ResponseStatus::in_progress: return "in_progress";
        case ResponseStatus::cancelled: return "cancelled";
    }
    return "queued";
}

/// Why an answer was cut off; empty: it is whole.
std::string_view cut_of(const ChatResult& result) noexcept {
    if (result.finish_reason == "length") return "max_output_tokens";
    if (result.finish_reason == "content_filter") return "content_filter";
    return {};
}

/// Of what was said last before a cut; what was said before it is whole.
std::string_view last_status(const ChatResult& result) noexcept {
    return cut_of(result).empty() ? "completed" : "incomplete";
}

json::array output_of(const ResponseHead& head, const ChatResult& result) {
    const auto status = last_status(result);
    json::array output;
    if (!result.reasoning.empty()) {
        const bool is_last =
            result.content.empty() && result.refusal.empty() && result.tool_calls.empty();
        output.push_back(reasoning_item(
            head, 0, is_last ? status : "completed", json::array{summary_part(result.reasoning)}));
        if (is_last && status == "incomplete") return output;
    }
    if (!result.content.empty() || !result.refusal.empty() || result.tool_calls.empty()) {
        json::array content;
        if (!result.content.empty() || result.refusal.empty()) {
            content.push_back(text_part(result.content));
        }
        if (!result.refusal.empty()) {
            content.push_back(json::object{{"type", "refusal"}, {"refusal", result.refusal}});
        }
        output.push_back(message_item(
            head, result.tool_calls.empty() ? status : "completed", std::move(content)));
    }
    for (std::size_t i = 0; i < result.tool_calls.size(); ++i) {
        const bool is_last = i + 1 == result.tool_calls.size();
        output.push_back(call_item(head, i, is_last ? status : "completed", result.tool_calls[i]));
    }
    return output;
}

}  // namespace

json::object response_object(const ResponseHead& head, ResponseStatus status) {
    return frame_of(head, status_text(status));
}

json::object response_object(const ResponseHead& head, const ChatResult& result) {
    const std::string_view cut = cut_of(result);
    json::object object = frame_of(head, cut.empty() ? "completed" : "incomplete");
    if (!cut.empty()) object["incomplete_details"] = json::object{{"reason", cut}};
    if (head.model.empty()) object["model"] = result.model;
    object["output"] = output_of(head, result);
    object["usage"] = usage_of(result.usage);
    return object;
}

json::object response_object(const ResponseHead& head, const Error& error) {
    const bool cancelled = error.code == Errc::cancelled;
    json::object object = frame_of(head, cancelled ? "cancelled" : "failed");
    if (!cancelled) {
        object["error"] = json::object{{"code", to_string(error.code)},
            {"message", is_utf8(error.detail) ? error.detail : "(not UTF-8)"}};
    }
    return object;
}

void ResponseEvents::emit(std::string& out, std::string_view type, json::object fields) {
    const std::int64_t number = number_++;
    if (number <= seen_) return;
    json::object event{{"type", type}, {"sequence_number", number}};
    for (auto& [name, value] : fields) event[name] = std::move(value);
    out += fmt::format("event: {}\ndata: {}\n\n", type, json_text(event));
}

std::string ResponseEvents::begin() {
    std::string out;
    const auto first = head_.background ? ResponseStatus::queued : ResponseStatus::in_progress;
    emit(out, "response.created", {{"response", response_object(head_, first)}});
    if (head_.background)
        emit(out, "response.queued", {{"response", response_object(head_, first)}});
    emit(out, "response.in_progress",
        {{"response", response_object(head_, ResponseStatus::in_progress)}});
    return out;
}

ResponseEvents::Part& ResponseEvents::open_part(std::string& out, bool is_refusal) {
    if (!message_index_) {
        message_index_ = items_++;
        emit(out, "response.output_item.added",
            {{"output_index", *message_index_}, {"item", message_item(head_, "in_progress", {})}});
    }
    const auto known = std::ranges::find(parts_, is_refusal, &Part::is_refusal);
    if (known != parts_.end()) return *known;
    Part& part = parts_.emplace_back(Part{.is_refusal = is_refusal});
    json::object fields = place_of(parts_.size() - 1);
    fields["part"] = content_part(part.is_refusal, "");
    emit(out, "response.content_part.added", std::move(fields));
    return part;
}

json::object ResponseEvents::place_of(std::size_t part) const {
    return {
        {"item_id", message_id(head_)}, {"output_index", *message_index_}, {"content_index", part}};
}

json::object ResponseEvents::place_of(const Thoughts& thoughts) const {
    return {{"item_id", reasoning_item_id(head_, thoughts.number)},
        {"output_index", thoughts.output_index}, {"summary_index", 0}};
}

void ResponseEvents::take_reasoning(std::string& out, std::string_view text) {
    if (text.empty()) return;
    if (!thoughts_) {
        thoughts_ = Thoughts{.output_index = items_++, .number = thoughts_count_++};
        emit(out, "response.output_item.added",
            {{"output_index", thoughts_->output_index},
                {"item", reasoning_item(head_, thoughts_->number, "in_progress", {})}});
        json::object part = place_of(*thoughts_);
        part["part"] = summary_part("");
        emit(out, "response.reasoning_summary_part.added", std::move(part));
    }
    thoughts_->text += text;
    json::object fields = place_of(*thoughts_);
    fields["delta"] = text;
    emit(out, "response.reasoning_summary_text.delta", std::move(fields));
}

void ResponseEvents::close_reasoning(std::string& out, std::string_view status) {
    if (!thoughts_) return;
    json::object said = place_of(*thoughts_);
    said["text"] = thoughts_->text;
    emit(out, "response.reasoning_summary_text.done", std::move(said));
    json::object part = place_of(*thoughts_);
    part["part"] = summary_part(thoughts_->text);
    emit(out, "response.reasoning_summary_part.done", std::move(part));
    auto item = reasoning_item(
        head_, thoughts_->number, status, json::array{summary_part(thoughts_->text)});
    emit(out, "response.output_item.done",
        {{"output_index", thoughts_->output_index}, {"item", item}});
    output_.resize(items_);
    output_[thoughts_->output_index] = std::move(item);
    thoughts_.reset();
}

void ResponseEvents::take_text(std::string& out, std::string_view text, bool is_refusal) {
    if (text.empty()) return;
    close_reasoning(out, "completed");
    Part& part = open_part(out, is_refusal);
    part.text += text;
    json::object fields = place_of(static_cast<std::size_t>(&part - parts_.data()));
    fields["delta"] = text;
    if (!is_refusal) fields["logprobs"] = json::array();
    emit(out, is_refusal ? "response.refusal.delta" : "response.output_text.delta",
        std::move(fields));
}

void ResponseEvents::close_message(std::string& out, std::string_view status) {
    json::array content;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const Part& part = parts_[i];
        json::object said = place_of(i);
        said[part.is_refusal ? "refusal" : "text"] = part.text;
        if (!part.is_refusal) said["logprobs"] = json::array();
        emit(out, part.is_refusal ? "response.refusal.done" : "response.output_text.done",
            std::move(said));
        json::object done = place_of(i);
        done["part"] = content_part(part.is_refusal, part.text);
        emit(out, "response.content_part.done", std::move(done));
        content.push_back(content_part(part.is_refusal, part.text));
    }
    auto item = message_item(head_, status, std::move(content));
    emit(out, "response.output_item.done", {{"output_index", *message_index_}, {"item", item}});
    output_[*message_index_] = std::move(item);
}

ResponseEvents::CallItem& ResponseEvents::open_call(std::string& out, const ToolCallDelta& delta) {
    const auto known =
        std::ranges::find(calls_, delta.index, [](const auto& c) { return c.first; });
    if (known != calls_.end()) return known->second;
    auto& item = calls_.emplace_back(delta.index, CallItem{.output_index = items_++}).second;
    item.call = {.id = delta.id, .name = delta.name};
    emit(out, "response.output_item.added",
        {{"output_index", item.output_index},
            {"item", call_item(head_, delta.index, "in_progress", item.call)}});
    return item;
}

void ResponseEvents::close_call(
    std::string& out, std::size_t index, const CallItem& item, std::string_view status) {
    emit(out, "response.function_call_arguments.done",
        {{"item_id", call_item_id(head_, index)}, {"output_index", item.output_index},
            {"name", item.call.name}, {"arguments", item.call.arguments}});
    auto done = call_item(head_, index, status, item.call);
    emit(out, "response.output_item.done", {{"output_index", item.output_index}, {"item", done}});
    output_[item.output_index] = std::move(done);
}

std::string ResponseEvents::take(const ChatDelta& delta, std::string_view /*place*/) {
    std::string out;
    take_reasoning(out, delta.reasoning);
    take_text(out, delta.text, false);
    take_text(out, delta.refusal, true);
    for (const auto& piece : delta.tool_calls) {
        close_reasoning(out, "completed");
        CallItem& item = open_call(out, piece);
        if (piece.arguments.empty()) continue;
        item.call.arguments += piece.arguments;
        emit(out, "response.function_call_arguments.delta",
            {{"item_id", call_item_id(head_, piece.index)}, {"output_index", item.output_index},
                {"delta", piece.arguments}});
    }
    return out;
}

std::string ResponseEvents::end(const ChatResult& result) {
    std::string out;
    // An answer that came in no pieces.
    if (thoughts_count_ == 0 && items_ == 0) take_reasoning(out, result.reasoning);
    if (parts_.empty()) {
        take_text(out, result.content, false);
        take_text(out, result.refusal, true);
    }
    for (std::size_t i = calls_.size(); i < result.tool_calls.size(); ++i) {
        const ToolCall& call = result.tool_calls[i];
        const ToolCallDelta whole{
            .index = i, .id = call.id, .name = call.name, .arguments = call.arguments};
        out += take({.tool_calls = {whole}}, {});
    }
    const auto status = last_status(result);
    const bool says_something = message_index_ || !calls_.empty();
    const bool ends_in_thoughts = !says_something && thoughts_ && status == "incomplete";
    close_reasoning(out, ends_in_thoughts ? status : "completed");
    if (!says_something && !ends_in_thoughts) open_part(out, false);
    output_.resize(items_);
    if (message_index_) close_message(out, calls_.empty() ? status : "completed");
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        const bool is_last = i + 1 == calls_.size();
        close_call(out, calls_[i].first, calls_[i].second, is_last ? status : "completed");
    }
    json::object response = response_object(head_, result);
    response["output"] = json::array(output_.begin(), output_.end());
    const bool whole = response["status"] == "completed";
    emit(out, whole ? "response.completed" : "response.incomplete",
        {{"response", std::move(response)}});
    return out;
}

std::string ResponseEvents::fail(const Error& error) {
    std::string out;
    emit(out, "response.failed", {{"response", response_object(head_, error)}});
    return out;
}

}  // namespace baton::api::openai
