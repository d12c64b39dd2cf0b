#include "api/stream/command.h"

#include <array>
#include <limits>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton::api::stream {
namespace {

namespace json = boost::json;
using Names = std::span<const std::string_view>;

constexpr std::size_t buffer_size = 16'384;  // the tree of a frame of a few kilobytes
constexpr Duration default_lease{30'000};

Result<std::uint32_t> read_count(const Fields& fields, std::string_view name, std::int64_t min) {
    if (fields.find(name) == nullptr) {
        return fields.fail_at(name, fmt::format("`{}` is missing", name));
    }
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    BATON_TRY(const auto number, fields.integer(name, {.min = min, .max = most}));
    return static_cast<std::uint32_t>(number);
}

Result<Duration> read_ms(const Fields& fields, std::string_view name, Duration fallback) {
    BATON_TRY(const auto number, fields.integer(name, {.fallback = fallback.count()}));
    return Duration(number);
}

Result<QueueName> read_queue(const Fields& fields) {
    BATON_TRY(const auto text, fields.text("queue"));
    auto name = parse_queue_name(text);
    if (!name) return fields.fail_at("queue", std::move(name).error());
    return name;
}

Result<CommandId> read_consumer(const Fields& fields) {
    if (fields.find("consumer") == nullptr) {
        return fields.fail_at("consumer", std::string("`consumer` is missing"));
    }
    BATON_TRY(const auto number, fields.integer("consumer"));
    return static_cast<CommandId>(number);
}

Result<std::vector<std::string>> read_receipts(const Fields& fields) {
    BATON_TRY(const auto* array, fields.array("receipts"));
    if (array == nullptr) return fields.fail_at("receipts", std::string("`receipts` is missing"));
    std::vector<std::string> receipts;
    receipts.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) {
            return fields.fail_at(element("receipts", i), std::string("a receipt is a string"));
        }
        receipts.emplace_back(*text);
    }
    return receipts;
}

Result<std::vector<NewMessage>> read_messages(const Fields& fields) {
    BATON_TRY(const auto* array, fields.array("messages"));
    if (array == nullptr || array->empty()) {
        return fields.fail_at("messages", std::string("there is no message"));
    }
    if (array->size() > post_count_max) {
        return fail_field(Errc::payload_too_large, "messages",
            fmt::format("{} messages in one post, {} are allowed", array->size(), post_count_max));
    }
    std::vector<NewMessage> messages;
    messages.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto message = new_message_from_json((*array)[i]);
        if (!message) return fail(inside(element("messages", i), std::move(message).error()));
        messages.push_back(*std::move(message));
    }
    return messages;
}

Result<Operation> read_post(const Fields& fields) {
    Post post;
    BATON_TRY(post.queue, read_queue(fields));
    BATON_TRY(post.messages, read_messages(fields));
    if (fields.find("durability") != nullptr) {
        BATON_TRY(const auto text, fields.text("durability"));
        auto durability = parse_durability(text);
        if (!durability) return fields.fail_at("durability", std::move(durability).error());
        post.durability = *durability;
    }
    return post;
}

Result<Operation> read_consume(const Fields& fields) {
    Consume consume;
    BATON_TRY(consume.queue, read_queue(fields));
    BATON_TRY(consume.credit, read_count(fields, "credit", 0));
    BATON_TRY(consume.lease, read_ms(fields, "lease_ms", default_lease));
    if (fields.find("level") != nullptr) {
        BATON_TRY(const auto level, fields.text("level"));
        auto parsed = parse_level(level);
        if (!parsed) return fields.fail_at("level", std::move(parsed).error());
        consume.level = *parsed;
    }
    return consume;
}

Result<Operation> read_credit(const Fields& fields) {
    AddCredit credit;
    BATON_TRY(credit.consumer, read_consumer(fields));
    BATON_TRY(credit.add, read_count(fields, "add", 1));
    return credit;
}

Result<Operation> read_cancel(const Fields& fields) {
    BATON_TRY(const auto consumer, read_consumer(fields));
    return CancelConsumer{.consumer = consumer};
}

Result<Operation> read_ack(const Fields& fields) {
    BATON_TRY(auto receipts, read_receipts(fields));
    return Ack{.receipts = std::move(receipts)};
}

Result<Operation> read_nack(const Fields& fields) {
    Nack nack;
    BATON_TRY(nack.receipts, read_receipts(fields));
    BATON_TRY(nack.options.delay, read_ms(fields, "delay_ms", Duration(0)));
    BATON_TRY(nack.options.reason, fields.text("reason"));
    return nack;
}

Result<Operation> read_extend(const Fields& fields) {
    Extend extend;
    BATON_TRY(extend.receipts, read_receipts(fields));
    BATON_TRY(extend.lease, read_ms(fields, "lease_ms", default_lease));
    return extend;
}

Result<Operation> read_reply(const Fields& fields) {
    PostReply reply;
    BATON_TRY(const auto text, fields.text("message"));
    auto message = MessageId::parse(text);
    if (!message) return fields.fail_at("message", std::move(message).error());
    reply.message = *message;
    const auto* object = fields.find("reply");
    if (object == nullptr) return fields.fail_at("reply", std::string("`reply` is missing"));
    auto content = new_reply_from_json(*object);
    if (!content) return fail(inside("reply", std::move(content).error()));
    reply.reply = *std::move(content);
    return reply;
}

Result<service::SubscriptionPath> read_path(const Fields& fields) {
    service::SubscriptionPath path;
    BATON_TRY(path.queue, read_queue(fields));
    BATON_TRY(const auto text, fields.text("subscription"));
    auto name = parse_subscription_name(text);
    if (!name) return fields.fail_at("subscription", std::move(name).error());
    path.name = *std::move(name);
    return path;
}

Result<Operation> read_subscribe(const Fields& fields) {
    Subscribe subscribe;
    BATON_TRY(subscribe.path, read_path(fields));
    BATON_TRY(subscribe.credit, read_count(fields, "credit", 0));
    const auto* from = fields.find("from");
    if (from == nullptr) return subscribe;
    if (!from->is_string()) {
        BATON_TRY(const auto seq, fields.integer("from", {.min = 1}));
        subscribe.start = {.kind = LogStart::Kind::seq, .seq = static_cast<std::uint64_t>(seq)};
        return subscribe;
    }
    auto start = parse_log_start(from->get_string());
    if (!start) return fields.fail_at("from", std::move(start).error());
    subscribe.start = *start;
    return subscribe;
}

Result<Operation> read_commit(const Fields& fields) {
    Commit commit;
    BATON_TRY(commit.path, read_path(fields));
    if (fields.find("seq") == nullptr) {
        return fields.fail_at("seq", std::string("`seq` is missing"));
    }
    BATON_TRY(const auto seq, fields.integer("seq"));
    commit.seq = static_cast<std::uint64_t>(seq);
    return commit;
}

Result<Operation> read_output(const Fields& fields) {
    AppendOutput output;
    BATON_TRY(const auto receipt, fields.text("receipt"));
    output.receipt = receipt;
    BATON_TRY(const auto* array, fields.array("events"));
    if (array == nullptr) return fields.fail_at("events", std::string("`events` is missing"));
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) {
            return fields.fail_at(element("events", i), std::string("an event is a string"));
        }
        output.events.emplace_back(std::string(*text));
    }
    return output;
}

/// How one operation is read. `fields`: what its frame may hold, `id` and `op` included.
struct Reader {
    std::string_view name;
    Result<Operation> (*read)(const Fields& fields);
    std::array<std::string_view, 6> fields;  ///< the rest is empty
};
// In the order of the variant's alternatives.
constexpr std::array<Reader, std::variant_size_v<Operation>> readers{{
    {"post", read_post, {"id", "op", "queue", "messages", "durability"}},
    {"consume", read_consume, {"id", "op", "queue", "credit", "lease_ms", "level"}},
    {"credit", read_credit, {"id", "op", "consumer", "add"}},
    {"cancel", read_cancel, {"id", "op", "consumer"}},
    {"ack", read_ack, {"id", "op", "receipts"}},
    {"nack", read_nack, {"id", "op", "receipts", "delay_ms", "reason"}},
    {"extend", read_extend, {"id", "op", "receipts", "lease_ms"}},
    {"reply", read_reply, {"id", "op", "message", "reply"}},
    {"subscribe", read_subscribe, {"id", "op", "queue", "subscription", "from", "credit"}},
    {"commit", read_commit, {"id", "op", "queue", "subscription", "seq"}},
    {"output", read_output, {"id", "op", "receipt", "events"}},
}};

constexpr std::array<std::string_view, readers.size()> operation_names = [] {
    std::array<std::string_view, readers.size()> names;
    for (std::size_t i = 0; i < readers.size(); ++i) names[i] = readers[i].name;
    return names;
}();

Names known_fields(const Reader& reader) {
    std::size_t count = 0;
    while (count < reader.fields.size() && !reader.fields[count].empty()) ++count;
    return Names(reader.fields).first(count);
}

Result<const Reader*> find_reader(const Fields& fields) {
    BATON_TRY(const auto name, fields.text("op"));
    for (const Reader& reader : readers) {
        if (reader.name == name) return &reader;
    }
    if (name.empty()) return fields.fail_at("op", std::string("`op` is missing"));
    const auto near = nearest_name(name, operation_names);
    return fields.fail_at("op", near ? fmt::format("no such `op`; did you mean `{}`?", *near)
                                     : std::string("no such `op`"));
}

Result<CommandId> read_id(const Fields& fields) {
    if (fields.find("id") == nullptr) return fields.fail_at("id", std::string("`id` is missing"));
    BATON_TRY(const auto number, fields.integer("id"));
    return static_cast<CommandId>(number);
}

Result<Operation> read_operation(const json::value& value) {
    BATON_TRY(const auto loose, Fields::of(value, {}, Errc::invalid_argument));
    BATON_TRY(const auto* reader, find_reader(loose));
    BATON_TRY(const auto fields, Fields::of(value, known_fields(*reader), Errc::invalid_argument));
    return reader->read(fields);
}

}  // namespace

std::expected<Command, BadCommand> read_command(std::string_view text) {
    std::array<unsigned char, buffer_size> buffer;
    json::monotonic_resource resource(buffer.data(), buffer.size());
    const auto value = parse_json(text, &resource);
    if (!value) return std::unexpected(BadCommand{.error = value.error()});
    const auto fields = Fields::of(*value, {}, Errc::invalid_argument);
    if (!fields) return std::unexpected(BadCommand{.error = fields.error()});
    const auto id = read_id(*fields);
    if (!id) return std::unexpected(BadCommand{.error = id.error()});
    auto operation = read_operation(*value);
    if (!operation) {
        return std::unexpected(BadCommand{.id = *id, .error = std::move(operation).error()});
    }
    return Command{.id = *id, .operation = *std::move(operation)};
}

std::string_view operation_name(std::size_t index) noexcept { return operation_names[index]; }

}  // namespace baton::api::stream
