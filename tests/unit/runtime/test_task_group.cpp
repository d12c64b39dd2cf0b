#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include "runtime/deadline.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"

namespace baton::test {
namespace {

constexpr auto forever = std::chrono::hours(1);

/// A group on a pool of one thread; `run` runs a task beside the group's own.
struct TaskGroupTest : ::testing::Test {
    IoPool io{1};
    TaskGroup group{io.executor(0)};
    int ended = 0;

    std::function<Task<void>()> sleeper() {
        return [this]() -> Task<void> {
            co_await sleep_until(Deadline::after(forever));
            ++ended;  // a cancelled sleep throws: only a whole one gets here
        };
    }
};

TEST_F(TaskGroupTest, a_cancelled_task_ends_and_the_others_stay) {
    const auto body = [this]() -> Task<void> {
        const auto cancel = group.spawn_cancellable(sleeper());
        group.spawn(sleeper());
        EXPECT_TRUE(cancel);
        cancel();
        while (group.size() > 1)
            co_await sleep_until(Deadline::after(std::chrono::milliseconds(1)));
        EXPECT_EQ(group.size(), 1U);
        co_await group.stop();
        EXPECT_EQ(group.size(), 0U);
    };
    io.run(body());
    EXPECT_EQ(ended, 0);
}

TEST_F(TaskGroupTest, cancelling_an_ended_task_does_nothing) {
    const auto body = [this]() -> Task<void> {
        const auto nothing = [this]() -> Task<void> {
            ++ended;
            co_return;
        };
        const auto cancel = group.spawn_cancellable(nothing);
        const auto cancelled = co_await group.drain(Deadline::after(forever));
        EXPECT_EQ(cancelled, 0U);
        cancel();
    };
    io.run(body());
    EXPECT_EQ(ended, 1);
}

TEST_F(TaskGroupTest, a_stopped_group_refuses_tasks) {
    const auto body = [this]() -> Task<void> {
        co_await group.stop();
        EXPECT_FALSE(group.spawn(sleeper()));
        EXPECT_FALSE(group.spawn_cancellable(sleeper()));
    };
    io.run(body());
}

TEST_F(TaskGroupTest, a_drain_says_how_many_it_had_to_cancel) {
    const auto body = [this]() -> Task<void> {
        for (int i = 0; i < 3; ++i) group.spawn(sleeper());
        const auto cancelled = co_await group.drain(Deadline::after(std::chrono::milliseconds(1)));
        EXPECT_EQ(cancelled, 3U);
        EXPECT_EQ(group.size(), 0U);
    };
    io.run(body());
}

}  // namespace
}  // namespace baton::test
