// How a limit is divided among the daemons that want some of it. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"

namespace baton::llm {

/// A daemon, as far as one limit goes.
struct ShareParty {
    std::uint64_t in_use = 0;
    std::uint64_t want = 0;  ///< beyond
    std::uint64_t unit = 0;  ///< less than this more is of no use to it
    Duration waited{0};      ///< since it last had something, when it waits
};

/// As much may be in use at each party. The sum is at most `total`; all who are given the same
/// parties in the same order come to the same.
///
/// Max-min fair by what each would have in use: nobody gets more than it has and wants while
/// somebody could be given more. Who has waited longest gets the odd one, and, when its fair part
/// is less than its unit, all of that: at most half of the limit is kept free for it, so that
/// requests larger than everybody's part are sent one after the other and nobody stands still.
[[nodiscard]] std::vector<std::uint64_t> split_limit(
    std::uint64_t total, std::span<const ShareParty> parties);

}  // namespace baton::llm
