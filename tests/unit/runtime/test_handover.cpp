// What other threads hand over runs on the context, in order, and wakes it once.
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "runtime/handover.h"

namespace baton::test {
namespace {

namespace asio = boost::asio;
using detail::Handover;

class HandoverTest : public ::testing::Test {
protected:
    void push(Handover::Work work) {
        const Handover::Executor executor = io->get_executor();
        Handover::of(executor).push(executor, std::move(work));
    }
    /// Work that notes its number.
    void push_numbers(int count) {
        for (int i = 0; i < count; ++i) {
            push([this, i] { done.push_back(i); });
        }
    }

    std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>(1);
    std::vector<int> done;
};

TEST_F(HandoverTest, runs_in_order_and_wakes_the_context_once_for_many) {
    push_numbers(64);
    EXPECT_TRUE(done.empty());
    EXPECT_EQ(io->poll_one(), 1U);
    ASSERT_EQ(done.size(), 64U);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
    io->poll();
    io->restart();
    EXPECT_EQ(io->poll(), 0U);
    io->restart();
    push_numbers(1);
    EXPECT_EQ(io->poll(), 1U);
    EXPECT_EQ(done.size(), 65U);
}

TEST_F(HandoverTest, what_else_the_context_has_to_do_has_its_turn) {
    push_numbers(1'000);
    std::size_t before = 0;
    asio::post(*io, [&] { before = done.size(); });
    io->poll();
    EXPECT_GT(before, 0U);
    EXPECT_LE(before, 64U);
    EXPECT_EQ(done.size(), 1'000U);
}

TEST_F(HandoverTest, work_may_hand_over_more) {
    push([this] {
        push_numbers(2);
        done.push_back(-1);
    });
    io->poll();
    EXPECT_EQ(done, (std::vector<int>{-1, 0, 1}));
}

TEST_F(HandoverTest, work_that_throws_does_not_hold_up_what_is_behind_it) {
    push([] { throw std::runtime_error("planted"); });
    push_numbers(3);
    EXPECT_THROW(io->poll(), std::runtime_error);
    io->restart();
    io->poll();
    EXPECT_EQ(done.size(), 3U);
}

TEST_F(HandoverTest, threads_lose_and_swap_nothing) {
    constexpr int threads = 4;
    constexpr int each = 20'000;
    std::vector<int> last(threads, -1);
    std::vector<std::thread> pushing;
    int count = 0;
    auto work = std::make_unique<asio::executor_work_guard<asio::io_context::executor_type>>(
        io->get_executor());
    for (int t = 0; t < threads; ++t) {
        pushing.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                push([&, t, i] {
                    auto& before = last[static_cast<std::size_t>(t)];
                    EXPECT_EQ(before, i - 1);
                    before = i;
                    if (++count == threads * each) work.reset();
                });
            }
        });
    }
    io->run();
    for (auto& thread : pushing) thread.join();
    EXPECT_EQ(count, threads * each);
}

TEST_F(HandoverTest, what_a_context_did_not_run_goes_with_it) {
    const auto held = std::make_shared<int>(0);
    for (int i = 0; i < 100; ++i) {
        push([this, held] { done.push_back(0); });
    }
    io->run_one();
    EXPECT_EQ(done.size(), 64U);
    io.reset();
    EXPECT_EQ(done.size(), 64U);
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace baton::test
