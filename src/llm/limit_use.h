// How much of a limit is in use and what more is wanted: what daemons that share it tell each
// other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace baton::llm {

/// Limits that several daemons may share. Values are on the wire; never renumber.
enum class LimitKind : std::uint8_t {
    concurrency = 0,
    requests = 1,  ///< of a minute, as the next two
    input_tokens = 2,
    output_tokens = 3,
};
inline constexpr std::size_t limit_kinds = 4;

struct LimitUse {
    static constexpr std::size_t steps = 6;
    static constexpr Duration step{10'000};

    std::uint64_t limit = 0;   ///< of all daemons together; 0: there is none
    std::uint64_t may = 0;     ///< as much may be in use here
    std::uint64_t in_use = 0;  ///< under way, or taken in the last minute
    /// Of a minute: what leaves it within one step from now, between one and two, …
    std::array<std::uint64_t, steps> leaving{};
    std::uint64_t want = 0;  ///< beyond what is in use, soon
    std::uint64_t unit = 0;  ///< the most that one request waits for; 0: none waits
    Duration waited{0};      ///< so long has nothing been taken while something waits
    bool operator==(const LimitUse&) const = default;
};

}  // namespace baton::llm
