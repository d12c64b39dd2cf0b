// The store port: where records become durable. It knows no rules about queues.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/output.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// What a message says beside its content.
[[nodiscard]] inline std::uint64_t extra_bytes_of(
    std::string_view metadata, std::span<const Header> headers) noexcept {
    std::uint64_t bytes = metadata.size();
    for (const auto& header : headers) bytes += header.name.size() + header.value.size();
    return bytes;
}

/// A message as a store gives it back at start: everything but its content.
struct RecoveredMessage {
    Locator at;
    TimePoint posted_at{};
    TimePoint due_at{};
    std::optional<TimePoint> expires_at{};
    Level priority = Level::normal;
    std::uint64_t size_bytes = 0;   ///< of the content
    std::uint64_t extra_bytes = 0;  ///< as extra_bytes_of, about
    std::string ordering_key;
    std::string fairness_key;
    std::uint32_t cost = 1;              ///< cost_of its headers
    std::optional<Delivery> delivery{};  ///< absent: never touched since the post
};

/// The reply to a message, without what it says.
struct RecoveredReply {
    Locator at;
    std::uint64_t bytes = 0;  ///< of its result
    TimePoint expires_at{};
};

/// The output of a message, without its events.
struct RecoveredOutput {
    Locator at;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;  ///< of all events
    TimePoint expires_at{};
};

/// Takes what a store has. Queues come before what is in them; messages of a queue come by seq, and
/// before their outputs.
class RecoverySink {
public:
    virtual ~RecoverySink() = default;
    /// `next_seq`: larger than every seq ever given out in the queue.
    virtual void queue(QueuePut queue, std::uint64_t next_seq) = 0;
    virtual void message(RecoveredMessage message) = 0;
    virtual void dedup(Locator first, std::string key, TimePoint until) = 0;
    virtual void reply(RecoveredReply reply) = 0;
    virtual void output(RecoveredOutput output) = 0;
    virtual void cursor(QueueNumber queue, std::string subscription, std::uint64_t committed) = 0;
    /// A key of the queue that is paused; after the queue and before its messages.
    virtual void paused_key(QueueNumber queue, KeyKind kind, std::string key) = 0;
    /// A quota other than none; before all queues.
    virtual void quota(TenantId owner, std::uint64_t limit) = 0;
};

/// Whether a commit that failed with `error` wrote nothing, and later ones may succeed.
[[nodiscard]] inline bool wrote_nothing(const Error& error) noexcept {
    return error.code == Errc::storage_full || error.code == Errc::unavailable;
}

/// One store serves one data directory. Everything blocks. `recover`, `reserve`, `commit` and
/// `close` come from one thread at a time; the reads from any thread, also meanwhile.
class Store {
public:
    virtual ~Store() = default;

    /// Hands out everything that is kept. Fails: storage_io, storage_corrupt.
    [[nodiscard]] virtual Result<void> recover(RecoverySink& sink) = 0;

    /// Sees to it that the next commit finds room for `bytes` of growth (growth.h), and returns for
    /// how much it does, at least `bytes`; 0 asks what there is already. Costs no system call while
    /// there is room. What makes room (records without growth) needs no asking and goes on when
    /// this fails. A promise: only others that write to the same disk can make the commit fail with
    /// storage_full all the same.
    /// Fails: storage_full, storage_io.
    [[nodiscard]] virtual Result<std::uint64_t> reserve(std::uint64_t bytes) = 0;

    /// Makes the records durable, all or none, in their order. `records`: at least one.
    /// `durability`: fsync or relaxed (see Durability).
    /// Fails: storage_full, unavailable (nothing was written, later commits may succeed);
    /// storage_io, storage_corrupt (it is not known what was written: the store refuses every
    /// further commit until it is opened again).
    [[nodiscard]] virtual Result<void> commit(
        std::span<const Record> records, Durability durability) = 0;

    /// The data of committed messages, in the same order; null for one that is gone.
    [[nodiscard]] virtual Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) = 0;

    /// A kept reply; null when it is gone.
    [[nodiscard]] virtual Result<std::shared_ptr<const Reply>> read_reply(Locator message) = 0;

    /// Committed events of a message's output from offset `from` on, in order, at most `max`, and
    /// as many as one answer holds (base/answer_budget.h); fewer when there are no more or the
    /// output is gone.
    [[nodiscard]] virtual Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) = 0;

    /// Ends the writing: what was committed relaxed is on disk then, and nothing that could fail is
    /// left to destruction. Once, after the last commit; the reads go on. A store that has stopped
    /// has said why, and says nothing more.
    /// Fails: storage_io, storage_full (what was committed with fsync is on disk all the same).
    [[nodiscard]] virtual Result<void> close() = 0;
};

}  // namespace baton::queue
