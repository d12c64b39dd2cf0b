// What ends the waiting for work that may never end.
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <unistd.h>

#include <gtest/gtest.h>

#include "app/signals.h"

namespace baton::app {
namespace {

/// Work that goes on until it is told to end, which outlives those who wait for it.
struct EndlessWork {
    std::shared_ptr<std::promise<void>> end = std::make_shared<std::promise<void>>();
    std::shared_ptr<std::promise<void>> ended = std::make_shared<std::promise<void>>();

    [[nodiscard]] std::function<void()> body() const {
        return [end = end, ended = ended] {
            end->get_future().wait();
            ended->set_value();
        };
    }
    void finish() const {
        end->set_value();
        ended->get_future().wait();
    }
};

TEST(Signals, work_that_ends_in_time_ends_the_waiting) {
    Signals signals;
    EXPECT_FALSE(signals.wait_beside([] {}, Deadline::never()));
    EXPECT_FALSE(signals.wait_beside([] {}, Deadline::after(std::chrono::hours(1'000))));
}

TEST(Signals, work_that_hangs_is_waited_for_up_to_the_limit) {
    Signals signals;
    const EndlessWork work;
    EXPECT_EQ(
        signals.wait_beside(work.body(), Deadline::after(std::chrono::milliseconds(10))), SIGALRM);
    work.finish();
}

TEST(Signals, a_signal_ends_the_waiting_and_a_request_to_reload_does_not) {
    Signals signals;
    const EndlessWork work;
    ::kill(::getpid(), SIGHUP);
    EXPECT_EQ(
        signals.wait_beside(work.body(), Deadline::after(std::chrono::milliseconds(10))), SIGALRM);
    ::kill(::getpid(), SIGTERM);
    const EndlessWork more;
    EXPECT_EQ(signals.wait_beside(more.body(), Deadline::never()), SIGTERM);
    work.finish();
    more.finish();
}

}  // namespace
}  // namespace baton::app
