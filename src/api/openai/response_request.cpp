#include "api/openai/response_request.h"

#include <array>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/core.h>

#include "model/chat_json.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

constexpr auto code = Errc::invalid_argument;

/// A part of a message's content in the words of chat completions; null: it has none.
Result<json::value> part_of(const json::value& value) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    BATON_TRY(const std::string_view type, fields.text("type"));
    if (type == "input_text" || type == "output_text" || type == "text") {
        BATON_TRY(const std::string_view text, fields.text("text"));
        return json::object{{"type", "text"}, {"text", text}};
    }
    if (type == "refusal") {
        BATON_TRY(const std::string_view refusal, fields.text("refusal"));
        return json::object{{"type", "refusal"}, {"refusal", refusal}};
    }
    if (type == "input_image") {
        BATON_TRY(const std::string_view url, fields.text("image_url"));
        if (url.empty()) return fields.fail_at("image_url", "is missing; files are not kept here");
        json::object image{{"url", url}};
        BATON_TRY(const std::string_view detail, fields.text("detail"));
        if (!detail.empty()) image["detail"] = detail;
        return json::object{{"type", "image_url"}, {"image_url", std::move(image)}};
    }
    return fields.fail_at("type", fmt::format("`{}` is not known", type));
}

Result<json::value> content_of(const Fields& fields) {
    const auto* content = fields.find("content");
    if (content == nullptr) return fields.fail_at("content", "is missing");
    if (content->is_string()) return *content;
    if (!content->is_array()) {
        return fields.fail_at("content",
            fmt::format("must be text or an array of parts, not {}", kind_name(*content)));
    }
    json::array parts;
    for (const auto& value : content->get_array()) {
        auto part = part_of(value);
        if (!part) return fail(inside(element("content", parts.size()), part.error()));
        parts.push_back(*std::move(part));
    }
    return parts;
}

json::object call_of(std::string_view id, std::string_view name, std::string_view arguments) {
    return {{"id", id}, {"type", "function"},
        {"function", json::object{{"name", name}, {"arguments", arguments}}}};
}

/// One item of the input as a message behind `messages`; calls of one turn are one message.
Result<void> add_item(const json::value& value, json::array& messages) {
    BATON_TRY(const Fields fields, Fields::of(value, {}, code));
    BATON_TRY(const std::string_view type, fields.text("type"));
    if (type.empty() || type == "message") {
        BATON_TRY(const std::string_view role, fields.text("role"));
        BATON_TRY(auto content, content_of(fields));
        messages.push_back(json::object{{"role", role}, {"content", std::move(content)}});
        return {};
    }
    if (type == "function_call") {
        BATON_TRY(const std::string_view id, fields.text("call_id"));
        BATON_TRY(const std::string_view name, fields.text("name"));
        BATON_TRY(const std::string_view arguments, fields.text("arguments"));
        auto* last = messages.empty() ? nullptr : messages.back().if_object();
        if (last == nullptr || !last->contains("tool_calls")) {
            messages.push_back(json::object{
                {"role", "assistant"}, {"content", nullptr}, {"tool_calls", json::array()}});
            last = &messages.back().get_object();
        }
        last->at("tool_calls").get_array().push_back(call_of(id, name, arguments));
        return {};
    }
    if (type == "function_call_output") {
        BATON_TRY(const std::string_view id, fields.text("call_id"));
        const auto* output = fields.find("output");
        if (output == nullptr) return fields.fail_at("output", "is missing");
        messages.push_back(json::object{{"role", "tool"}, {"tool_call_id", id},
            {"content",
                output->is_string() ? std::string(output->get_string()) : json_text(*output)}});
        return {};
    }
    if (type == "reasoning") return {};  // a model's own notes, which chats do not take back
    return fields.fail_at("type", fmt::format("items of type `{}` are not known", type));
}

Result<json::array> messages_of(const Fields& fields, const std::vector<ChatMessage>& before) {
    json::array messages;
    BATON_TRY(const std::string_view instructions, fields.text("instructions"));
    if (!instructions.empty()) {
        messages.push_back(json::object{{"role", "system"}, {"content", instructions}});
    }
    for (const auto& message : before) messages.push_back(to_json(message));
    const auto* input = fields.find("input");
    if (input == nullptr) return fields.fail_at("input", "is missing");
    if (input->is_string()) {
        messages.push_back(json::object{{"role", "user"}, {"content", *input}});
        return messages;
    }
    if (!input->is_array()) {
        return fields.fail_at(
            "input", fmt::format("must be text or an array of items, not {}", kind_name(*input)));
    }
    std::size_t index = 0;
    for (const auto& item : input->get_array()) {
        const auto added = add_item(item, messages);
        if (!added) return fail(inside(element("input", index), added.error()));
        ++index;
    }
    return messages;
}

/// Functions are flat here and nested in chat completions.
Result<json::array> tools_of(const Fields& fields) {
    json::array tools;
    BATON_TRY(const auto* array, fields.array("tools"));
    if (array == nullptr) return tools;
    for (const auto& value : *array) {
        const std::string place = element("tools", tools.size());
        const auto tool = Fields::of(value, {}, code);
        if (!tool) return fail(inside(place, tool.error()));
        const auto type = tool->text("type");
        if (!type || *type != "function") {
            return fail_field(Errc::unsupported, place, "only tools of type `function` are known");
        }
        json::object function;
        for (const std::string_view name : {"name", "description", "parameters", "strict"}) {
            if (const auto* member = tool->find(name)) function[name] = *member;
        }
        tools.push_back(json::object{{"type", "function"}, {"function", std::move(function)}});
    }
    return tools;
}

Result<void> take_text_format(const Fields& fields, json::object& chat) {
    BATON_TRY(const auto* text, fields.object("text"));
    const auto* format = text == nullptr ? nullptr : text->if_contains("format");
    if (format == nullptr || !format->is_object()) return {};
    const auto* type = format->get_object().if_contains("type");
    if (type == nullptr || !type->is_string() || type->get_string() == "text") return {};
    if (type->get_string() == "json_schema") {
        json::object schema = format->get_object();
        schema.erase("type");
        chat["response_format"] =
            json::object{{"type", "json_schema"}, {"json_schema", std::move(schema)}};
    } else {
        chat["response_format"] = *format;
    }
    return {};
}

Result<void> take_tool_choice(const Fields& fields, json::object& chat) {
    const auto* choice = fields.find("tool_choice");
    if (choice == nullptr) return {};
    const auto* object = choice->if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("name");
    if (name != nullptr) {
        chat["tool_choice"] =
            json::object{{"type", "function"}, {"function", json::object{{"name", *name}}}};
    } else {
        chat["tool_choice"] = *choice;
    }
    return {};
}

/// What a chat knows under the same name, or under another one.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> same_meaning{
    {{"model", "model"}, {"temperature", "temperature"}, {"top_p", "top_p"},
        {"max_output_tokens", "max_completion_tokens"},
        {"parallel_tool_calls", "parallel_tool_calls"}, {"user", "user"},
        {"service_tier", "service_tier"}, {"prompt_cache_key", "prompt_cache_key"},
        {"safety_identifier", "safety_identifier"}}};

json::object echo_of(const json::object& body) {
    json::object echo{{"background", false}, {"instructions", nullptr},
        {"max_output_tokens", nullptr}, {"metadata", json::object()}, {"parallel_tool_calls", true},
        {"previous_response_id", nullptr}, {"store", true}, {"temperature", nullptr},
        {"text", json::object{{"format", json::object{{"type", "text"}}}}}, {"tool_choice", "auto"},
        {"tools", json::array()}, {"top_p", nullptr}, {"truncation", "disabled"},
        {"user", nullptr}};
    for (auto& [name, value] : echo) {
        const auto* given = body.if_contains(name);
        if (given != nullptr && !given->is_null()) value = *given;
    }
    // These stand in an answer only when they were asked for.
    for (const std::string_view name : {"prompt_cache_key", "safety_identifier", "service_tier"}) {
        const auto* given = body.if_contains(name);
        if (given != nullptr && !given->is_null()) echo[name] = *given;
    }
    json::object reasoning{{"effort", nullptr}, {"summary", nullptr}};
    const auto* given = body.if_contains("reasoning");
    if (given != nullptr && given->is_object()) {
        for (const auto& [name, value] : given->get_object()) reasoning[name] = value;
    }
    echo["reasoning"] = std::move(reasoning);
    return echo;
}

}  // namespace

Result<ResponseRequest> response_request_from_json(
    const json::value& body, const std::vector<ChatMessage>& before) {
    BATON_TRY(const Fields fields, Fields::of(body, {}, code));
    for (const std::string_view name : {"conversation", "prompt"}) {
        if (fields.find(name) != nullptr) {
            return fail_field(Errc::unsupported, std::string(name),
                "is not kept here: send its items as `input`, or go on by `previous_response_id`");
        }
    }
    json::object chat;
    for (const auto& [theirs, ours] : same_meaning) {
        if (const auto* value = fields.find(theirs)) chat[ours] = *value;
    }
    BATON_TRY(chat["messages"], messages_of(fields, before));
    BATON_TRY(auto tools, tools_of(fields));
    if (!tools.empty()) chat["tools"] = std::move(tools);
    BATON_TRY_VOID(take_text_format(fields, chat));
    BATON_TRY_VOID(take_tool_choice(fields, chat));
    BATON_TRY(const auto* reasoning, fields.object("reasoning"));
    const auto* effort = reasoning == nullptr ? nullptr : reasoning->if_contains("effort");
    if (effort != nullptr && !effort->is_null()) chat["reasoning_effort"] = *effort;

    ResponseRequest request;
    auto read = chat_request_from_json(chat);
    if (!read) {
        Error error = std::move(read).error();
        if (error.field == "max_completion_tokens") error.field = "max_output_tokens";
        return fail(std::move(error));
    }
    request.chat = *std::move(read);
    BATON_TRY(request.stream, fields.boolean("stream", false));
    BATON_TRY(request.background, fields.boolean("background", false));
    BATON_TRY(request.store, fields.boolean("store", true));
    BATON_TRY(const auto* metadata, fields.object("metadata"));
    if (metadata != nullptr && !metadata->empty()) request.metadata = json_text(*metadata);
    request.echo = echo_of(body.get_object());
    return request;
}

std::vector<ChatMessage> without_instructions(
    std::vector<ChatMessage> context, const json::object& echo) {
    const auto* instructions = echo.if_contains("instructions");
    const bool has_own =
        instructions != nullptr && instructions->is_string() && !instructions->get_string().empty();
    if (has_own && !context.empty()) context.erase(context.begin());
    return context;
}

}  // namespace baton::api::openai
