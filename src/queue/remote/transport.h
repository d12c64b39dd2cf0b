// The transport port: how a command reaches the daemon that serves a queue, and its answer comes
// back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "queue/consumer.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue::remote {

/// The queue whose uid stands in the ids of its messages; there need not be one.
struct QueueUid {
    std::uint64_t value = 0;
    bool operator==(const QueueUid&) const = default;
};

/// One of the parts that all queues are divided into; each has one server at a time.
struct Partition {
    std::uint32_t number = 0;  ///< 0 .. partitions() - 1
    auto operator<=>(const Partition&) const = default;
};

/// What a command is about, which says where it goes.
using Route = std::variant<QueueName, QueueUid, Partition>;

/// Bytes of the largest request; a server's answer is kept near CommandServerConfig::answer_bytes.
/// A transport cuts into pieces what its medium does not carry in one.
inline constexpr std::size_t request_bytes_max = 64 * 1024 * 1024;

/// Carries requests and answers as they are. Safe to use from any thread. Must outlive the calls.
///
/// It may lose, delay and repeat: a request that comes twice is executed once (CommandServer), an
/// answer that comes twice or too late is dropped. It must not change bytes, and what one task
/// `tell`s after a `call` must not overtake it by more than chance: the server copes, but a message
/// may be leased to nobody until its lease ends.
class Transport {
public:
    virtual ~Transport() = default;

    /// At least 1. Does not change.
    [[nodiscard]] virtual std::uint32_t partitions() const = 0;

    /// Where a route leads. The same for a queue's name and its uid. Of a uid that no queue has:
    /// any.
    [[nodiscard]] virtual Partition partition_of(const Route& route) const = 0;

    /// Sends a request to whoever serves the route now, and waits for the answer. Resumes on the
    /// caller's executor. Does not repeat a request that may have arrived.
    /// Cancelling the task ends the wait at once with `cancelled`; the server is not told (the
    /// caller `tell`s it `Withdraw`), and an answer that comes later is dropped.
    /// Fails: unavailable: certainly not executed (nobody serves the route, it was not sent, or it
    /// was refused before it was read); queue_unavailable: the same, and asking again does not help
    /// for a while: others may be reached by another daemon; deadline_exceeded and every other
    /// code: whether it is, was or will be executed is not known, but payload_too_large and
    /// shutting_down (after `close`): not sent.
    [[nodiscard]] virtual Task<Result<Bytes>> call(
        Route route, Bytes request, Deadline deadline) = 0;

    /// Sends a request whose answer nobody needs; it may be lost. Does not block.
    virtual void tell(const Route& route, Bytes request) = 0;

    /// From now on `event` is called with each event (read_event) that a server of any partition
    /// tells; some may be lost while servers change. It runs on a thread of the transport and must
    /// be short. Once the watch has gone it is not running and will not be called again. The watch
    /// may outlive the transport.
    [[nodiscard]] virtual std::unique_ptr<Watch> watch(
        std::function<void(std::string_view event)> event) = 0;

    /// Whether requests can be sent now. Fails: unavailable, saying why.
    [[nodiscard]] virtual Result<void> health() const = 0;

    /// Ends the calls under way and refuses later ones, both with shutting_down. Calling it again
    /// does nothing.
    virtual void close() = 0;
};

}  // namespace baton::queue::remote
