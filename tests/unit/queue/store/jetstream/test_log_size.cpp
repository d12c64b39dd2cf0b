#include <map>
#include <random>

#include <gtest/gtest.h>

#include "queue/store/jetstream/log_size.h"

namespace baton::queue::jetstream {
namespace {

TEST(LogSize, entries_count_until_they_are_released) {
    LogSize size(-1);
    size.begin(0, 0, 0);
    size.add(7, 10'000);
    size.add(8, 20'000);
    size.add(9, 30'000);
    EXPECT_EQ(size.bytes(), 60'000U);
    size.release_before(8);
    EXPECT_EQ(size.bytes(), 50'000U);
    size.release_before(9);
    EXPECT_EQ(size.bytes(), 30'000U);
    EXPECT_EQ(size.room(), UINT64_MAX - 30'000);
    EXPECT_TRUE(size.holds(1'000'000'000));
}

TEST(LogSize, what_was_there_counts_as_if_all_were_alike) {
    LogSize size(1'000'000);
    size.begin(101, 200, 500'000);
    EXPECT_EQ(size.bytes(), 500'000U);
    EXPECT_EQ(size.room(), 250'000U);
    EXPECT_TRUE(size.holds(500'000));
    EXPECT_FALSE(size.holds(500'001));
    size.release_before(151);
    EXPECT_EQ(size.bytes(), 250'000U);
    size.add(201, 50'000);
    size.release_before(201);
    EXPECT_EQ(size.bytes(), 50'000U);
    size.add(202, 2'000'000);
    EXPECT_EQ(size.room(), 0U);
}

TEST(LogSize, it_is_what_the_streams_take_where_they_were_asked) {
    LogSize size(1'000'000);
    size.begin(1, 100, 500'000);
    size.add(101, 50'000);
    size.correct(450'000);  // some were smaller than thought
    EXPECT_EQ(size.bytes(), 450'000U);
    size.release_before(11);
    EXPECT_EQ(size.bytes(), 450'000U);
    size.release_before(101);
    EXPECT_EQ(size.bytes(), 50'000U);
    size.correct(700'000);  // and some larger
    EXPECT_EQ(size.bytes(), 700'000U);
    size.add(102, 60'000);
    size.release_before(102);
    EXPECT_EQ(size.bytes(), 60'000U);
}

TEST(LogSize, it_is_never_too_low_and_at_most_a_step_and_an_entry_too_high) {
    constexpr std::uint64_t step = 4'096;
    constexpr std::uint64_t most = 1'600;
    std::mt19937 random(7);
    LogSize size(1'000'000);
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
