// The small parts a queue's state is made of.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/message.h"

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
    std::uint64_t ready = 0;
    std::uint64_t leased = 0;
};
struct Counts {
    std::uint64_t scheduled = 0;
    std::uint64_t dead = 0;
    std::uint64_t dead_bytes = 0;
    std::uint64_t bytes = 0;       ///< dead ones included
    std::uint64_t kept_bytes = 0;  ///< of replies and outputs, also of messages that are gone
};

/// What no store keeps, and a queue keeps all the same when it is read back after a refused batch.
struct Past {
    std::uint64_t posted = 0;
    std::uint64_t acked = 0;
    std::uint64_t expired = 0;
    TimePoint last_accessed{};
};

/// The totals of a queue, and what they were before the batch that is being made.
class Totals {
public:
    /// To be changed, in the batch of this number.
    [[nodiscard]] Past& in(std::uint64_t batch) noexcept {
        if (std::exchange(batch_, batch) != batch) before_ = now_;
        return now_;
    }
    [[nodiscard]] const Past& now() const noexcept { return now_; }
    [[nodiscard]] const Past& before(std::uint64_t batch) const noexcept {
        return batch_ == batch ? before_ : now_;
    }
    void set(const Past& past) noexcept { now_ = before_ = past; }

private:
    Past now_;
    Past before_;
    std::uint64_t batch_ = 0;
};

}  // namespace baton::queue
