// Posts in JSON: one object, an array, or lines. The busiest door, so values live in one monotonic
// buffer.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 13> message_fields{"content", "content_base64", "priority",
    "delay_ms", "deliver_at", "ttl_ms", "dedup_key", "ordering_key", "fairness_key", "headers",
    "metadata", "reply_to", "cost"};
constexpr std::array<std::string_view, 3> reply_fields{"result", "result_base64", "metadata"};
constexpr std::array<std::string_view, 1> list_fields{"messages"};

constexpr std::string_view reply_to_header = "reply-to";

constexpr std::size_t buffer_size = 16'384;  // the tree of one post of a few kilobytes

/// Bytes as a string field, or as base64 in the field `name`_base64; `make` turns text into Bytes.
/// Absent: no value.
template <class Make>
Result<std::optional<Bytes>> read_bytes(
    const Fields& fields, std::string_view name, std::string_view base64_name, const Make& make) {
    const auto* value = fields.find(name);
    const auto* encoded = fields.find(base64_name);
    if (value != nullptr && encoded != nullptr) {
        return fields.fail_at(
            base64_name, fmt::format("give `{}` or `{}`, not both", name, base64_name));
    }
    if (value != nullptr) {
        const auto* text = value->if_string();
        if (text != nullptr) return make(std::string_view(*text));
        return fields.fail_at(name, fmt::format("`{}` must be a string, not {}; bytes go into `{}`",
                                        name, kind_name(*value), base64_name));
    }
    if (encoded == nullptr) return std::nullopt;
    BATON_TRY(const auto text, fields.text(base64_name));
    auto bytes = base64_decode(text);
    if (!bytes) return fields.fail_at(base64_name, std::move(bytes).error());
    return Bytes(*std::move(bytes));
}

Result<std::vector<Header>> read_headers(const Fields& fields) {
    std::vector<Header> headers;
    BATON_TRY(const auto* object, fields.object("headers"));
    if (object != nullptr) {
        headers.reserve(std::min(object->size(), MessageLimits::headers_max));
        for (const auto& entry : *object) {
            const auto* text = entry.value().if_string();
            if (text == nullptr) {
                return fields.fail_at(
                    "headers", fmt::format("a header value must be a string, not {}",
                                   kind_name(entry.value())));
            }
            headers.push_back({std::string(entry.key()), std::string(*text)});
        }
    }
    const auto put = [&](std::string_view name, std::string value) {
        std::erase_if(headers, [&](const Header& header) { return header.name == name; });
        headers.push_back({std::string(name), std::move(value)});
    };
    if (fields.find("reply_to") != nullptr) {
        BATON_TRY(const auto reply_to, fields.text("reply_to"));
        put(reply_to_header, std::string(reply_to));
    }
    if (fields.find("cost") != nullptr) {
        BATON_TRY(const auto cost, fields.integer("cost", {.min = 1, .max = cost_max}));
        put(cost_header, std::to_string(cost));
    }
    return headers;
}

Result<Level> read_priority(const Fields& fields) {
    if (fields.find("priority") == nullptr) return Level::normal;
    BATON_TRY(const auto text, fields.text("priority"));
    auto level = parse_level(text);
    if (!level) return fields.fail_at("priority", std::move(level).error());
    return *level;
}

Result<Duration> read_ms(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto ms, fields.integer(name, {.max = MessageLimits::period_max.count()}));
    return Duration(ms);
}

/// `make` turns the text of its content into Bytes.
template <class Make>
Result<NewMessage> read_message(const json::value& value, const Make& make) {
    BATON_TRY(const auto fields, Fields::of(value, message_fields, Errc::invalid_message));
    NewMessage message;
    MessageData& data = message.data;
    BATON_TRY(auto content, read_bytes(fields, "content", "content_base64", make));
    if (!content) {
        return fields.fail_at("content", std::string("`content` or `content_base64` is missing"));
    }
    data.content = *std::move(content);
    BATON_TRY(data.priority, read_priority(fields));
    BATON_TRY(message.delay, read_ms(fields, "delay_ms"));
    BATON_TRY(message.ttl, read_ms(fields, "ttl_ms"));
    if (fields.find("deliver_at") != nullptr) {
        BATON_TRY(message.deliver_at, fields.time("deliver_at", {}));
    }
    BATON_TRY(data.dedup_key, fields.text("dedup_key", MessageLimits::key_max));
    BATON_TRY(data.ordering_key, fields.text("ordering_key", MessageLimits::key_max));
    BATON_TRY(data.fairness_key, fields.text("fairness_key", MessageLimits::key_max));
    BATON_TRY(data.headers, read_headers(fields));
    BATON_TRY(data.metadata, read_metadata(fields));
    BATON_TRY_VOID(check_message(message));
    return message;
}

Result<std::vector<NewMessage>> read_array(const json::array& array, std::size_t count_max) {
    if (array.empty()) return fail_field(Errc::invalid_message, "messages", "there is no message");
    if (array.size() > count_max) {
        return fail_field(Errc::payload_too_large, "messages",
            fmt::format("{} messages in one post, {} are allowed", array.size(), count_max));
    }
    std::vector<NewMessage> messages;
    messages.reserve(array.size());
    BytesBlocks blocks;
    for (std::size_t i = 0; i < array.size(); ++i) {
        auto message =
            read_message(array[i], [&](std::string_view text) { return blocks.add(text); });
        if (!message) return fail(inside(element("messages", i), std::move(message).error()));
        messages.push_back(*std::move(message));
    }
    return messages;
}

/// A number beyond the range of a double is read as infinity, which no JSON text can show again.
bool has_infinity(const json::value& value) {
    if (const auto* number = value.if_double()) return !std::isfinite(*number);
    if (const auto* array = value.if_array()) return std::ranges::any_of(*array, has_infinity);
    const auto* object = value.if_object();
    return object != nullptr && std::ranges::any_of(*object,
                                    [](const auto& entry) { return has_infinity(entry.value()); });
}

/// One object of a line. The tree goes with the line.
Result<NewMessage> read_line(std::string_view line, BytesBlocks& blocks) {
    std::array<unsigned char, buffer_size> buffer;
    json::monotonic_resource resource(buffer.data(), buffer.size());
    BATON_TRY(const auto value, parse_json(line, &resource));
    return read_message(value, [&](std::string_view text) { return blocks.add(text); });
}

}  // namespace

Result<std::string> read_metadata(const Fields& fields) {
    BATON_TRY(const auto* object, fields.object("metadata"));
    if (object == nullptr || object->empty()) return std::string();
    if (has_infinity(*fields.find("metadata"))) {
        return fields.fail_at(
            "metadata", std::string("a number of the metadata is beyond the range of a double"));
    }
    auto text = json_text(*object);
    if (text.size() > MessageLimits::metadata_max) {
        return fields.fail_at("metadata",
            fmt::format("the metadata are longer than {} bytes", MessageLimits::metadata_max));
    }
    return text;
}

Result<NewMessage> new_message_from_json(const json::value& value) {
    return read_message(value, Bytes::copy_of);
}

Result<std::vector<NewMessage>> new_messages_from_json(
    std::string_view body, std::size_t count_max) {
    std::array<unsigned char, buffer_size> buffer;
    json::monotonic_resource resource(buffer.data(), buffer.size());
    BATON_TRY(const auto value, parse_json(body, &resource));
    if (const auto* array = value.if_array()) return read_array(*array, count_max);
    const auto* object = value.if_object();
    if (object != nullptr && object->contains("messages")) {
        BATON_TRY(const auto fields, Fields::of(value, list_fields, Errc::invalid_message));
        BATON_TRY(const auto* array, fields.array("messages"));
        if (array == nullptr) return fields.fail_at("messages", std::string("there is no message"));
        return read_array(*array, count_max);
    }
    BATON_TRY(auto message, new_message_from_json(value));
    std::vector<NewMessage> messages;
    messages.push_back(std::move(message));
    return messages;
}

Result<std::vector<NewMessage>> new_messages_from_ndjson(
    std::string_view body, std::size_t count_max) {
    std::vector<NewMessage> messages;
    BytesBlocks blocks;
    std::size_t line_number = 0;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('\n'), body.size());
        const std::string_view line = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        ++line_number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (messages.size() == count_max) {
            return fail_field(Errc::payload_too_large, "messages",
                fmt::format("more than {} messages in one post", count_max));
        }
        auto message = read_line(line, blocks);
        if (!message) {
            const Error error =
                inside(element("messages", messages.size()), std::move(message).error());
            return fail(with_context(error, fmt::format("line {}", line_number)));
        }
        messages.push_back(*std::move(message));
    }
    if (messages.empty())
        return fail_field(Errc::invalid_message, "messages", "there is no message");
    return messages;
}

Result<Reply> new_reply_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, reply_fields, Errc::invalid_message));
    Reply reply;
    BATON_TRY(auto result, read_bytes(fields, "result", "result_base64", Bytes::copy_of));
    if (!result) {
        return fields.fail_at("result", std::string("`result` or `result_base64` is missing"));
    }
    reply.result = *std::move(result);
    BATON_TRY(reply.metadata, read_metadata(fields));
    return reply;
}

}  // namespace baton
