// Messages and replies as the client reads them back from a daemon's answer.
#include <utility>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

/// The field `name` through its own parser; a failure names the field.
template <class T>
Result<T> parsed(
    const Fields& fields, std::string_view name, Result<T> (*parse)(std::string_view)) {
    BATON_TRY(const auto text, fields.text(name));
    auto value = parse(text);
    if (!value) return fields.fail_at(name, std::move(value).error());
    return value;
}

Result<Bytes> bytes_of(const Fields& fields, std::string_view name, std::string_view base64_name) {
    if (fields.find(base64_name) != nullptr) {
        BATON_TRY(auto bytes, parsed(fields, base64_name, base64_decode));
        return Bytes(std::move(bytes));
    }
    BATON_TRY(const auto text, fields.text(name));
    return Bytes(std::string(text));
}

Result<std::string> object_text(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto* object, fields.object(name));
    return object == nullptr || object->empty() ? std::string() : json_text(*object);
}

Result<std::uint32_t> small_count(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto number, fields.integer(name, {.max = UINT32_MAX}));
    return static_cast<std::uint32_t>(number);
}

Result<std::string> string_of(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto text, fields.text(name));
    return std::string(text);
}

Result<std::optional<TimePoint>> optional_time(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) return std::nullopt;
    BATON_TRY(const auto time, fields.time(name, {}));
    return time;
}

Result<MessageData> data_of(const Fields& fields) {
    MessageData data;
    BATON_TRY(data.content, bytes_of(fields, "content", "content_base64"));
    BATON_TRY(data.priority, parsed(fields, "priority", parse_level));
    BATON_TRY(data.ordering_key, string_of(fields, "ordering_key"));
    BATON_TRY(data.fairness_key, string_of(fields, "fairness_key"));
    BATON_TRY(data.dedup_key, string_of(fields, "dedup_key"));
    BATON_TRY(const auto* headers, fields.object("headers"));
    if (headers != nullptr) {
        for (const auto& header : *headers) {
            const auto* text = header.value().if_string();
            if (text == nullptr) {
                return fields.fail_at("headers", std::string("a header value is no string"));
            }
            data.headers.push_back({std::string(header.key()), std::string(*text)});
        }
    }
    BATON_TRY(data.metadata, object_text(fields, "metadata"));
    return data;
}

Result<std::vector<FailureNote>> history_of(const Fields& fields) {
    std::vector<FailureNote> history;
    BATON_TRY(const auto* array, fields.array("history"));
    if (array == nullptr) return history;
    for (const auto& value : *array) {
        BATON_TRY(const auto note_fields, Fields::of(value, {}, Errc::protocol_error));
        FailureNote note;
        BATON_TRY(note.at, note_fields.time("at", {}));
        BATON_TRY(note.attempt, small_count(note_fields, "attempt"));
        BATON_TRY(note.reason, string_of(note_fields, "reason"));
        history.push_back(std::move(note));
    }
    return history;
}

}  // namespace

Result<PostedMessage> posted_message_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    PostedMessage message;
    BATON_TRY(message.id, parsed(fields, "id", MessageId::parse));
    BATON_TRY(message.duplicate, fields.boolean("duplicate", false));
    return message;
}

Result<MessageView> message_view_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    MessageView view;
    BATON_TRY(view.id, parsed(fields, "id", MessageId::parse));
    BATON_TRY(view.queue, parsed(fields, "queue", parse_queue_name));
    BATON_TRY(view.state, parsed(fields, "state", parse_message_state));
    BATON_TRY(view.level, parsed(fields, "level", parse_level));
    const bool has_data =
        fields.find("content") != nullptr || fields.find("content_base64") != nullptr;
    if (has_data) {
        BATON_TRY(auto data, data_of(fields));
        view.data = std::make_shared<const MessageData>(std::move(data));
    }
    BATON_TRY(view.posted_at, fields.time("posted_at", {}));
    BATON_TRY(view.due_at, fields.time("due_at", {}));
    BATON_TRY(view.expires_at, optional_time(fields, "expires_at"));
    BATON_TRY(view.lease_expires_at, optional_time(fields, "lease_expires_at"));
    BATON_TRY(view.attempts, small_count(fields, "attempts"));
    BATON_TRY(view.failures, small_count(fields, "failures"));
    BATON_TRY(view.history, history_of(fields));
    BATON_TRY(view.dead_reason, string_of(fields, "dead_reason"));
    return view;
}

Result<LeasedMessage> leased_message_from_json(const json::value& value) {
    LeasedMessage message;
    BATON_TRY(message.message, message_view_from_json(value));
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    BATON_TRY(message.receipt, parsed(fields, "receipt", Receipt::parse));
    return message;
}

Result<Reply> reply_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    Reply reply;
    BATON_TRY(reply.message, parsed(fields, "message_id", MessageId::parse));
    BATON_TRY(reply.result, bytes_of(fields, "result", "result_base64"));
    BATON_TRY(reply.metadata, object_text(fields, "metadata"));
    BATON_TRY(reply.at, fields.time("created_at", {}));
    return reply;
}

}  // namespace baton
