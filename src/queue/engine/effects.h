// What the queues of one engine write to while they change.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "model/message.h"
#include "queue/engine/message_table.h"
#include "queue/engine/record.h"
#include "queue/engine/store_room.h"
#include "queue/engine/timers.h"

namespace baton::queue {

/// Whom what has changed may concern, beyond those who wait for messages of a queue.
struct StreamNews {
    std::vector<MessageId> outputs;   ///< awaited output came, or ended
    std::vector<std::uint64_t> logs;  ///< uids of logs that have more to fetch
};

/// What a content in memory costs: its bytes, MessageData, and the blocks both share. Measured with
/// glibc: 496 for 256 bytes.
[[nodiscard]] constexpr std::uint64_t body_footprint(const Slot& slot) noexcept {
    constexpr std::uint64_t overhead = 240;
    return slot.size_bytes + overhead;
}

/// A tenant's storage: content, replies and outputs of all its queues that a store keeps.
struct Tenant {
    std::uint64_t used = 0;       ///< bytes
    std::uint64_t limit = 0;      ///< 0: none
    std::uint64_t elsewhere = 0;  ///< bytes of its queues in other engines, as this one was told
};

struct Effects {
    std::vector<Record> records;     ///< for the store, in order
    std::uint64_t record_bytes = 0;  ///< content in `records`
    bool needs_fsync = false;        ///< one of them belongs to a queue with durability fsync
    bool has_unforced = true;  ///< batches taken before may not be on disk: none was forced since
    StoreRoom room;
    std::uint64_t batch = 1;                       ///< number of the batch that is being made
    std::unordered_map<TenantId, Tenant> tenants;  ///< nodes stay where they are
    Timers timers;
    std::uint64_t body_bytes =
        0;  ///< what contents in memory cost, of queues that have a store behind them
    std::uint64_t body_bytes_max = 0;
    std::uint64_t history_bytes = 0;  ///< of `body_bytes`: what logs and outputs hold
    StreamNews news;
    std::uint64_t gone = 0;  ///< messages that went since the pipeline last asked

    /// What one log or one output may hold in memory: its newest part.
    [[nodiscard]] std::uint64_t tail_max() const noexcept { return body_bytes_max / 64; }
    [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept {
        return body_bytes + bytes <= body_bytes_max;
    }
    /// Takes memory for logs and outputs, which get half of the budget together. False: none left.
    [[nodiscard]] bool hold(std::uint64_t bytes) noexcept {
        if (!has_room(bytes) || history_bytes + bytes > body_bytes_max / 2) {
            return false;
        }
        body_bytes += bytes;
        history_bytes += bytes;
        return true;
    }
    void release(std::uint64_t bytes) noexcept {
        body_bytes -= bytes;
        history_bytes -= bytes;
    }
};

}  // namespace baton::queue
