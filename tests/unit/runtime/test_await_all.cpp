#include <stdexcept>
#include <string>

#include "base/result.h"
#include "runtime/await_all.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"

namespace baton::test {
namespace {

Task<Result<int>> later(int value, int delay_ms) {
    co_await sleep_until(Deadline::after(std::chrono::milliseconds(delay_ms)));
    co_return value;
}

Task<Result<int>> thrower() {
    throw std::runtime_error("boom");
    co_return 0;
}

TEST(AwaitAll, values_come_in_the_order_given_not_in_that_of_their_ends) {
    IoPool io(1);
    std::vector<Task<Result<int>>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(later(i, 10 - i));
    const auto results = io.run(await_all(std::move(tasks)));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(results.at(static_cast<std::size_t>(i)).value(), i);
}

TEST(AwaitAll, of_nothing_is_nothing) {
    IoPool io(1);
    EXPECT_TRUE(io.run(await_all(std::vector<Task<Result<int>>>())).empty());
}

TEST(AwaitAll, an_exception_comes_out_after_all_have_ended) {
    IoPool io(1);
    std::vector<Task<Result<int>>> tasks;
    tasks.push_back(thrower());
    bool ended = false;
    const auto slow = [&]() -> Task<Result<int>> {
        co_await sleep_until(Deadline::after(std::chrono::milliseconds(20)));
        ended = true;
        co_return 1;
    };
    tasks.push_back(slow());
    EXPECT_THROW(io.run(await_all(std::move(tasks))), std::runtime_error);
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace baton::test
