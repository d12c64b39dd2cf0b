// Answers of chats in JSON: usage, deltas, results.
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/core.h>

#include "model/chat_json.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

/// Text kept as JSON, back as a value. It was checked when it came in.
json::value value_of_text(std::string_view text) {
    auto value = parse_json(text);
    return value ? *std::move(value) : json::value(text);
}

const json::value* member(const json::value& value, std::string_view name) {
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::uint64_t count_of(const json::value* value) {
    boost::system::error_code error;
    const auto count = value == nullptr ? 0 : value->to_number<std::uint64_t>(error);
    return error ? 0 : count;
}

std::string text_of(const json::value& value, std::string_view name) {
    const auto* text = member(value, name);
    return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
}

ToolCallDelta tool_call_delta_from_json(const json::value& value) {
    ToolCallDelta delta{.index = static_cast<std::size_t>(count_of(member(value, "index"))),
        .id = text_of(value, "id")};
    if (const auto* function = member(value, "function")) {
        delta.name = text_of(*function, "name");
        delta.arguments = text_of(*function, "arguments");
    }
    return delta;
}

json::object to_json(const ToolCallDelta& delta) {
    json::object object{{"index", delta.index}};
    json::object function;
    if (!delta.id.empty()) {
        object["id"] = delta.id;
        object["type"] = "function";
    }
    if (!delta.name.empty()) function["name"] = delta.name;
    function["arguments"] = delta.arguments;
    object["function"] = std::move(function);
    return object;
}

}  // namespace

json::object to_json(const TokenUsage& usage) {
    return {{"prompt_tokens", usage.input_tokens}, {"completion_tokens", usage.output_tokens},
        {"total_tokens", usage.input_tokens + usage.output_tokens},
        {"prompt_tokens_details", json::object{{"cached_tokens", usage.cached_input_tokens}}},
        {"completion_tokens_details", json::object{{"reasoning_tokens", usage.reasoning_tokens}}}};
}

TokenUsage token_usage_from_json(const json::value& value) {
    TokenUsage usage{.input_tokens = count_of(member(value, "prompt_tokens")),
        .output_tokens = count_of(member(value, "completion_tokens"))};
    if (const auto* details = member(value, "prompt_tokens_details")) {
        usage.cached_input_tokens = count_of(member(*details, "cached_tokens"));
    }
    if (const auto* details = member(value, "completion_tokens_details")) {
        usage.reasoning_tokens = count_of(member(*details, "reasoning_tokens"));
    }
    return usage;
}

json::object to_json(const ChatDelta& delta) {
    json::object object;
    if (!delta.text.empty()) object["content"] = delta.text;
    if (!delta.refusal.empty()) object["refusal"] = delta.refusal;
    if (!delta.reasoning.empty()) object["reasoning_content"] = delta.reasoning;
    if (!delta.tool_calls.empty()) {
        auto& calls = object["tool_calls"].emplace_array();
        for (const auto& call : delta.tool_calls) calls.push_back(to_json(call));
    }
    if (!delta.logprobs.empty()) object["logprobs"] = value_of_text(delta.logprobs);
    return object;
}

Result<ChatDelta> chat_delta_from_json(const json::value& value) {
    if (!value.is_object()) {
        return fail(Errc::invalid_argument,
            fmt::format("a delta must be an object, not {}", kind_name(value)));
    }
    ChatDelta delta{.text = text_of(value, "content"),
        .refusal = text_of(value, "refusal"),
        .reasoning = text_of(value, "reasoning_content")};
    const auto* calls = member(value, "tool_calls");
    if (calls != nullptr && calls->is_array()) {
        for (const auto& call : calls->get_array()) {
            delta.tool_calls.push_back(tool_call_delta_from_json(call));
        }
    }
    const auto* logprobs = member(value, "logprobs");
    if (logprobs != nullptr && !logprobs->is_null()) delta.logprobs = json_text(*logprobs);
    return delta;
}

json::object to_json(const ChatResult& result) {
    json::object message = to_json(ChatMessage{.role = Role::assistant,
        .content = result.content,
        .refusal = result.refusal,
        .tool_calls = result.tool_calls});
    if (!result.reasoning.empty()) message["reasoning_content"] = result.reasoning;
    json::object object{{"message", std::move(message)}, {"finish_reason", result.finish_reason},
        {"model", result.model}, {"usage", to_json(result.usage)}};
    if (!result.logprobs.empty()) object["logprobs"] = value_of_text(result.logprobs);
    if (!result.endpoint.empty()) object["endpoint"] = result.endpoint;
    if (result.cost != 0) object["cost"] = result.cost;
    return object;
}

Result<ChatResult> chat_result_from_json(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, Errc::invalid_argument));
    const auto* written = fields.find("message");
    if (written == nullptr) return fields.fail_at("message", "is missing");
    auto message = chat_message_from_json(*written);
    if (!message) return fail(inside("message", message.error()));
    ChatResult result{.content = std::move(message->content),
        .refusal = std::move(message->refusal),
        .reasoning = text_of(*written, "reasoning_content"),
        .tool_calls = std::move(message->tool_calls)};
    if (const auto* logprobs = fields.find("logprobs")) result.logprobs = json_text(*logprobs);
    BATON_TRY(result.model, fields.text("model"));
    BATON_TRY(result.finish_reason, fields.text("finish_reason"));
    if (const auto* usage = fields.find("usage")) result.usage = token_usage_from_json(*usage);
    result.endpoint = text_of(value, "endpoint");
    const auto* cost = fields.find("cost");
    if (cost != nullptr && cost->is_number()) result.cost = cost->to_number<double>();
    return result;
}

}  // namespace baton
