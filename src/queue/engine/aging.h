// Aging: how far waiting has raised a message. Pure.
#pragma once

#include <array>

#include "base/clock.h"
#include "model/queue_config.h"

namespace baton::queue {

struct Aged {
    Level level = Level::normal;
    TimePoint next_at = TimePoint::max();  ///< when it rises again; max(): never
};

/// The level at `now` of a message posted at level `priority` and first ready at `entered_at`: each
/// time it has waited its level's max_wait_time, it rises by one and waits there anew.
[[nodiscard]] inline Aged aged_level(Level priority, TimePoint entered_at, TimePoint now,
    const std::array<LevelConfig, level_count>& levels) {
    Aged aged{.level = priority};
    TimePoint since = entered_at;
    while (aged.level != Level::realtime) {
        const Duration wait = levels[static_cast<std::size_t>(aged.level)].max_wait_time;
        if (wait == Duration(0)) return aged;
        since += wait;
        if (since > now) {
            aged.next_at = since;
            return aged;
        }
        aged.level = static_cast<Level>(static_cast<std::uint8_t>(aged.level) - 1);
    }
    return aged;
}

/// When a message that stands at `level` by now rises from there; max(): never.
[[nodiscard]] inline TimePoint rises_at(Level priority, Level level, TimePoint entered_at,
    const std::array<LevelConfig, level_count>& levels) {
    if (level == Level::realtime) return TimePoint::max();
    TimePoint at = entered_at;
    for (auto i = static_cast<std::size_t>(priority); i >= static_cast<std::size_t>(level); --i) {
        if (levels[i].max_wait_time == Duration(0)) return TimePoint::max();
        at += levels[i].max_wait_time;
    }
    return at;
}

}  // namespace baton::queue
