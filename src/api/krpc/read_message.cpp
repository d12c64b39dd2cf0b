#include "api/krpc/read_message.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "service/message_names.h"

namespace baton::api::krpc {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> reply_fields{
    "message_id", "result", "timestamp", "metadata"};

Result<Bytes> bytes_of(const Fields& fields, std::string_view name, const json::array& array) {
    std::string bytes;
    bytes.reserve(array.size());
    for (const auto& element_value : array) {
        const auto* number = element_value.if_int64();
        if (number == nullptr || *number < 0 || *number > 255) {
            return fields.fail_at(
                element(name, bytes.size()), std::string("a byte is a whole number, 0 to 255"));
        }
        bytes += static_cast<char>(*number);
    }
    return Bytes(std::move(bytes));
}

void put_header(MessageData& data, std::string_view name, std::string value) {
    std::erase_if(data.headers, [&](const Header& header) { return header.name == name; });
    data.headers.push_back({std::string(name), std::move(value)});
}

/// The message is named by `id`, which is its dedup key too.
Result<void> take_id(const Fields& fields, NewMessage& message, std::string_view id) {
    const std::string& key = message.data.dedup_key;
    if (!key.empty() && key != id) {
        return fields.fail_at("dedup_key",
            std::string("a message with an `id` is known by that, and needs no `dedup_key`"));
    }
    return service::name_message(message, id);
}

}  // namespace

Result<Bytes> bytes_from(const Fields& fields, std::string_view name, const json::value& value) {
    if (const auto* array = value.if_array()) return bytes_of(fields, name, *array);
    const auto* text = value.if_string();
    if (text == nullptr) {
        return fields.fail_at(name,
            fmt::format("`{}` is an array of bytes or base64, not {}", name, kind_name(value)));
    }
    auto bytes = base64_decode(*text);
    if (!bytes) return fields.fail_at(name, std::move(bytes).error());
    return Bytes(*std::move(bytes));
}

Result<Bytes> read_bytes(const Fields& fields, std::string_view name) {
    const auto* value = fields.find(name);
    if (value == nullptr) return fields.fail_at(name, fmt::format("`{}` is missing", name));
    return bytes_from(fields, name, *value);
}

Result<ReadMessage> read_message(json::value& value, const QueueName& queue) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::invalid_message));
    ReadMessage read;
    const bool has_id = fields.find("id") != nullptr;
    BATON_TRY(const auto id, fields.text("id"));
    read.id = id;
    BATON_TRY(const auto named_queue, fields.text("queue_id"));
    if (fields.find("queue_id") != nullptr && named_queue != queue.view()) {
        return fields.fail_at("queue_id", std::string("the message names another queue"));
    }
    const bool has_time = fields.find("timestamp") != nullptr;
    BATON_TRY(const auto timestamp, fields.integer("timestamp"));
    BATON_TRY(auto content, read_bytes(fields, "content"));
    if (content.empty()) return fields.fail_at("content", std::string("`content` is empty"));

    // The rest is as at every door; the text stands in for the bytes that were read here.
    json::object& object = value.get_object();
    for (const auto* name : {"id", "queue_id", "timestamp"}) object.erase(name);
    object["content"] = "-";
    BATON_TRY(read.message, new_message_from_json(value));
    read.message.data.content = std::move(content);
    if (has_time) put_header(read.message.data, timestamp_header, std::to_string(timestamp));
    if (has_id) {
        BATON_TRY_VOID(take_id(fields, read.message, read.id));
    }
    return read;
}

Result<PostReply> read_reply(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, reply_fields, Errc::invalid_message));
    PostReply reply;
    BATON_TRY(const auto message, fields.text("message_id"));
    reply.message = message;
    BATON_TRY(reply.result, read_bytes(fields, "result"));
    BATON_TRY_VOID(fields.integer("timestamp"));
    BATON_TRY(reply.metadata, read_metadata(fields));
    return reply;
}

}  // namespace baton::api::krpc
