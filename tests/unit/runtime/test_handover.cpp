// What other threads hand over runs on the context, in order, and wakes it once.
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "runtime/handover.h"
#include "runtime/task.h"

namespace baton::test {
namespace {

namespace asio = boost::asio;

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

Task<void> note_end(std::vector<Completion<int>>& ends, std::vector<int>& done) {
    const auto begin = [&](Completion<int> end) { ends.push_back(std::move(end)); };
    done.push_back(co_await await_completion<int>(begin));
}

/// The queues tell who watches of a message that is cancelled in a later batch than it was popped
/// in.
TEST_F(HandoverTest, is_in_order_with_waits_that_end) {
    constexpr int waits = 200;
    std::vector<Completion<int>> ends;
    for (int i = 0; i < waits; ++i) {
        asio::co_spawn(*io, note_end(ends, done), asio::detached);
    }
    io->poll();
    ASSERT_EQ(ends.size(), 200U);
    for (int i = 0; i < waits; ++i) ends[static_cast<std::size_t>(i)](i);
    push([this, last = waits] { done.push_back(last); });
    io->restart();
    io->poll();
    std::vector<int> expected(waits + 1);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(done, expected);
}

/// A service that is younger than the handover, and so goes before it.
class Younger final : public asio::execution_context::service {
public:
    static asio::execution_context::id id;
    explicit Younger(asio::execution_context& context) : service(context) { is_there = true; }
    ~Younger() override { is_there = false; }
    Younger(const Younger&) = delete;
    Younger& operator=(const Younger&) = delete;
    static inline bool is_there = false;

private:
    void shutdown() noexcept override {}
};
asio::execution_context::id Younger::id;

TEST_F(HandoverTest, what_a_context_did_not_run_goes_while_its_services_are_there) {
    std::size_t ended = 0;
    const Handover::Executor executor = io->get_executor();
    Handover& handover = Handover::of(executor);
    const auto held = [&] {
        return std::shared_ptr<int>(new int(0), [&](const int* number) {
            delete number;
            ++ended;
            EXPECT_TRUE(Younger::is_there);
            handover.push(executor, [this] { done.push_back(-1); });
        });
    };
    for (int i = 0; i < 100; ++i) {
        push([this, kept = held()] { done.push_back(0); });
    }
    asio::use_service<Younger>(*io);
    io->run_one();
    push([this, kept = held()] { done.push_back(0); });
    EXPECT_EQ(done.size(), 64U);
    EXPECT_EQ(ended, 64U);
    io.reset();
    EXPECT_EQ(done.size(), 64U);
    EXPECT_EQ(ended, 101U);
}

}  // namespace
}  // namespace baton::test
