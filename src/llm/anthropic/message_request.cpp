#include "llm/anthropic/message_request.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "llm/content_parts.h"
#include "llm/provider_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

json::object text_block(std::string_view text) { return {{"type", "text"}, {"text", text}}; }

json::object source_of(const ContentPart& part) {
    if (part.data.empty()) return {{"type", "url"}, {"url", part.url}};
    return {{"type", "base64"}, {"media_type", part.media_type}, {"data", part.data}};
}

/// `index`: of the message, for errors.
Result<json::array> blocks_of(const ChatMessage& message, std::size_t index) {
    json::array blocks;
    const auto parts = content_parts(message);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        switch (parts[i].kind) {
            case ContentPart::Kind::text: blocks.push_back(text_block(parts[i].text)); break;
            case ContentPart::Kind::image:
                blocks.push_back(json::object{{"type", "image"}, {"source", source_of(parts[i])}});
                break;
            case ContentPart::Kind::file:
                blocks.push_back(
                    json::object{{"type", "document"}, {"source", source_of(parts[i])}});
                break;
            case ContentPart::Kind::other:
                return fail_field(Errc::unsupported, part_path(index, i),
                    fmt::format("Anthropic takes no `{}`", parts[i].type));
        }
    }
    return blocks;
}

Result<json::array> assistant_blocks(const ChatMessage& message, std::size_t index) {
    BATON_TRY(json::array blocks, blocks_of(message, index));
    if (!message.refusal.empty()) blocks.push_back(text_block(message.refusal));
    for (const auto& call : message.tool_calls) {
        blocks.push_back(json::object{{"type", "tool_use"}, {"id", call.id}, {"name", call.name},
            {"input", arguments_object(call.arguments)}});
    }
    return blocks;
}

Result<json::array> tool_blocks(const ChatMessage& message, std::size_t index) {
    BATON_TRY(json::array content, blocks_of(message, index));
    json::object block{{"type", "tool_result"}, {"tool_use_id", message.tool_call_id}};
    if (!content.empty()) block["content"] = std::move(content);
    return json::array{std::move(block)};
}

/// Puts `blocks` into the last turn, when it is the same side's.
void add_turn(json::array& turns, std::string_view role, json::array blocks) {
    if (blocks.empty()) return;
    if (turns.empty() || text_of(turns.back(), "role") != role) {
        turns.push_back(json::object{{"role", role}, {"content", std::move(blocks)}});
        return;
    }
    auto& content = turns.back().get_object()["content"].get_array();
    const auto is_result = [](const json::value& b) { return text_of(b, "type") == "tool_result"; };
    auto at = content.end();
    if (is_result(blocks.front())) at = std::ranges::find_if_not(content, is_result);
    content.insert(at, blocks.begin(), blocks.end());
}

/// The turns; what systems and developers say goes to `system`.
Result<json::array> turns_of(const ChatRequest& request, std::string& system) {
    json::array turns;
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        const auto& message = request.messages[i];
        switch (message.role) {
            case Role::system:
            case Role::developer:
                if (!system.empty() && !message.content.empty()) system += "\n\n";
                system += message.content;
                break;
            case Role::user: {
                BATON_TRY(json::array blocks, blocks_of(message, i));
                add_turn(turns, "user", std::move(blocks));
                break;
            }
            case Role::assistant: {
                BATON_TRY(json::array blocks, assistant_blocks(message, i));
                add_turn(turns, "assistant", std::move(blocks));
                break;
            }
            case Role::tool: {
                BATON_TRY(json::array blocks, tool_blocks(message, i));
                add_turn(turns, "user", std::move(blocks));
                break;
            }
        }
    }
    return turns;
}

json::object tool_of(const ToolSpec& tool) {
    json::object object{{"name", tool.name}};
    if (!tool.description.empty()) object["description"] = tool.description;
    json::value schema = value_of_text(tool.parameters);
    if (schema.is_object()) {
        schema.get_object().emplace("type", "object");
        object["input_schema"] = std::move(schema);
    } else {
        object["input_schema"] = json::object{{"type", "object"}, {"properties", json::object{}}};
    }
    return object;
}

/// The choice as Anthropic names it; "auto" when nothing was said.
Result<json::object> choice_of(const ChatOptions& options) {
    const json::value choice =
        options.tool_choice.empty() ? json::value("auto") : value_of_text(options.tool_choice);
    json::object object;
    if (choice == "auto" || choice == "none") {
        object["type"] = choice;
    } else if (choice == "required") {
        object["type"] = "any";
    } else if (const auto* function = member(choice, "function")) {
        object["type"] = "tool";
        object["name"] = text_of(*function, "name");
    } else {
        return fail_field(Errc::unsupported, "tool_choice",
            "Anthropic knows auto, none, required and one function");
    }
    if (options.parallel_tool_calls == false && choice != "none") {
        object["disable_parallel_tool_use"] = true;
    }
    return object;
}

/// The schema of the JSON that is asked for; null when text will do.
json::value schema_of(const ChatOptions& options) {
    if (options.response_format.empty()) return {};
    const json::value format = value_of_text(options.response_format);
    const auto type = text_of(format, "type");
    const auto* wrapped = member(format, "json_schema");
    const auto* schema = wrapped == nullptr ? nullptr : member(*wrapped, "schema");
    if (type == "json_schema" && schema != nullptr && schema->is_object()) return *schema;
    if (type == "json_schema" || type == "json_object") return json::object{{"type", "object"}};
    return {};
}

void ask_for_json(json::object& body, std::string& system, const json::value& schema) {
    if (body.contains("tools")) {
        if (!system.empty()) system += "\n\n";
        system += "When you answer with text, answer with nothing but JSON of this schema: ";
        system += json_text(schema);
        return;
    }
    body["tools"] = json::array{json::object{{"name", json_tool},
        {"description", "Takes the answer, as JSON."}, {"input_schema", schema}}};
    body["tool_choice"] = json::object{{"type", "tool"}, {"name", json_tool}};
}

}  // namespace

Result<MessageBody> encode_message_request(const ChatRequest& request, std::uint64_t max_tokens) {
    const auto& options = request.options;
    json::object body{{"model", request.model},
        {"max_tokens", options.max_output_tokens.value_or(max_tokens)}, {"stream", true}};
    std::string system;
    BATON_TRY(body["messages"], turns_of(request, system));
    if (!request.tools.empty()) {
        auto& tools = body["tools"].emplace_array();
        for (const auto& tool : request.tools) tools.push_back(tool_of(tool));
        BATON_TRY(body["tool_choice"], choice_of(options));
    }
    const json::value schema = schema_of(options);
    const bool by_tool = !schema.is_null() && request.tools.empty();
    if (!schema.is_null()) ask_for_json(body, system, schema);
    if (!system.empty()) body["system"] = system;
    if (options.temperature) body["temperature"] = std::min(*options.temperature, 1.0);
    if (options.top_p) body["top_p"] = *options.top_p;
    if (!options.stop.empty()) {
        body["stop_sequences"] = json::array(options.stop.begin(), options.stop.end());
    }
    return MessageBody{.json = json_text(body), .answers_by_tool = by_tool};
}

}  // namespace baton::llm
