#include "llm/openai/chat_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "llm/provider_error.h"
#include "llm/provider_json.h"
#include "model/chat_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

/// The texts of parts: of those of `type`, or of all when it is empty.
std::string texts_of(const json::value* parts, std::string_view type = {}) {
    std::string text;
    if (parts == nullptr || !parts->is_array()) return text;
    for (const auto& part : parts->get_array()) {
        if (type.empty() || text_of(part, "type") == type) text += text_of(part, "text");
    }
    return text;
}

/// Thoughts, by whichever of the usual names.
std::string reasoning_of(const json::value& message) {
    for (const auto* name : {"reasoning_content", "reasoning"}) {
        const auto text = text_of(message, name);
        if (!text.empty()) return std::string(text);
    }
    // Mistral: parts of the content, with parts of their own.
    std::string text;
    const auto* content = member(message, "content");
    if (content == nullptr || !content->is_array()) return text;
    for (const auto& part : content->get_array()) text += texts_of(member(part, "thinking"));
    return text;
}

ToolCallDelta call_of(const json::value& call, std::size_t place) {
    // Servers that leave the index out tell calls apart by their ids.
    const bool numbered = member(call, "index") != nullptr;
    ToolCallDelta delta{.index = numbered ? count_of(call, "index") : place,
        .id = std::string(text_of(call, "id"))};
    if (const auto* function = member(call, "function")) {
        delta.name = text_of(*function, "name");
        const auto* arguments = member(*function, "arguments");
        // The text of an object, as some servers send the object itself.
        if (arguments != nullptr && arguments->is_object()) {
            delta.arguments = json_text(*arguments);
        } else {
            delta.arguments = text_of(*function, "arguments");
        }
    }
    return delta;
}

ChatDelta delta_of(const json::value& message) {
    const auto* content = member(message, "content");
    ChatDelta delta{.text = std::string(text_of(message, "content")) + texts_of(content, "text"),
        .refusal = std::string(text_of(message, "refusal")),
        .reasoning = reasoning_of(message)};
    const auto* calls = member(message, "tool_calls");
    if (calls == nullptr || !calls->is_array()) return delta;
    for (std::size_t i = 0; i < calls->get_array().size(); ++i) {
        const auto& call = calls->get_array()[i];
        if (call.is_object()) delta.tool_calls.push_back(call_of(call, i));
    }
    return delta;
}

/// Fails: provider_unavailable when it says that the server gave up.
Result<std::string> finish_reason_of(std::string_view reason) {
    constexpr std::array<std::string_view, 3> length{"length", "max_tokens", "model_length"};
    constexpr std::array<std::string_view, 2> filter{"content_filter", "safety"};
    constexpr std::array<std::string_view, 3> calls{"tool_calls", "function_call", "tool_use"};
    constexpr std::array<std::string_view, 3> broken{
        "error", "abort", "insufficient_system_resource"};
    const auto among = [&](const auto& names) { return std::ranges::find(names, reason); };
    if (reason.empty()) return std::string();
    if (among(length) != length.end()) return std::string("length");
    if (among(filter) != filter.end()) return std::string("content_filter");
    if (among(calls) != calls.end()) return std::string("tool_calls");
    if (among(broken) != broken.end()) {
        return fail(Errc::provider_unavailable,
            "the provider broke off its answer: " + std::string(reason));
    }
    return std::string("stop");
}

/// The choice we asked for: there is one; a chunk with only the usage has none.
const json::value* first_choice(const json::value& body) {
    const auto* choices = member(body, "choices");
    if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return nullptr;
    const auto& choice = choices->get_array().front();
    return count_of(choice, "index") == 0 ? &choice : nullptr;
}

/// What chunks and whole answers have in common; the message stands at `name` of the choice.
Result<Piece> piece_of(const json::value& body, std::string_view name) {
    Piece piece{.model = std::string(text_of(body, "model"))};
    const auto* usage = member(body, "usage");
    if (usage != nullptr && usage->is_object()) piece.usage = token_usage_from_json(*usage);
    const auto* choice = first_choice(body);
    if (choice == nullptr) return piece;
    BATON_TRY(piece.finish_reason, finish_reason_of(text_of(*choice, "finish_reason")));
    if (const auto* message = member(*choice, name)) piece.delta = delta_of(*message);
    const auto* logprobs = member(*choice, "logprobs");
    if (logprobs != nullptr && logprobs->is_object()) {
        piece.delta.logprobs = json_text(*logprobs);
    }
    return piece;
}

}  // namespace

std::string encode_chat_request(ChatRequest request, OpenAiDialect dialect) {
    const bool compatible = dialect == OpenAiDialect::compatible;
    for (auto& message : request.messages) {
        if (compatible && message.role == Role::developer) message.role = Role::system;
    }
    json::object body = to_json(request);
    if (compatible && request.options.max_output_tokens) {
        body.erase("max_completion_tokens");
        body["max_tokens"] = *request.options.max_output_tokens;
    }
    body["stream"] = true;
    body["stream_options"] = json::object{{"include_usage", true}};
    return json_text(body);
}

Result<Piece> ChatCompletionReader::read_event(const SseEvent& event) {
    if (event.data.empty()) return Piece{};
    if (event.data == "[DONE]") return Piece{.last = true};
    BATON_TRY(const json::value chunk, parse_answer(event.data, key_));
    if (event.type == "error") return fail(error_from_stream(chunk, key_));
    return piece_of(chunk, "delta");
}

Result<Piece> ChatCompletionReader::read_whole(std::string_view body) {
    BATON_TRY(const json::value value, parse_answer(body, key_));
    const auto* choice = first_choice(value);
    if (choice == nullptr || member(*choice, "message") == nullptr) {
        return fail(Errc::provider_protocol, "the answer has no message");
    }
    BATON_TRY(Piece piece, piece_of(value, "message"));
    piece.last = true;
    return piece;
}

}  // namespace baton::llm
