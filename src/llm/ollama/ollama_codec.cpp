#include "llm/ollama/ollama_codec.h"

#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "llm/content_parts.h"
#include "llm/provider_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

std::string_view role_of(Role role) noexcept {
    return to_string(role == Role::developer ? Role::system : role);
}

/// Text and images of a message; `index` is for errors.
Result<void> write_content(const ChatMessage& message, std::size_t index, json::object& object) {
    std::string text;
    json::array images;
    const auto parts = content_parts(message);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].kind == ContentPart::Kind::text) {
            text += parts[i].text;
        } else if (parts[i].kind == ContentPart::Kind::image && !parts[i].data.empty()) {
            images.push_back(json::value(parts[i].data));
        } else {
            return fail_field(Errc::unsupported, part_path(index, i),
                "Ollama takes text and images in data URLs");
        }
    }
    object["content"] = text.empty() ? message.refusal : text;
    if (!images.empty()) object["images"] = std::move(images);
    return {};
}

/// Names of the functions by the ids of their calls.
using CallNames = std::map<std::string_view, std::string_view>;

Result<json::object> message_of(
    const ChatMessage& message, std::size_t index, const CallNames& names) {
    json::object object{{"role", role_of(message.role)}};
    BATON_TRY_VOID(write_content(message, index, object));
    if (!message.tool_calls.empty()) {
        auto& calls = object["tool_calls"].emplace_array();
        for (const auto& call : message.tool_calls) {
            calls.push_back(json::object{{"id", call.id},
                {"function", json::object{{"name", call.name},
                                 {"arguments", arguments_object(call.arguments)}}}});
        }
    }
    if (message.role == Role::tool) {
        object["tool_call_id"] = message.tool_call_id;
        const auto name = names.find(message.tool_call_id);
        if (name != names.end()) object["tool_name"] = name->second;
    }
    return object;
}

json::object tool_of(const ToolSpec& tool) {
    json::object function{{"name", tool.name}, {"description", tool.description}};
    json::value schema = value_of_text(tool.parameters);
    if (!schema.is_object()) schema = {{"type", "object"}, {"properties", json::object{}}};
    function["parameters"] = std::move(schema);
    return {{"type", "function"}, {"function", std::move(function)}};
}

Result<void> write_tools(const ChatRequest& request, json::object& body) {
    const json::value choice = request.options.tool_choice.empty()
                                   ? json::value("auto")
                                   : value_of_text(request.options.tool_choice);
    if (request.tools.empty() || choice == "none") return {};
    if (choice != "auto") {
        return fail_field(Errc::unsupported, "tool_choice", "Ollama cannot be made to call a tool");
    }
    auto& tools = body["tools"].emplace_array();
    for (const auto& tool : request.tools) tools.push_back(tool_of(tool));
    return {};
}

/// `format`: "json" or a schema; null for text.
json::value format_of(const ChatOptions& options) {
    if (options.response_format.empty()) return {};
    const json::value format = value_of_text(options.response_format);
    const auto type = text_of(format, "type");
    const auto* wrapped = member(format, "json_schema");
    const auto* schema = wrapped == nullptr ? nullptr : member(*wrapped, "schema");
    if (type == "json_schema" && schema != nullptr && schema->is_object()) return *schema;
    if (type == "json_schema" || type == "json_object") return json::value("json");
    return {};
}

json::object options_of(const ChatOptions& chat, const OllamaOptions& ollama) {
    json::object object;
    if (chat.temperature) object["temperature"] = *chat.temperature;
    if (chat.top_p) object["top_p"] = *chat.top_p;
    if (chat.seed) object["seed"] = *chat.seed;
    if (!chat.stop.empty()) object["stop"] = json::array(chat.stop.begin(), chat.stop.end());
    if (chat.max_output_tokens) object["num_predict"] = *chat.max_output_tokens;
    if (ollama.context_tokens != 0) object["num_ctx"] = ollama.context_tokens;
    return object;
}

auto no_embedding() {
    return fail(Errc::provider_protocol, "the embeddings are not one vector for each text");
}

}  // namespace

Result<std::string> encode_ollama_chat(const ChatRequest& request, const OllamaOptions& options) {
    json::object body{{"model", request.model}, {"stream", true}};
    CallNames names;
    auto& messages = body["messages"].emplace_array();
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        const auto& message = request.messages[i];
        for (const auto& call : message.tool_calls) names[call.id] = call.name;
        BATON_TRY(json::object object, message_of(message, i, names));
        messages.push_back(std::move(object));
    }
    BATON_TRY_VOID(write_tools(request, body));
    json::value format = format_of(request.options);
    if (!format.is_null()) body["format"] = std::move(format);
    json::object parameters = options_of(request.options, options);
    if (!parameters.empty()) body["options"] = std::move(parameters);
    if (!options.keep_alive.empty()) body["keep_alive"] = options.keep_alive;
    return json_text(body);
}

Result<Piece> OllamaReader::read_event(const SseEvent& line) {
    BATON_TRY(const json::value value, parse_answer(line.data, key_));
    Piece piece{.model = std::string(text_of(value, "model"))};
    if (const auto* message = member(value, "message")) {
        piece.delta.text = text_of(*message, "content");
        piece.delta.reasoning = text_of(*message, "thinking");
        const auto* calls = member(*message, "tool_calls");
        const json::array none;
        for (const auto& call : calls != nullptr && calls->is_array() ? calls->get_array() : none) {
            const auto* function = member(call, "function");
            if (function == nullptr) continue;
            const auto* arguments = member(*function, "arguments");
            const bool whole = arguments != nullptr && arguments->is_object();
            piece.delta.tool_calls.push_back({.index = calls_++,
                .id = std::string(text_of(call, "id")),
                .name = std::string(text_of(*function, "name")),
                .arguments = whole ? json_text(*arguments) : std::string("{}")});
        }
    }
    const auto* done = member(value, "done");
    if (done == nullptr || !done->is_bool() || !done->get_bool()) return piece;
    piece.last = true;
    piece.finish_reason = text_of(value, "done_reason") == "length" ? "length" : "stop";
    piece.usage = TokenUsage{.input_tokens = count_of(value, "prompt_eval_count"),
        .output_tokens = count_of(value, "eval_count")};
    return piece;
}

Result<Piece> OllamaReader::read_whole(std::string_view body) {
    return read_event({.type = {}, .data = std::string(body)});
}

std::string encode_ollama_embed(const EmbeddingRequest& request) {
    json::object body{{"model", request.model},
        {"input", json::array(request.input.begin(), request.input.end())}};
    if (request.dimensions) body["dimensions"] = *request.dimensions;
    return json_text(body);
}

Result<EmbeddingResult> decode_ollama_embed(const json::value& body, std::size_t count) {
    const auto* vectors = member(body, "embeddings");
    if (vectors == nullptr || !vectors->is_array() || vectors->get_array().size() != count) {
        return no_embedding();
    }
    EmbeddingResult result{.model = std::string(text_of(body, "model")),
        .input_tokens = count_of(body, "prompt_eval_count")};
    for (const auto& value : vectors->get_array()) {
        if (!value.is_array() || value.get_array().empty()) return no_embedding();
        auto& vector = result.vectors.emplace_back();
        for (const auto& number : value.get_array()) {
            boost::system::error_code error;
            vector.push_back(static_cast<float>(number.to_number<double>(error)));
            if (error) return no_embedding();
        }
        if (vector.size() != result.vectors.front().size()) return no_embedding();
    }
    return result;
}

Result<std::vector<std::string>> decode_ollama_tags(const json::value& body) {
    const auto* list = member(body, "models");
    if (list == nullptr || !list->is_array()) {
        return fail(Errc::provider_protocol, "the list of models has no `models`");
    }
    std::vector<std::string> models;
    for (const auto& model : list->get_array()) models.emplace_back(text_of(model, "name"));
    return models;
}

}  // namespace baton::llm
