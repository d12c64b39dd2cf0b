#include "client/dialog_client.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "client/decode.h"
#include "model/codec.h"
#include "model/json_text.h"
#include "net/http.h"
#include "runtime/event.h"

namespace baton::client {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// One question waits this long at the daemon: long enough to be cheap, short enough to show
/// progress.
constexpr milliseconds look_wait{5'000};
/// The pause after a daemon could not be asked.
constexpr milliseconds away_pause{500};

bool is_final(DialogStatus status) {
    return status != DialogStatus::pending && status != DialogStatus::processing;
}

bool is_away(const Error& error) {
    return error.code == Errc::connection_failed || error.code == Errc::shutting_down ||
           error.code == Errc::unavailable || error.code == Errc::database_unavailable ||
           error.code == Errc::queue_unavailable || error.code == Errc::overloaded;
}

Result<DialogMessage> message_in(const json::value& answer) {
    BATON_TRY(const auto* data, data_of(answer));
    return dialog_message_from_json(*data);
}

/// The list `name` in the envelope's data, each object through `decode`.
template <class T>
Result<std::vector<T>> list_in(
    const json::value& answer, std::string_view name, Result<T> (*decode)(const json::object&)) {
    BATON_TRY(const auto* data, data_of(answer));
    const auto* list = FieldReader(*data).array(name);
    if (list == nullptr) return fail(Errc::protocol_error, fmt::format("no list `{}`", name));
    std::vector<T> items;
    for (const auto& value : *list) {
        BATON_TRY(const auto* object, as_object(value));
        BATON_TRY(auto item, decode(*object));
        items.push_back(std::move(item));
    }
    return items;
}

/// Fails: malformed_json, invalid_utf8 (metadata).
Result<std::string> body_of(const OutgoingMessage& message) {
    json::object body;
    body["content"] = message.content;
    body["priority"] = to_string(message.priority);
    const auto set = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) body[name] = text;
    };
    set("conversation_id", message.conversation_id.text);
    set("user_id", message.user_id.text);
    set("agent_id", message.agent_id.text);
    if (!message.metadata.empty()) {
        BATON_TRY(auto metadata, parse_json(message.metadata));
        body["metadata"] = std::move(metadata);
    }
    return json_text(body);
}

}  // namespace

Task<Result<DialogMessage>> DialogClient::send(OutgoingMessage message) {
    BATON_CO_TRY(auto body, body_of(message));
    Call call{.method = net::Method::post, .path = "/api/v1/messages", .body = std::move(body)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return message_in(answer);
}

Task<Result<DialogMessage>> DialogClient::look(MessageId id, milliseconds wait) {
    auto path = "/api/v1/messages/" + id.text();
    if (wait.count() > 0) path += fmt::format("?wait_ms={}", wait.count());
    Call call{.path = std::move(path), .wait = wait};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return message_in(answer);
}

Task<Result<DialogMessage>> DialogClient::get(MessageId id) { return look(id, milliseconds(0)); }

Task<Result<DialogMessage>> DialogClient::wait(
    MessageId id, Deadline deadline, WaitProgress progress) {
    while (true) {
        auto message = co_await look(id, std::min(look_wait, deadline.remaining()));
        if (message && is_final(message->status)) co_return message;
        if (!message && !is_away(message.error())) co_return message;
        if (deadline.expired()) {
            co_return fail(Errc::deadline_exceeded,
                fmt::format("message {} is not answered yet; it stays in the queue", id.text()));
        }
        if (message) {
            if (progress) progress(*message);
        } else {
            co_await sleep_until(Deadline::after(away_pause).min(deadline));
        }
    }
}

Task<Result<StepList>> DialogClient::steps(
    MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) {
    auto path = fmt::format("/api/v1/messages/{}/steps?page_size={}", id.text(), limit);
    if (after) path += fmt::format("&after={}", *after);
    Call call{.path = std::move(path)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    StepList list;
    BATON_CO_TRY(list.steps, list_in(answer, "steps", &traced_step_from_json));
    BATON_CO_TRY(const auto* data, data_of(answer));
    const auto* next = data->if_contains("next");
    if (next != nullptr && next->is_number()) {
        list.next = static_cast<std::uint32_t>(FieldReader(*data).integer("next"));
    }
    co_return list;
}

Task<Result<Conversation>> DialogClient::conversation(ConversationId id) {
    Call call{.path = "/api/v1/conversations/" + net::percent_encode(id.text)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* data, data_of(answer));
    co_return conversation_from_json(*data);
}

Task<Result<std::vector<Conversation>>> DialogClient::conversations(std::uint32_t limit) {
    Call call{.path = fmt::format("/api/v1/conversations?page_size={}", limit)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return list_in(answer, "conversations", &conversation_from_json);
}

Task<Result<std::vector<DialogMessage>>> DialogClient::history(
    ConversationId id, std::uint32_t limit) {
    // /conversations/{id}/messages shows each turn by itself; here a message holds its answer.
    Call call{.path = fmt::format("/api/v1/messages?conversation_id={}&page_size={}&order=desc",
                  net::percent_encode(id.text), limit)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(auto messages, list_in(answer, "messages", &dialog_message_from_json));
    std::ranges::reverse(messages);
    co_return messages;
}

}  // namespace baton::client
