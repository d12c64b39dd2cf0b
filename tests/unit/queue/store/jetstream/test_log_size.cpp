#include <map>
#include <random>

#include <gtest/gtest.h>

#include "queue/store/jetstream/log_size.h"

namespace baton::queue::jetstream {
namespace {

TEST(LogSize, entries_count_until_they_are_released) {
    LogSize size(1);
    size.begin(0, 0, 0);
    size.add(7, 100);
    size.add(8, 200);
    size.add(9, 300);
    EXPECT_EQ(size.bytes(), 600U);
    size.release_before(8);
    EXPECT_EQ(size.bytes(), 500U);
    size.release_before(9);
    EXPECT_EQ(size.bytes(), 300U);
}

TEST(LogSize, what_was_there_counts_as_if_all_were_alike) {
    LogSize size(10);
    size.begin(101, 200, 1'000);
    EXPECT_EQ(size.bytes(), 1'000U);
    size.release_before(151);
    EXPECT_EQ(size.bytes(), 500U);
    size.add(201, 50);
    size.release_before(201);
    EXPECT_EQ(size.bytes(), 50U);
}

TEST(LogSize, it_is_never_too_low_and_at_most_a_step_and_an_entry_too_high) {
    constexpr std::uint64_t step = 1'000;
    constexpr std::uint64_t most = 400;
    std::mt19937 random(7);
    LogSize size(step);
    std::map<std::uint64_t, std::uint64_t> kept;
    std::uint64_t number = 0;
    for (int i = 0; i < 10'000; ++i) {
        number += 1 + random() % 3;
        const std::uint64_t bytes = random() % most;
        size.add(number, bytes);
        kept[number] = bytes;
        if (random() % 4 == 0) {
            const auto first = kept.begin()->first + random() % (number - kept.begin()->first + 1);
            size.release_before(first);
            kept.erase(kept.begin(), kept.lower_bound(first));
        }
        std::uint64_t sum = 0;
        for (const auto& [each, taken] : kept) sum += taken;
        ASSERT_GE(size.bytes(), sum);
        ASSERT_LE(size.bytes(), sum + step + most);
    }
}

}  // namespace
}  // namespace baton::queue::jetstream
