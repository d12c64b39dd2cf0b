#include "api/krpc/answers.h"

#include <algorithm>
#include <charconv>

#include "api/krpc/read_message.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::krpc {
namespace {

namespace json = boost::json;

std::uint64_t seconds_of(TimePoint time) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(to_unix_ms(time) / 1'000, 0));
}

void append_bytes(std::string& out, std::string_view bytes, Encoding encoding) {
    if (encoding == Encoding::base64) return append_json_string(out, base64_encode(bytes));
    out.reserve(out.size() + 4 * bytes.size() + 2);
    out += '[';
    for (const char c : bytes) {
        char digits[4];
        auto* end = std::to_chars(digits, digits + 3, static_cast<unsigned char>(c)).ptr;
        *end++ = ',';
        out.append(digits, end);
    }
    if (out.back() == ',') out.pop_back();
    out += ']';
}

std::string_view header_of(const MessageData& data, std::string_view name) noexcept {
    const auto header = std::ranges::find(data.headers, name, &Header::name);
    return header == data.headers.end() ? std::string_view() : std::string_view(header->value);
}

/// What its poster said, else when it was posted.
std::uint64_t timestamp_of(const MessageView& message) noexcept {
    const std::string_view text = header_of(*message.data, timestamp_header);
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool good = !text.empty() && read.ec == std::errc() && read.ptr == end;
    return good ? number : seconds_of(message.posted_at);
}

void append_headers(JsonObjectText& object, const MessageData& data) {
    JsonObjectText headers(object.begin("headers"));
    for (const Header& header : data.headers) {
        if (header.name == service::name_header || header.name == timestamp_header ||
            header.name == reply_to_header) {
            continue;
        }
        headers.text(header.name, header.value);
    }
}

/// What the poster wrote.
void append_data(JsonObjectText& object, const MessageView& message, Encoding encoding) {
    const MessageData& data = *message.data;
    append_bytes(object.begin("content"), data.content.view(), encoding);
    object.number("timestamp", timestamp_of(message));
    const std::string_view reply_to = header_of(data, reply_to_header);
    if (reply_to.empty()) {
        object.raw("reply_to", "null");
    } else {
        object.text("reply_to", reply_to);
    }
    object.raw("metadata", data.metadata.empty() ? std::string_view("null") : data.metadata);
    object.text("priority", to_string(data.priority));
    if (!data.ordering_key.empty()) object.text("ordering_key", data.ordering_key);
    if (!data.fairness_key.empty()) object.text("fairness_key", data.fairness_key);
    append_headers(object, data);
}

void append_message(JsonObjectText& object, const MessageView& message, Encoding encoding) {
    const auto name = message.data ? service::name_of(*message.data) : std::string_view();
    const std::string id = message.id.text();
    object.text("id", name.empty() ? std::string_view(id) : name);
    object.text("baton_id", id);
    object.number("seq", message.id.seq);
    object.text("queue_id", message.queue.view());
    if (message.data) append_data(object, message, encoding);
    object.text("state", to_string(message.state));
    object.number("attempts", message.attempts);
    object.number("failures", message.failures);
    if (!message.dead_reason.empty()) object.text("dead_reason", message.dead_reason);
}

/// How long the text will be, unless the message is unusual.
std::size_t size_about(const MessageView& message, Encoding encoding) noexcept {
    const std::size_t content = message.data ? message.data->content.size() : 0;
    return 500 + (encoding == Encoding::base64 ? content / 3 * 4 : content * 4);
}

void append_list(std::string& out, const std::vector<MessageView>& messages, Encoding encoding) {
    std::size_t size = out.size();
    for (const auto& message : messages) size += size_about(message, encoding);
    out.reserve(size);
    out += '[';
    for (const auto& message : messages) {
        if (out.back() != '[') out += ',';
        JsonObjectText object(out);
        append_message(object, message, encoding);
    }
    out += ']';
}

void append_leased(std::string& out, const LeasedMessage& leased, Encoding encoding) {
    JsonObjectText object(out);
    append_message(object, leased.message, encoding);
    object.text("receipt", leased.receipt.text());
    if (leased.message.lease_expires_at) {
        object.time("lease_expires_at", *leased.message.lease_expires_at);
    }
}

void append_errors(JsonObjectText& object, const service::Settlement& settlement) {
    std::string& out = object.begin("errors");
    out += '[';
    for (const auto& failure : settlement.failures) {
        if (out.back() != '[') out += ',';
        JsonObjectText entry(out);
        entry.text("receipt", failure.receipt);
        entry.text("code", to_string(failure.error.code));
        entry.text("message", failure.error.detail);
    }
    out += ']';
}

json::object queue_object(const QueueInfo& info) {
    json::object object = to_json(info);
    json::object out{{"queue_id", info.name.view()}};
    for (const auto& [name, value] : object) {
        if (name != "name" && name != "created_at") out.emplace(name, value);
    }
    out["created_at"] = seconds_of(info.created_at);
    return out;
}

void append_posted(std::string& out, const PostedMessage& message, std::string_view id) {
    JsonObjectText object(out);
    const std::string own = message.id.text();
    object.text("id", id.empty() ? std::string_view(own) : id);
    object.text("baton_id", own);
    object.boolean("duplicate", message.duplicate);
}

}  // namespace

std::string queue_json(const QueueInfo& info) { return json_text(queue_object(info)); }

std::string queues_json(const std::vector<QueueInfo>& infos) {
    json::array queues;
    for (const QueueInfo& info : infos) queues.push_back(queue_object(info));
    return json_text(json::object{{"queues", std::move(queues)}});
}

std::string stats_json(const QueueStats& stats) {
    json::object object = to_json(stats);
    object["created_at"] = seconds_of(stats.created_at);
    object["last_accessed"] = seconds_of(stats.last_accessed);
    return json_text(object);
}

std::string posted_json(const Post& post, const queue::Posted& posted) {
    std::string out;
    if (post.single) {
        append_posted(out, posted.messages.front(), post.ids.front());
        return out;
    }
    {
        JsonObjectText object(out);
        std::string& list = object.begin("messages");
        list += '[';
        for (std::size_t i = 0; i < posted.messages.size(); ++i) {
            if (i != 0) list += ',';
            append_posted(list, posted.messages[i], post.ids[i]);
        }
        list += ']';
    }
    return out;
}

std::string message_json(const MessageView& message, Encoding encoding) {
    std::string out;
    {
        JsonObjectText object(out);
        append_message(object, message, encoding);
    }
    return out;
}

std::string popped_json(const service::SettledAndPopped& popped, const Pop& pop) {
    std::string out;
    if (pop.single) {
        if (popped.messages.empty()) return "null";
        append_leased(out, popped.messages.front(), pop.encoding);
        return out;
    }
    {
        JsonObjectText object(out);
        std::string& list = object.begin("messages");
        std::size_t size = list.size();
        for (const auto& leased : popped.messages) {
            size += size_about(leased.message, pop.encoding);
        }
        list.reserve(size);
        list += '[';
        for (const auto& leased : popped.messages) {
            if (list.back() != '[') list += ',';
            append_leased(list, leased, pop.encoding);
        }
        list += ']';
        object.number("acked", popped.acks.settled);
        append_errors(object, popped.acks);
    }
    return out;
}

std::string page_json(const service::PeekPage& page, Encoding encoding) {
    std::string out;
    {
        JsonObjectText object(out);
        append_list(object.begin("messages"), page.messages, encoding);
        if (page.next) {
            object.number("next", *page.next);
        } else {
            object.raw("next", "null");
        }
    }
    return out;
}

std::string settled_json(std::string_view verb, const service::Settlement& settlement) {
    std::string out;
    {
        JsonObjectText object(out);
        object.number(verb, settlement.settled);
        append_errors(object, settlement);
    }
    return out;
}

std::string reply_json(
    const std::optional<Reply>& reply, const MessageRef& message, Encoding encoding) {
    if (!reply) return "null";
    std::string out;
    {
        JsonObjectText object(out);
        object.text("message_id", message);
        append_bytes(object.begin("result"), reply->result.view(), encoding);
        object.number("timestamp", seconds_of(reply->at));
        object.raw(
            "metadata", reply->metadata.empty() ? std::string_view("null") : reply->metadata);
    }
    return out;
}

std::string output_json(const OutputPage& page, Encoding encoding) {
    std::string out;
    {
        JsonObjectText object(out);
        std::string& list = object.begin("events");
        list += '[';
        for (const auto& event : page.events) {
            if (list.back() != '[') list += ',';
            JsonObjectText entry(list);
            entry.number("offset", event.offset);
            entry.number("attempt", event.attempt);
            entry.number("timestamp", seconds_of(event.at));
            append_bytes(entry.begin("data"), event.data.view(), encoding);
        }
        list += ']';
        object.number("next", page.next);
        object.boolean("ended", page.ended);
    }
    return out;
}

std::string subscriptions_json(const std::vector<Subscription>& subscriptions) {
    json::array list;
    for (const auto& subscription : subscriptions) list.push_back(to_json(subscription));
    return json_text(json::object{{"subscriptions", std::move(list)}});
}

std::string fetched_json(const std::vector<MessageView>& messages, Encoding encoding) {
    std::string out;
    {
        JsonObjectText object(out);
        append_list(object.begin("messages"), messages, encoding);
    }
    return out;
}

std::string quota_json(const StorageQuota& quota) { return json_text(to_json(quota)); }

}  // namespace baton::api::krpc
