// What a client says on /v1/stream: one JSON object a frame, as typed values.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "service/log_service.h"
#include "service/queue_service.h"

namespace baton::api::stream {

/// A number the client chose; its answer carries it.
using CommandId = std::uint64_t;

struct Post {
    QueueName queue;
    std::vector<NewMessage> messages;
    std::optional<Durability> durability{};
};
/// Messages are pushed from now on; the consumer bears the id of this command.
struct Consume {
    QueueName queue;
    std::uint32_t credit = 0;
    Duration lease{};
    std::optional<Level> level{};
};
struct AddCredit {
    CommandId consumer = 0;
    std::uint32_t add = 0;
};
struct CancelConsumer {
    CommandId consumer = 0;
};
struct Ack {
    std::vector<std::string> receipts;
};
struct Nack {
    std::vector<std::string> receipts;
    service::NackOptions options;
};
struct Extend {
    std::vector<std::string> receipts;
    Duration lease{};
};
struct PostReply {
    MessageId message;
    Reply reply;
};

/// Messages of a log are pushed from now on, from where the subscription has committed.
struct Subscribe {
    service::SubscriptionPath path;
    LogStart start{};
    std::uint32_t credit = 0;
};
struct Commit {
    service::SubscriptionPath path;
    std::uint64_t seq = 0;
};
struct AppendOutput {
    std::string receipt;
    std::vector<Bytes> events;
};

using Operation = std::variant<Post, Consume, AddCredit, CancelConsumer, Ack, Nack, Extend,
    PostReply, Subscribe, Commit, AppendOutput>;

struct Command {
    CommandId id = 0;
    Operation operation;
};

/// A frame that is no command. `id`: when at least that could be read.
struct BadCommand {
    std::optional<CommandId> id{};
    Error error;
};

/// Reads one frame. Fails: malformed_json, invalid_utf8, invalid_argument and, of messages, as
/// new_message_from_json; each names the field.
[[nodiscard]] std::expected<Command, BadCommand> read_command(std::string_view text);

/// The name on the wire of the operation at this place of the variant.
[[nodiscard]] std::string_view operation_name(std::size_t index) noexcept;

}  // namespace baton::api::stream
