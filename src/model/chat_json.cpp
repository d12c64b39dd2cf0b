#include "model/chat_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/core.h>

#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

constexpr auto code = Errc::invalid_argument;

/// What ChatRequest names, and what belongs to the caller; the rest is `extra`.
constexpr std::array<std::string_view, 16> named_parameters{"model", "messages", "tools",
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop",
    "response_format", "tool_choice", "parallel_tool_calls", "stream", "stream_options", "n",
    "functions"};

bool is_named(std::string_view parameter) noexcept {
    return std::ranges::find(named_parameters, parameter) != named_parameters.end();
}

Result<std::optional<double>> read_number(
    const Fields& fields, std::string_view name, double min, double max) {
    const auto* value = fields.find(name);
    if (value == nullptr) return std::nullopt;
    boost::system::error_code error;
    const double number = value->to_number<double>(error);
    if (error || !std::isfinite(number)) {
        return fields.fail_at(name, fmt::format("must be a number, not {}", kind_name(*value)));
    }
    if (number < min || number > max) {
        return fields.fail_at(name, fmt::format("must be from {} to {}", min, max));
    }
    return number;
}

/// JSON text of a field that may have one of several shapes; empty when absent.
std::string text_of_json(const Fields& fields, std::string_view name) {
    const auto* value = fields.find(name);
    return value == nullptr ? std::string() : json_text(*value);
}

/// Text kept as JSON, back as a value. It was checked when it came in.
json::value value_of_text(std::string_view text) {
    auto value = parse_json(text);
    return value ? *std::move(value) : json::value(text);
}

Result<ToolCall> tool_call_from_json(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    ToolCall call;
    BATON_TRY(call.id, fields.text("id"));
    const auto* function = fields.find("function");
    if (function == nullptr) return fields.fail_at("function", "is missing");
    const auto inner = [&]() -> Result<void> {
        BATON_TRY(const Fields parts, Fields::of(*function, {}, code));
        BATON_TRY(call.name, parts.text("name"));
        BATON_TRY(call.arguments, parts.text("arguments"));
        return {};
    }();
    if (!inner) return fail(inside("function", inner.error()));
    return call;
}

json::object to_json(const ToolCall& call) {
    return {{"id", call.id}, {"type", "function"},
        {"function", json::object{{"name", call.name}, {"arguments", call.arguments}}}};
}

Result<ToolSpec> tool_from_json(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    BATON_TRY(const std::string_view type, fields.text("type"));
    if (type != "function") {
        return fields.fail_at("type", fmt::format("`{}`: only `function` is known", type));
    }
    const auto* function = fields.find("function");
    if (function == nullptr) return fields.fail_at("function", "is missing");
    ToolSpec tool;
    const auto inner = [&]() -> Result<void> {
        BATON_TRY(const Fields parts, Fields::of(*function, {}, code));
        BATON_TRY(tool.name, parts.text("name"));
        if (tool.name.empty()) return parts.fail_at("name", "is missing");
        BATON_TRY(tool.description, parts.text("description"));
        BATON_TRY(tool.strict, parts.boolean("strict", false));
        BATON_TRY(const auto* schema, parts.object("parameters"));
        if (schema != nullptr) tool.parameters = json_text(*schema);
        return {};
    }();
    if (!inner) return fail(inside("function", inner.error()));
    return tool;
}

json::object to_json(const ToolSpec& tool) {
    json::object function{{"name", tool.name}};
    if (!tool.description.empty()) function["description"] = tool.description;
    if (!tool.parameters.empty()) function["parameters"] = value_of_text(tool.parameters);
    if (tool.strict) function["strict"] = true;
    return {{"type", "function"}, {"function", std::move(function)}};
}

/// Each element of the array `name` through `read`, with its path in errors.
template <class Item, class Read>
Result<std::vector<Item>> read_all(
    const Fields& fields, std::string_view name, std::size_t count_max, const Read& read) {
    BATON_TRY(const json::array* array, fields.array(name));
    std::vector<Item> items;
    if (array == nullptr) return items;
    if (array->size() > count_max) {
        return fields.fail_at(name, fmt::format("holds more than {} elements", count_max));
    }
    items.reserve(array->size());
    for (const auto& value : *array) {
        auto item = read(value);
        if (!item) return fail(inside(element(name, items.size()), item.error()));
        items.push_back(*std::move(item));
    }
    return items;
}

Result<void> read_content(const Fields& fields, ChatMessage& message) {
    const auto* content = fields.find("content");
    if (content == nullptr) return {};
    if (content->is_string()) {
        message.content = content->get_string();
        return {};
    }
    if (!content->is_array()) {
        return fields.fail_at("content",
            fmt::format("must be text or an array of parts, not {}", kind_name(*content)));
    }
    for (std::size_t i = 0; i < content->get_array().size(); ++i) {
        const auto& part = content->get_array()[i];
        const auto* object = part.if_object();
        const auto* type = object == nullptr ? nullptr : object->if_contains("type");
        if (type == nullptr || !type->is_string()) {
            return fields.fail_at(element("content", i), "must be an object with a `type`");
        }
        const auto* text =
            object->if_contains(type->get_string() == "refusal" ? "refusal" : "text");
        if (text != nullptr && text->is_string()) message.content += text->get_string();
    }
    message.parts = json_text(*content);
    return {};
}

Result<void> read_stop(const Fields& fields, std::vector<std::string>& stop) {
    const auto* value = fields.find("stop");
    if (value == nullptr) return {};
    if (value->is_string()) {
        stop.emplace_back(value->get_string());
        return {};
    }
    BATON_TRY(stop, read_all<std::string>(
                        fields, "stop", 16, [](const json::value& item) -> Result<std::string> {
                            if (item.is_string()) return std::string(item.get_string());
                            return fail_field(code, "", "must be text");
                        }));
    return {};
}

Result<ChatOptions> read_options(const Fields& fields, const json::object& object) {
    ChatOptions options;
    BATON_TRY(options.temperature, read_number(fields, "temperature", 0, 2));
    BATON_TRY(options.top_p, read_number(fields, "top_p", 0, 1));
    for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
        if (fields.find(name) == nullptr) continue;
        BATON_TRY(const auto count, fields.integer(name, {.min = 1}));
        options.max_output_tokens = static_cast<std::uint64_t>(count);
    }
    if (fields.find("seed") != nullptr) {
        BATON_TRY(options.seed,
            fields.integer("seed", {.min = -9'007'199'254'740'992, .max = 9'007'199'254'740'992}));
    }
    BATON_TRY_VOID(read_stop(fields, options.stop));
    BATON_TRY(const auto* format, fields.object("response_format"));
    if (format != nullptr) options.response_format = json_text(*format);
    options.tool_choice = text_of_json(fields, "tool_choice");
    if (fields.find("parallel_tool_calls") != nullptr) {
        BATON_TRY(options.parallel_tool_calls, fields.boolean("parallel_tool_calls", true));
    }
    json::object extra;
    for (const auto& [name, value] : object) {
        if (!value.is_null() && !is_named(name)) {
            extra.emplace(name, value);
        }
    }
    if (!extra.empty()) options.extra = json_text(extra);
    return options;
}

void write_options(json::object& object, const ChatOptions& options) {
    if (options.temperature) object["temperature"] = *options.temperature;
    if (options.top_p) object["top_p"] = *options.top_p;
    if (options.max_output_tokens) object["max_completion_tokens"] = *options.max_output_tokens;
    if (options.seed) object["seed"] = *options.seed;
    if (!options.stop.empty())
        object["stop"] = json::array(options.stop.begin(), options.stop.end());
    if (!options.response_format.empty()) {
        object["response_format"] = value_of_text(options.response_format);
    }
    if (!options.tool_choice.empty()) object["tool_choice"] = value_of_text(options.tool_choice);
    if (options.parallel_tool_calls) object["parallel_tool_calls"] = *options.parallel_tool_calls;
    if (options.extra.empty()) return;
    const json::value extra = value_of_text(options.extra);
    if (!extra.is_object()) return;
    for (const auto& [name, value] : extra.get_object()) object.emplace(name, value);
}

}  // namespace

Result<ChatMessage> chat_message_from_json(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    ChatMessage message;
    BATON_TRY(const std::string_view role, fields.text("role"));
    const auto parsed = parse_role(role);
    if (!parsed) return fields.fail_at("role", parsed.error());
    message.role = *parsed;
    BATON_TRY_VOID(read_content(fields, message));
    BATON_TRY(message.name, fields.text("name"));
    BATON_TRY(message.refusal, fields.text("refusal"));
    BATON_TRY(message.tool_call_id, fields.text("tool_call_id"));
    BATON_TRY(message.tool_calls,
        read_all<ToolCall>(fields, "tool_calls", chat_tools_max, tool_call_from_json));
    return message;
}

json::object to_json(const ChatMessage& message) {
    json::object object{{"role", to_string(message.role)}};
    if (!message.parts.empty()) {
        object["content"] = value_of_text(message.parts);
    } else if (message.content.empty() && !message.tool_calls.empty()) {
        object["content"] = nullptr;
    } else {
        object["content"] = message.content;
    }
    if (!message.name.empty()) object["name"] = message.name;
    if (!message.refusal.empty()) object["refusal"] = message.refusal;
    if (!message.tool_call_id.empty()) object["tool_call_id"] = message.tool_call_id;
    if (!message.tool_calls.empty()) {
        auto& calls = object["tool_calls"].emplace_array();
        for (const auto& call : message.tool_calls) calls.push_back(to_json(call));
    }
    return object;
}

Result<ChatRequest> chat_request_from_json(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    ChatRequest request;
    BATON_TRY(request.model, fields.text("model"));
    if (request.model.empty()) return fields.fail_at("model", "is missing");
    BATON_TRY(request.messages,
        read_all<ChatMessage>(fields, "messages", chat_messages_max, chat_message_from_json));
    if (request.messages.empty()) return fields.fail_at("messages", "must hold a message");
    BATON_TRY(request.tools, read_all<ToolSpec>(fields, "tools", chat_tools_max, tool_from_json));
    BATON_TRY(const auto choices, fields.integer("n", {.fallback = 1, .min = 1}));
    if (choices != 1) return fail_field(Errc::unsupported, "n", "one choice an answer, not more");
    if (fields.find("functions") != nullptr) {
        return fail_field(Errc::unsupported, "functions", "say `tools` instead");
    }
    BATON_TRY(request.options, read_options(fields, value.get_object()));
    return request;
}

json::object to_json(const ChatRequest& request) {
    json::object object{{"model", request.model}};
    auto& messages = object["messages"].emplace_array();
    messages.reserve(request.messages.size());
    for (const auto& message : request.messages) messages.push_back(to_json(message));
    if (!request.tools.empty()) {
        auto& tools = object["tools"].emplace_array();
        for (const auto& tool : request.tools) tools.push_back(to_json(tool));
    }
    write_options(object, request.options);
    return object;
}

}  // namespace baton
