// The small parts a queue's state is made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/message.h"
#include "queue/engine/fair_lanes.h"

namespace baton::queue {

/// Messages of one ordering key: one is active (in a lane, leased or delayed), the rest wait in
/// line.
struct Line {
    std::uint64_t active = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool paused = false;
};
struct Trouble {
    std::vector<FailureNote> history;
    std::string dead_reason;
};
struct LevelState {
    FairLanes lanes;
    std::uint64_t ready = 0;
    std::uint64_t leased = 0;
};
struct Counts {
    std::uint64_t scheduled = 0;
    std::uint64_t dead = 0;
    std::uint64_t dead_bytes = 0;
    std::uint64_t bytes = 0;  ///< dead ones included
    std::uint64_t posted_total = 0;
    std::uint64_t acked_total = 0;
    std::uint64_t expired_total = 0;
};

}  // namespace baton::queue
