// Messages as the daemon shows them, written straight to text: pops and posts answer many at a
// time. Replies too.
#include <array>
#include <utility>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton {
namespace {

void append_bytes(JsonObjectText& object, std::string_view name, std::string_view base64_name,
    const Bytes& bytes) {
    if (is_utf8(bytes.view())) {
        object.text(name, bytes.view());
    } else {
        object.text(base64_name, base64_encode(bytes.view()));
    }
}

void append_id(JsonObjectText& object, const MessageId& id) {
    std::array<char, MessageId::text_size> text;
    id.write_text(text.data());
    object.text("id", {text.data(), text.size()});
}

void append_receipt(JsonObjectText& object, const Receipt& receipt) {
    std::array<char, Receipt::text_max> text;
    object.text("receipt", receipt.write_text(text));
}

void append_data(JsonObjectText& object, const MessageData& data) {
    append_bytes(object, "content", "content_base64", data.content);
    object.text("priority", to_string(data.priority));
    if (!data.ordering_key.empty()) object.text("ordering_key", data.ordering_key);
    if (!data.fairness_key.empty()) object.text("fairness_key", data.fairness_key);
    if (!data.dedup_key.empty()) object.text("dedup_key", data.dedup_key);
    if (!data.headers.empty()) {
        JsonObjectText headers(object.begin("headers"));
        for (const auto& header : data.headers) headers.text(header.name, header.value);
    }
    if (!data.metadata.empty()) object.raw("metadata", data.metadata);
}

void append_history(JsonObjectText& object, const std::vector<FailureNote>& history) {
    std::string& out = object.begin("history");
    out += '[';
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (i != 0) out += ',';
        JsonObjectText note(out);
        note.time("at", history[i].at);
        note.number("attempt", history[i].attempt);
        note.text("reason", history[i].reason);
    }
    out += ']';
}

void append_view(JsonObjectText& object, const MessageView& message) {
    append_id(object, message.id);
    object.number("seq", message.id.seq);
    object.text("queue", message.queue.view());
    object.text("state", to_string(message.state));
    object.text("level", to_string(message.level));
    if (message.data) append_data(object, *message.data);
    object.time("posted_at", message.posted_at);
    object.time("due_at", message.due_at);
    if (message.expires_at) object.time("expires_at", *message.expires_at);
    if (message.lease_expires_at) object.time("lease_expires_at", *message.lease_expires_at);
    object.number("attempts", message.attempts);
    object.number("failures", message.failures);
    if (!message.history.empty()) append_history(object, message.history);
    if (!message.dead_reason.empty()) object.text("dead_reason", message.dead_reason);
}

}  // namespace

void append_json(std::string& out, const PostedMessage& message) {
    JsonObjectText object(out);
    append_id(object, message.id);
    object.number("seq", message.id.seq);
    object.boolean("duplicate", message.duplicate);
}

void append_json(std::string& out, const MessageView& message) {
    JsonObjectText object(out);
    append_view(object, message);
}

void append_json(std::string& out, const LeasedMessage& message) {
    JsonObjectText object(out);
    append_receipt(object, message.receipt);
    append_view(object, message.message);
}

boost::json::object to_json(const Reply& reply) {
    boost::json::object object{{"message_id", reply.message.text()}};
    if (is_utf8(reply.result.view())) {
        object["result"] = reply.result.view();
    } else {
        object["result_base64"] = base64_encode(reply.result.view());
    }
    object["created_at"] = to_rfc3339(reply.at);
    if (reply.metadata.empty()) return object;
    auto metadata = parse_json(reply.metadata);
    object["metadata"] = metadata ? *std::move(metadata) : boost::json::value(reply.metadata);
    return object;
}

}  // namespace baton
