// What a queue in log mode keeps beside its messages: subscriptions, and where it begins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"

namespace baton::queue {

/// A log has no holes: its messages are those from `head` to the last one posted.
struct LogState {
    std::uint64_t head = 1;  ///< seq of the oldest message; of the next one when there is none
    std::map<std::string, std::uint64_t, std::less<>> cursors;  ///< subscription → committed seq
    std::uint64_t tail_begin = 1;  ///< messages from here on may have their content in memory …
    std::uint64_t tail_held = 0;   ///< … and take this much of the budget
    TimePoint retention_armed = TimePoint::max();
    bool told = false;  ///< those who wait will be looked at
};

}  // namespace baton::queue
