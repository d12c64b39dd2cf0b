#include "llm/openai/chat_codec.h"

#include <cstdint>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "llm/openai/provider_error.h"
#include "llm/openai/surrogates.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

const json::value* find(const json::value& value, std::string_view name) {
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::string_view text_of(const json::value& value, std::string_view name) {
    const auto* member = find(value, name);
    return member != nullptr && member->is_string() ? std::string_view(member->get_string()) : "";
}

std::uint64_t count_of(const json::value& value, std::string_view name) {
    const auto* member = find(value, name);
    if (member == nullptr) return 0;
    boost::system::error_code error;
    const auto count = member->to_number<std::uint64_t>(error);
    return error ? 0 : count;
}

/// The text of a message or delta: a string, or parts of which the text ones count; a refusal is
/// text to the person who asked.
std::string content_of(const json::value& message) {
    const auto* content = find(message, "content");
    std::string text(text_of(message, "content"));
    if (content != nullptr && content->is_array()) {
        for (const auto& part : content->get_array()) text += text_of(part, "text");
    }
    if (!text.empty()) return text;
    return std::string(text_of(message, "refusal"));
}

/// The choice we asked for: there is one; a chunk with only the usage has none.
const json::value* first_choice(const json::value& body) {
    const auto* choices = find(body, "choices");
    if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return nullptr;
    const auto& choice = choices->get_array().front();
    return count_of(choice, "index") == 0 ? &choice : nullptr;
}

/// What every shape carries besides the text.
void take_facts(const json::value& body, ChatResult& result) {
    if (const auto model = text_of(body, "model"); !model.empty()) result.model = model;
    if (const auto* usage = find(body, "usage"); usage != nullptr && usage->is_object()) {
        result.usage.input_tokens = count_of(*usage, "prompt_tokens");
        result.usage.output_tokens = count_of(*usage, "completion_tokens");
    }
    if (const auto* choice = first_choice(body)) {
        if (const auto reason = text_of(*choice, "finish_reason"); !reason.empty()) {
            result.finish_reason = reason;
        }
    }
}

/// JSON as servers send it: also with characters cut in two between chunks.
json::value parse_lenient(std::string_view body, boost::system::error_code& error) {
    json::value value = json::parse(body, error);
    if (!error) return value;
    const std::string mended = unescape_lone_surrogates(body);
    if (mended == body) return value;
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    return json::parse(mended, error, {}, options);
}

/// Fails: provider_protocol on what is no JSON object, or the error the object is about.
Result<json::value> parse_body(std::string_view body, const Secret& key) {
    boost::system::error_code error;
    json::value value = parse_lenient(body, error);
    if (error || !value.is_object()) {
        return fail(
            Errc::provider_protocol, fmt::format("the provider sent what is no JSON object: {}",
                                         quote(body.substr(0, 80), key)));
    }
    const auto* failure = find(value, "error");
    const bool failed = failure != nullptr && !failure->is_null() && !failure->is_bool();
    if (failed) return fail(error_from_stream(*failure, key));
    return value;
}

}  // namespace

std::string encode_chat_request(const ChatRequest& request) {
    json::array messages;
    messages.reserve(request.messages.size());
    for (const auto& message : request.messages) {
        messages.push_back(json::object{
            {"role", to_string(message.role)}, {"content", std::string_view(message.content)}});
    }
    return json::serialize(
        json::object{{"model", std::string_view(request.model)}, {"messages", std::move(messages)},
            {"stream", true}, {"stream_options", json::object{{"include_usage", true}}}});
}

Result<ChatResult> decode_chat_completion(std::string_view body, const Secret& key) {
    BATON_TRY(const json::value value, parse_body(body, key));
    const auto* choice = first_choice(value);
    const auto* message = choice == nullptr ? nullptr : find(*choice, "message");
    if (message == nullptr) return fail(Errc::provider_protocol, "the answer has no message");
    ChatResult result;
    take_facts(value, result);
    SurrogateJoiner joiner;
    result.content = joiner.join(content_of(*message));
    result.content += joiner.finish();
    if (!is_utf8(result.content)) return fail(Errc::provider_protocol, "the answer is not UTF-8");
    if (result.finish_reason.empty()) result.finish_reason = "stop";
    return result;
}

Result<std::string> ChunkReader::take(std::string_view data) {
    if (done_ || data.empty()) return std::string();
    if (data == "[DONE]") {
        done_ = true;
        return std::string();
    }
    BATON_TRY(const json::value chunk, parse_body(data, key_));
    take_facts(chunk, result_);
    const auto* choice = first_choice(chunk);
    const auto* delta = choice == nullptr ? nullptr : find(*choice, "delta");
    std::string piece = delta == nullptr ? std::string() : joiner_.join(content_of(*delta));
    if (!result_.finish_reason.empty()) piece += joiner_.finish();
    if (!is_utf8(piece)) return fail(Errc::provider_protocol, "the answer is not UTF-8");
    if (result_.content.size() + piece.size() > answer_max) {
        return fail(
            Errc::provider_protocol, fmt::format("the answer is over {} bytes", answer_max));
    }
    result_.content += piece;
    return piece;
}

Result<ChatResult> ChunkReader::finish() {
    if (!complete()) {
        return fail(Errc::provider_unavailable, "the provider's answer was cut off before its end");
    }
    if (result_.finish_reason.empty()) result_.finish_reason = "stop";
    result_.content += joiner_.finish();
    return std::move(result_);
}

}  // namespace baton::llm
