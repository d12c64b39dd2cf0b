#include "api/openai/response_encoder.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "api/openai/chat_encoder.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

std::string message_id(const ResponseHead& head) { return "msg_" + head.id.substr(5); }

std::string call_item_id(const ResponseHead& head, std::size_t index) {
    return fmt::format("fc_{}_{}", std::string_view(head.id).substr(5), index);
}

json::object text_part(std::string_view text) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", json::array()},
        {"logprobs", json::array()}};
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

json::array output_of(const ResponseHead& head, const ChatResult& result) {
    json::array output;
    if (!result.content.empty() || !result.refusal.empty() || result.tool_calls.empty()) {
        json::array content;
        if (!result.content.empty() || result.refusal.empty()) {
            content.push_back(text_part(result.content));
        }
        if (!result.refusal.empty()) {
            content.push_back(json::object{{"type", "refusal"}, {"refusal", result.refusal}});
        }
        output.push_back(message_item(head, "completed", std::move(content)));
    }
    for (std::size_t i = 0; i < result.tool_calls.size(); ++i) {
        output.push_back(call_item(head, i, "completed", result.tool_calls[i]));
    }
    return output;
}

}  // namespace

json::object response_object(const ResponseHead& head, ResponseStatus status) {
    return frame_of(head, status_text(status));
}

json::object response_object(const ResponseHead& head, const ChatResult& result) {
    std::string_view cut;
    if (result.finish_reason == "length") cut = "max_output_tokens";
    if (result.finish_reason == "content_filter") cut = "content_filter";
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
        object["error"] = json::object{{"code", to_string(error.code)}, {"message", error.detail}};
    }
    return object;
}

void ResponseEvents::emit(std::string& out, std::string_view type, json::object fields) {
    const std::int64_t number = number_++;
    if (number <= seen_) return;
    json::object event{{"type", type}, {"sequence_number", number}};
    for (auto& [name, value] : fields) event[name] = std::move(value);
    out += fmt::format("event: {}\ndata: {}\n\n", type, json::serialize(event));
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

void ResponseEvents::open_message(std::string& out) {
    if (message_ != Message::none) return;
    message_ = Message::open;
    message_index_ = items_++;
    emit(out, "response.output_item.added",
        {{"output_index", message_index_}, {"item", message_item(head_, "in_progress", {})}});
    emit(out, "response.content_part.added",
        {{"item_id", message_id(head_)}, {"output_index", message_index_}, {"content_index", 0},
            {"part", text_part("")}});
}

void ResponseEvents::close_message(std::string& out) {
    if (message_ != Message::open) return;
    message_ = Message::closed;
    const json::object place{
        {"item_id", message_id(head_)}, {"output_index", message_index_}, {"content_index", 0}};
    json::object done = place;
    done["text"] = text_;
    done["logprobs"] = json::array();
    emit(out, "response.output_text.done", std::move(done));
    json::object part = place;
    part["part"] = text_part(text_);
    emit(out, "response.content_part.done", std::move(part));
    emit(out, "response.output_item.done",
        {{"output_index", message_index_},
            {"item", message_item(head_, "completed", {text_part(text_)})}});
}

void ResponseEvents::take_text(std::string& out, std::string_view text) {
    if (text.empty()) return;
    open_message(out);
    text_ += text;
    emit(out, "response.output_text.delta",
        {{"item_id", message_id(head_)}, {"output_index", message_index_}, {"content_index", 0},
            {"delta", text}, {"logprobs", json::array()}});
}

ResponseEvents::CallItem& ResponseEvents::open_call(std::string& out, const ToolCallDelta& delta) {
    const auto known =
        std::ranges::find(calls_, delta.index, [](const auto& c) { return c.first; });
    if (known != calls_.end()) return known->second;
    close_message(out);
    auto& item = calls_.emplace_back(delta.index, CallItem{.output_index = items_++}).second;
    item.call = {.id = delta.id, .name = delta.name};
    emit(out, "response.output_item.added",
        {{"output_index", item.output_index},
            {"item", call_item(head_, delta.index, "in_progress", item.call)}});
    return item;
}

std::string ResponseEvents::take(const ChatDelta& delta) {
    std::string out;
    take_text(out, delta.text);
    for (const auto& piece : delta.tool_calls) {
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
    if (text_.empty() && message_ == Message::none) take_text(out, result.content);
    for (std::size_t i = calls_.size(); i < result.tool_calls.size(); ++i) {
        const ToolCall& call = result.tool_calls[i];
        out += take(
            {.tool_calls = {
                 {.index = i, .id = call.id, .name = call.name, .arguments = call.arguments}}});
    }
    close_message(out);
    for (const auto& [index, item] : calls_) {
        emit(out, "response.function_call_arguments.done",
            {{"item_id", call_item_id(head_, index)}, {"output_index", item.output_index},
                {"name", item.call.name}, {"arguments", item.call.arguments}});
        emit(out, "response.output_item.done",
            {{"output_index", item.output_index},
                {"item", call_item(head_, index, "completed", item.call)}});
    }
    json::object response = response_object(head_, result);
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
