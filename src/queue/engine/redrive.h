// What redriving dead letters passes around.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/message.h"
#include "model/queue_operations.h"

namespace baton::queue {

/// A key that is held back.
struct PausedKey {
    KeyKind kind = KeyKind::ordering;
    std::string key;
    auto operator<=>(const PausedKey&) const = default;
};

/// When the letters of a redrive are due: the i-th at `start` + i / rate.
struct RedriveSchedule {
    TimePoint start{};
    std::uint64_t first = 0;  ///< i of the first one at hand
    std::uint32_t rate_per_second = 0;

    [[nodiscard]] TimePoint due(std::uint64_t i) const noexcept {
        if (rate_per_second == 0) return start;
        return start + Duration(static_cast<std::int64_t>((first + i) * 1'000 / rate_per_second));
    }
};

/// A dead letter on its way to another queue.
struct MovedLetter {
    std::shared_ptr<const MessageData> data;  ///< null: read it from the store
    std::uint32_t attempts = 0;
    std::vector<FailureNote> history;
};

/// How far a redrive has come.
struct RedriveStep {
    std::uint64_t moved = 0;
    std::uint64_t last_seq = 0;  ///< go on after this one
    bool more = false;           ///< there may be more
};

}  // namespace baton::queue
