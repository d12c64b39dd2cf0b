// Output streams: what workers say about a message while they work on it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace baton {

/// One event of a message's output. Never changes afterwards.
struct OutputEvent {
    std::uint64_t offset = 0;   ///< 0, 1, 2 … without gaps, through all deliveries
    std::uint32_t attempt = 0;  ///< the delivery whose worker said it
    TimePoint at{};
    Bytes data{};
    bool operator==(const OutputEvent&) const = default;
};

/// A part of a message's output.
struct OutputPage {
    std::vector<OutputEvent> events{};
    std::uint64_t next = 0;  ///< the offset to go on from
    bool ended = false;      ///< the message is finished, and nothing comes after `events`
    bool operator==(const OutputPage&) const = default;
};

}  // namespace baton
