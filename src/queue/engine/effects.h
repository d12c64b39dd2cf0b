// What the queues of one engine write to while they change.
#pragma once

#include <cstdint>
#include <vector>

#include "queue/engine/record.h"
#include "queue/engine/timers.h"

namespace baton::queue {

struct Effects {
    std::vector<Record> records;     ///< for the store, in order
    std::uint64_t record_bytes = 0;  ///< content in `records`
    bool needs_fsync = false;        ///< one of them belongs to a queue with durability fsync
    bool has_unforced = true;  ///< batches taken before may not be on disk: none was forced since
    Timers timers;
    std::uint64_t body_bytes =
        0;  ///< content held in memory for queues that have a store behind them
    std::uint64_t body_bytes_max = 0;
};

}  // namespace baton::queue
