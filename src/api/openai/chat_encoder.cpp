#include "api/openai/chat_encoder.h"

#include <chrono>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/openai/errors.h"
#include "model/chat_json.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

json::object head_of(const ChatHead& head, std::string_view kind) {
    return {{"id", head.id}, {"object", kind}, {"created", unix_seconds(head.created)},
        {"model", head.model}};
}

json::value logprobs_of(const std::string& text) {
    if (text.empty()) return nullptr;
    auto value = parse_json(text);
    return value ? *std::move(value) : json::value(nullptr);
}

json::object choice(json::object delta, json::value logprobs, json::value finish_reason) {
    return {{"index", 0}, {"delta", std::move(delta)}, {"logprobs", std::move(logprobs)},
        {"finish_reason", std::move(finish_reason)}};
}

std::string event(const json::object& object) { return "data: " + json_text(object) + "\n\n"; }

}  // namespace

std::int64_t unix_seconds(TimePoint time) noexcept {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string chat_completion(const ChatHead& head, const ChatResult& result) {
    json::object body = head_of(head, "chat.completion");
    json::object message = to_json(ChatMessage{
        .role = Role::assistant, .content = result.content, .tool_calls = result.tool_calls});
    message["refusal"] = nullptr;
    if (!result.refusal.empty()) {
        message["refusal"] = result.refusal;
        if (result.content.empty()) message["content"] = nullptr;
    }
    if (!result.reasoning.empty()) message["reasoning_content"] = result.reasoning;
    body["choices"] = json::array{json::object{{"index", 0}, {"message", std::move(message)},
        {"logprobs", logprobs_of(result.logprobs)}, {"finish_reason", result.finish_reason}}};
    body["usage"] = to_json(result.usage);
    return json_text(body);
}

std::string ChunkEncoder::take(const ChatDelta& delta, std::string_view place) {
    json::object said = to_json(delta);
    said.erase("logprobs");  // stands in the choice
    if (!std::exchange(role_said_, true)) {
        said["role"] = "assistant";
        if (!said.contains("content")) said["content"] = "";
    }
    json::object body = head_of(head_, "chat.completion.chunk");
    body["choices"] =
        json::array{choice(std::move(said), logprobs_of(delta.logprobs), json::value(nullptr))};
    if (include_usage_) body["usage"] = nullptr;
    std::string text;
    if (!place.empty()) text = "id: " + std::string(place) + "\n";
    return text + event(body);
}

std::string ChunkEncoder::end(const ChatResult& result) {
    std::string text;
    // An answer without a piece has its role said all the same.
    if (!role_said_) text = take({}, {});
    json::object last = head_of(head_, "chat.completion.chunk");
    last["choices"] = json::array{choice({}, nullptr, json::value(result.finish_reason))};
    if (include_usage_) last["usage"] = nullptr;
    text += event(last);
    if (include_usage_) {
        json::object usage = head_of(head_, "chat.completion.chunk");
        usage["choices"] = json::array();
        usage["usage"] = to_json(result.usage);
        text += event(usage);
    }
    return text + "data: [DONE]\n\n";
}

std::string ChunkEncoder::fail(const Error& error) { return error_event(error); }

}  // namespace baton::api::openai
