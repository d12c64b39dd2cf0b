#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "llm/content_parts.h"
#include "llm/openai/responses_codec.h"
#include "llm/provider_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

std::string url_of(const ContentPart& part) {
    if (part.data.empty()) return part.url;
    return fmt::format("data:{};base64,{}", part.media_type, part.data);
}

/// `index`: of the message, for errors.
Result<json::array> content_of(const ChatMessage& message, std::size_t index) {
    const bool spoken = message.role == Role::assistant;
    json::array content;
    const auto parts = content_parts(message);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        switch (parts[i].kind) {
            case ContentPart::Kind::text:
                content.push_back(json::object{
                    {"type", spoken ? "output_text" : "input_text"}, {"text", parts[i].text}});
                break;
            case ContentPart::Kind::image:
                content.push_back(
                    json::object{{"type", "input_image"}, {"image_url", url_of(parts[i])}});
                break;
            case ContentPart::Kind::file:
                content.push_back(
                    json::object{{"type", "input_file"}, {"file_data", url_of(parts[i])}});
                break;
            case ContentPart::Kind::other:
                return fail_field(Errc::unsupported, part_path(index, i),
                    fmt::format("the Responses API is not given `{}`", parts[i].type));
        }
    }
    if (!message.refusal.empty()) {
        content.push_back(json::object{{"type", "refusal"}, {"refusal", message.refusal}});
    }
    return content;
}

Result<json::array> items_of(const ChatRequest& request) {
    json::array items;
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        const auto& message = request.messages[i];
        if (message.role == Role::tool) {
            items.push_back(json::object{{"type", "function_call_output"},
                {"call_id", message.tool_call_id}, {"output", message.content}});
            continue;
        }
        BATON_TRY(json::array content, content_of(message, i));
        if (!content.empty()) {
            items.push_back(
                json::object{{"role", to_string(message.role)}, {"content", std::move(content)}});
        }
        for (const auto& call : message.tool_calls) {
            items.push_back(json::object{{"type", "function_call"}, {"call_id", call.id},
                {"name", call.name}, {"arguments", call.arguments}});
        }
    }
    return items;
}

json::object tool_of(const ToolSpec& tool) {
    json::object object{{"type", "function"}, {"name", tool.name}, {"strict", tool.strict}};
    if (!tool.description.empty()) object["description"] = tool.description;
    json::value schema = value_of_text(tool.parameters);
    if (!schema.is_object()) schema = {{"type", "object"}, {"properties", json::object{}}};
    object["parameters"] = std::move(schema);
    return object;
}

/// One function is named beside its type here, not inside an object of its own.
json::value choice_of(std::string_view text) {
    json::value choice = value_of_text(text);
    const auto* function = member(choice, "function");
    if (function == nullptr) return choice;
    return json::object{{"type", "function"}, {"name", text_of(*function, "name")}};
}

/// `json_schema` stands flat here: {"type","name","schema","strict"}.
json::value format_of(std::string_view text) {
    json::value format = value_of_text(text);
    const auto* wrapped = member(format, "json_schema");
    if (wrapped == nullptr || !wrapped->is_object()) return format;
    json::object flat = wrapped->get_object();
    flat["type"] = "json_schema";
    return flat;
}

/// Parameters of chat completions that the Responses API has under the same name.
constexpr std::array<std::string_view, 10> same_names{"metadata", "user", "service_tier", "store",
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "top_logprobs", "truncation",
    "max_tool_calls"};

/// Whether a parameter asks for nothing, so that it may be left out: false, 0, empty, only text.
bool asks_for_nothing(std::string_view name, const json::value& value) {
    if (name == "modalities") return value == json::value(json::array{"text"});
    switch (value.kind()) {
        case json::kind::null: return true;
        case json::kind::bool_: return !value.get_bool();
        case json::kind::int64: return value.get_int64() == 0;
        case json::kind::double_: return value.get_double() == 0;
        case json::kind::array: return value.get_array().empty();
        case json::kind::object: return value.get_object().empty();
        default: return false;
    }
}

/// A member of an object that may not be there yet.
json::object& object_at(json::object& body, std::string_view name) {
    auto& value = body[name];
    return value.is_object() ? value.get_object() : value.emplace_object();
}

/// What OpenAI's own parameters become here. Nothing is left out that asks for something.
Result<void> write_extra(const std::string& text, json::object& body) {
    if (text.empty()) return {};
    const json::value extra = value_of_text(text);
    if (!extra.is_object()) return {};
    for (const auto& member : extra.get_object()) {
        const std::string_view name = member.key();
        const json::value& value = member.value();
        if (std::ranges::find(same_names, name) != same_names.end()) {
            body[name] = value;
        } else if (name == "reasoning_effort") {
            object_at(body, "reasoning")["effort"] = value;
        } else if (name == "verbosity") {
            object_at(body, "text")["verbosity"] = value;
        } else if (!asks_for_nothing(name, value)) {
            return fail_field(
                Errc::unsupported, std::string(name), "the Responses API has no such parameter");
        }
    }
    return {};
}

}  // namespace

Result<std::string> encode_responses_request(const ChatRequest& request) {
    const auto& options = request.options;
    if (!options.stop.empty()) {
        return fail_field(Errc::unsupported, "stop", "the Responses API stops at no words");
    }
    if (options.seed) {
        return fail_field(Errc::unsupported, "seed", "the Responses API takes no seed");
    }
    json::object body{{"model", request.model}, {"stream", true}, {"store", false}};
    BATON_TRY(body["input"], items_of(request));
    if (!request.tools.empty()) {
        auto& tools = body["tools"].emplace_array();
        for (const auto& tool : request.tools) tools.push_back(tool_of(tool));
        if (!options.tool_choice.empty()) body["tool_choice"] = choice_of(options.tool_choice);
        if (options.parallel_tool_calls) {
            body["parallel_tool_calls"] = *options.parallel_tool_calls;
        }
    }
    if (options.temperature) body["temperature"] = *options.temperature;
    if (options.top_p) body["top_p"] = *options.top_p;
    if (options.max_output_tokens) body["max_output_tokens"] = *options.max_output_tokens;
    if (!options.response_format.empty()) {
        body["text"] = json::object{{"format", format_of(options.response_format)}};
    }
    BATON_TRY_VOID(write_extra(options.extra, body));
    return json_text(body);
}

}  // namespace baton::llm
