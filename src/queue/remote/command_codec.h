// Commands and their answers as bytes: what travels between the daemon that is asked and the one
// that serves the queue. Byte by byte in docs/formats/commands.md.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/message.h"
#include "model/queue_operations.h"

namespace baton::queue::remote {

/// First byte of everything. Another one is refused with protocol_error.
inline constexpr std::uint8_t format_version = 1;

/// Which command. Numbers reach the wire; never renumber.
enum class CommandType : std::uint8_t {
    any = 0,  ///< only of answers: the command was not looked at
    put_queue = 1,
    get_queue = 2,
    list_queues = 3,
    delete_queue = 4,
    purge = 5,
    set_paused = 6,
    pause_key = 7,
    redrive = 8,
    set_quota = 9,
    get_quota = 10,
    get_stats = 11,
    post = 20,
    wait_reply = 21,
    cancel = 22,
    reschedule = 23,
    pop = 30,
    ack = 31,
    nack = 32,
    extend = 33,
    ack_and_pop = 34,
    store_reply = 35,
    charge = 36,
    peek = 40,
    get = 41,
    explain = 42,
    append_output = 50,
    read_output = 51,
    subscribe = 60,
    unsubscribe = 61,
    list_subscriptions = 62,
    fetch = 63,
    commit = 64,
    seek = 65,
    truncate_before = 66,
    withdraw = 80,
};

/// Names one request for all time: a random number of who asks, and a counter. A repeated one is
/// executed once (CommandServer).
struct RequestId {
    std::uint64_t client = 0;
    std::uint64_t number = 0;
    auto operator<=>(const RequestId&) const = default;
};

struct RequestHead {
    CommandType type = CommandType::any;
    RequestId id{};
    std::string_view payload{};  ///< of the request; lives as long as that
};

/// Fails: protocol_error (too short, another version). Whether there is such a type is seen later.
[[nodiscard]] Result<RequestHead> read_request_head(std::string_view request);

// For each command C of *_commands.h:

template <class C>
[[nodiscard]] Bytes encode_request(const RequestId& id, const C& command);

/// Fails: protocol_error.
template <class C>
[[nodiscard]] Result<C> decode_request(std::string_view payload);

template <class C>
[[nodiscard]] Bytes encode_answer(const Result<typename C::Answer>& answer);

/// Fails: what the answer says; protocol_error.
template <class C>
[[nodiscard]] Result<typename C::Answer> decode_answer(std::string_view answer);

/// An answer to any command.
[[nodiscard]] Bytes encode_refusal(const Error& error);

/// The error that an answer to any command says, or protocol_error; nothing when it has a value.
[[nodiscard]] Result<void> error_of_answer(std::string_view answer);

/// Whether it is one of encode_refusal.
[[nodiscard]] bool is_refusal(std::string_view answer) noexcept;

// Events: what a server tells unasked. A leased message was cancelled:
[[nodiscard]] Bytes encode_cancelled(const MessageId& message);
/// Fails: protocol_error, also for events of a newer server: skip them.
[[nodiscard]] Result<MessageId> decode_cancelled(std::string_view event);

/// What the tenants with a quota keep in one partition, all of them. At most
/// QuotaUsage::tenants_max.
struct UsageTold {
    std::uint32_t partition = 0;
    std::vector<TenantUsage> tenants{};
    bool operator==(const UsageTold&) const = default;
};
[[nodiscard]] Bytes encode_usage(const UsageTold& usage);
/// Fails: as decode_cancelled.
[[nodiscard]] Result<UsageTold> decode_usage(std::string_view event);

}  // namespace baton::queue::remote

template <>
struct std::hash<baton::queue::remote::RequestId> {
    std::size_t operator()(const baton::queue::remote::RequestId& id) const noexcept {
        // Both halves differ between requests, the second by one.
        return std::hash<std::uint64_t>{}(id.client ^ (id.number * 0x9E3779B97F4A7C15));
    }
};
