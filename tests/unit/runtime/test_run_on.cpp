#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "runtime/run_on.h"

namespace baton::test {
namespace {

Task<Executor> where_am_i() {
    const Executor executor = co_await asio::this_coro::executor;
    co_return executor;
}

Task<std::unique_ptr<std::string>> boxed(std::string text) {
    co_return std::make_unique<std::string>(std::move(text));
}

Task<void> thrower() {
    throw std::runtime_error("boom");
    co_return;
}

TEST(RunOn, the_task_runs_there_and_the_caller_goes_on_here) {
    IoPool io(2);
    Executor inside;
    Executor after;
    const auto caller = [&]() -> Task<void> {
        inside = co_await run_on(io.executor(1), where_am_i());
        after = co_await where_am_i();
    };
    io.run(caller());
    EXPECT_EQ(inside, io.executor(1));
    EXPECT_EQ(after, io.executor(0));
}

TEST(RunOn, a_value_that_can_only_be_moved_comes_back) {
    IoPool io(2);
    const auto box = io.run(run_on(io.executor(1), boxed("here")));
    ASSERT_TRUE(box);
    EXPECT_EQ(*box, "here");
}

TEST(RunOn, an_exception_comes_out_at_the_caller) {
    IoPool io(2);
    EXPECT_THROW(io.run(run_on(io.executor(1), thrower())), std::runtime_error);
}

}  // namespace
}  // namespace baton::test
