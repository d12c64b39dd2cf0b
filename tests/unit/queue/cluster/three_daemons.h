// Daemons that have shared what there is.
#pragma once

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "cluster_world.h"

namespace baton::queue::cluster {

inline constexpr std::uint32_t partitions = 12;

/// Three daemons that share twelve partitions.
class ThreeDaemons : public testing::Test {
protected:
    ThreeDaemons() {
        for (int i = 0; i < 3; ++i) world.add();
        const auto took = world.run_until([&] { return world.is_balanced({0, 1, 2}); });
        EXPECT_LE(took, Duration(1'500));
        EXPECT_EQ(world.opened(), 12) << "nothing is opened twice when a cluster starts";
    }
    /// The longest time that any partition is not served, over so long.
    Duration longest_gap(Duration time) {
        Duration longest{0};
        std::vector<SteadyTime> since(partitions, world.now());
        for (const auto end = world.now() + time; world.now() < end;) {
            world.run(World::step);
            for (Partition i = 0; i < partitions; ++i) {
                if (!world.serving(i).empty()) since[i] = world.now();
                longest = std::max(longest, world.now() - since[i]);
            }
        }
        return longest;
    }
    World world{partitions};
};

}  // namespace baton::queue::cluster
