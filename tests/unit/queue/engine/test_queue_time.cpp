#include <gtest/gtest.h>

#include "queue/engine/queue_time.h"

namespace baton::queue {
namespace {

TimePoint t(int ms) { return from_unix_ms(1'000'000 + ms); }

TEST(QueueTime, is_the_clock_s_while_that_goes_on) {
    QueueTime time;
    for (const int ms : {0, 1, 1, 50, 1'000'000}) EXPECT_EQ(time.at(t(ms)), t(ms));
}

TEST(QueueTime, goes_at_half_the_pace_until_a_clock_that_went_back_has_caught_up) {
    QueueTime time;
    EXPECT_EQ(time.at(t(1'000)), t(1'000));
    EXPECT_EQ(time.at(t(0)), t(1'000));
    for (int ms = 1; ms <= 2'000; ++ms) EXPECT_EQ(time.at(t(ms)), t(1'000 + ms / 2)) << ms;
    EXPECT_EQ(time.at(t(2'001)), t(2'001));
    EXPECT_EQ(time.at(t(9'000)), t(9'000));
}

TEST(QueueTime, never_goes_back_however_often_the_clock_does) {
    QueueTime time;
    TimePoint last = time.at(t(10'000));
    for (int i = 0; i < 1'000; ++i) {
        const auto now = time.at(t(5'000 - 3 * i + (i % 7) * 10));
        EXPECT_GE(now, last);
        last = now;
    }
    EXPECT_LT(last, t(20'000));
}

TEST(QueueTime, begins_where_the_queues_were) {
    QueueTime time;
    time.reach(t(5'000));
    EXPECT_EQ(time.at(t(0)), t(5'000));
    EXPECT_EQ(time.at(t(2'000)), t(6'000));
    time.reach(t(3'000));
    EXPECT_EQ(time.at(t(4'000)), t(7'000));
    EXPECT_EQ(time.at(t(11'000)), t(11'000));
}

}  // namespace
}  // namespace baton::queue
