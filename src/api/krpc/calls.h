// The calls of the queue service as typed values. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "model/subscription.h"
#include "service/log_service.h"
#include "service/operator_service.h"
#include "service/output_service.h"
#include "service/queue_service.h"

namespace baton::api::krpc {

/// How bytes are written in answers.
enum class Encoding : std::uint8_t {
    bytes,  ///< an array of numbers, as kRPC's clients read them
    base64  ///< a string, a third of its size
};

/// A message by the id its poster gave it, or by the one that the queue drew.
using MessageRef = std::string;

struct CreateQueue {
    QueueName queue{};
    QueueConfig config{};
    std::optional<TenantId> owner{};  ///< whose quota it counts for
};
struct UpdateQueue {
    QueueName queue{};
    boost::json::object config{};  ///< checked; to be read on top of what the queue has
    std::optional<TenantId> owner{};
};
struct DeleteQueue {
    QueueName queue{};
};
struct ListQueues {};
struct GetQueue {
    QueueName queue{};
};
struct GetStats {
    QueueName queue{};
};
struct PurgeQueue {
    QueueName queue{};
};
struct SetPaused {
    QueueName queue{};
    bool paused = true;
    std::optional<service::KeyPath> key{};  ///< of the queue; absent: all of it
};
struct Redrive {
    RedriveRequest request{};
};
struct Post {
    QueueName queue{};
    std::vector<NewMessage> messages{};
    std::vector<std::string> ids{};  ///< as the poster gave them; empty: none
    bool single = true;              ///< the answer is one, not a list
    std::optional<Durability> durability{};
};
struct Pop {
    QueueName queue{};
    service::PopOptions options{};
    std::vector<std::string> ack{};  ///< receipts
    bool auto_ack = false;
    Encoding encoding = Encoding::bytes;
    bool single = true;
};
struct Ack {
    std::vector<std::string> receipts{};
};
struct Nack {
    std::vector<std::string> receipts{};
    service::NackOptions options{};
};
struct Extend {
    std::vector<std::string> receipts{};
    Duration lease{0};
};
struct PostReply {
    MessageRef message{};
    Bytes result{};
    std::string metadata{};
    std::optional<Receipt> receipt{};
};
struct GetReply {
    MessageRef message{};
    Duration wait{0};
    Encoding encoding = Encoding::bytes;
};
struct GetMessage {
    MessageRef message{};
    Encoding encoding = Encoding::bytes;
};
struct Peek {
    QueueName queue{};
    service::PeekOptions options{};
    Encoding encoding = Encoding::bytes;
};
struct CancelMessage {
    MessageRef message{};
};
struct Explain {
    MessageRef message{};
};
struct Reschedule {
    MessageRef message{};
    Duration delay{0};
};
struct AppendOutput {
    MessageRef message{};
    std::string receipt{};
    std::vector<Bytes> events{};
};
struct ReadOutput {
    MessageRef message{};
    service::OutputOptions options{};
    Encoding encoding = Encoding::bytes;
};
struct Subscribe {
    service::SubscriptionPath path{};
    LogStart start{};
};
struct Seek {
    service::SubscriptionPath path{};
    LogStart start{};
};
struct Unsubscribe {
    service::SubscriptionPath path{};
};
struct ListSubscriptions {
    QueueName queue{};
};
struct Fetch {
    service::SubscriptionPath path{};
    service::FetchOptions options{};
    Encoding encoding = Encoding::bytes;
};
struct CommitSeq {
    service::SubscriptionPath path{};
    std::uint64_t seq = 0;
};
struct Truncate {
    QueueName queue{};
    std::uint64_t before = 0;  ///< seq
};
struct GetQuota {
    TenantId tenant{};
};
struct SetQuota {
    TenantId tenant{};
    std::uint64_t limit = 0;  ///< bytes; 0: none
};

/// In the order of `method_names`, but for the second names of some.
using Call = std::variant<CreateQueue, UpdateQueue, DeleteQueue, ListQueues, GetQueue, GetStats,
    PurgeQueue, SetPaused, Redrive, Post, Pop, Ack, Nack, Extend, PostReply, GetReply, GetMessage,
    Peek, CancelMessage, Explain, Reschedule, AppendOutput, ReadOutput, Subscribe, Seek,
    Unsubscribe, ListSubscriptions, Fetch, CommitSeq, Truncate, GetQuota, SetQuota>;

/// Every method by its name.
[[nodiscard]] std::vector<std::string_view> method_names();

/// The place of a method in `method_names`; its size when there is none of this name.
[[nodiscard]] std::size_t method_index(std::string_view method) noexcept;

/// Reads the parameters of the call in `body`, which `read_envelope` found well-formed. Parameters
/// that are unknown are refused, with the nearest name; null means absent.
/// Fails: route_not_found (no such method), invalid_argument, invalid_config, invalid_message,
/// payload_too_large, and as parse_json.
[[nodiscard]] Result<Call> read_call(std::string_view method, std::string_view body);

}  // namespace baton::api::krpc
