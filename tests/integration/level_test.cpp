// Levels through the whole daemon, while many post and one takes.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/daemon_session.h"

namespace baton::test {
namespace {

const QueueName work{"work"};
constexpr std::size_t posters = 16;
constexpr std::size_t posts_each = 150;

NewMessage message_of(Level level, std::string content) {
    NewMessage message;
    message.data.content = Bytes(std::move(content));
    message.data.priority = level;
    return message;
}

class LevelTest : public testing::Test {
protected:
    LevelTest() : daemon_(Daemon::start({.settings = {"logging.level=warn"}})), session_(*daemon_) {
        EXPECT_TRUE(pool_.run(session_.queues.put(work, QueueConfig{})));
    }

    /// Posts one by one, the level changing each time.
    Task<void> post_mixed(std::size_t poster) {
        for (std::size_t i = 0; i < posts_each; ++i) {
            const auto level = static_cast<Level>((poster + i) % level_count);
            std::vector<NewMessage> one;
            one.push_back(message_of(level, "mixed"));
            const auto posted = co_await session_.queues.post(work, std::move(one));
            EXPECT_TRUE(posted) << to_string(posted.error());
        }
    }

    /// Runs `body(i)` for `count` posters beside each other, and `beside` with them, to their end.
    void run_together(std::size_t count, const std::function<Task<void>(std::size_t)>& body,
        const std::function<Task<void>()>& beside) {
        TaskGroup group(pool_.executor(0));
        const auto all = [&]() -> Task<void> {
            for (std::size_t i = 0; i < count; ++i) {
                group.spawn([&body, i] { return body(i); });
            }
            group.spawn(beside);
            const auto left = co_await group.drain(Deadline::after(std::chrono::seconds(60)));
            EXPECT_EQ(left, 0U);
        };
        pool_.run(all());
    }

    Task<std::vector<LeasedMessage>> pop(std::uint32_t max) {
        client::PopOptions options{.max = max};
        auto popped = co_await session_.queues.pop(work, options);
        EXPECT_TRUE(popped) << to_string(popped.error());
        std::vector<std::string> receipts;
        for (const auto& leased : *popped) receipts.push_back(leased.receipt.text());
        if (!receipts.empty()) {
            const auto acked = co_await session_.queues.ack(work, receipts);
            EXPECT_TRUE(acked);
        }
        co_return *std::move(popped);
    }

    IoPool pool_{1};
    std::unique_ptr<Daemon> daemon_;
    DaemonSession session_;
};

TEST_F(LevelTest, backlog_of_many_posters_comes_out_by_level_and_fifo_inside) {
    const auto nothing = []() -> Task<void> { co_return; };
    run_together(posters, [this](std::size_t i) { return post_mixed(i); }, nothing);
    std::vector<LeasedMessage> all;
    while (all.size() < posters * posts_each) {
        const auto batch = pool_.run(pop(97));
        ASSERT_FALSE(batch.empty()) << "only " << all.size() << " came";
        all.insert(all.end(), batch.begin(), batch.end());
    }
    for (std::size_t i = 1; i < all.size(); ++i) {
        const auto& before = all[i - 1].message;
        const auto& after = all[i].message;
        ASSERT_LE(before.data->priority, after.data->priority) << "at " << i;
        if (before.data->priority == after.data->priority) {
            ASSERT_LT(before.id.seq, after.id.seq) << "at " << i;
        }
    }
}

TEST_F(LevelTest, realtime_overtakes_a_backlog_while_others_keep_posting) {
    constexpr std::size_t urgent_count = 100;
    const auto post_low = [this](std::size_t) -> Task<void> {
        for (std::size_t i = 0; i < posts_each; ++i) {
            std::vector<NewMessage> one;
            one.push_back(message_of(Level::low, "patient"));
            const auto posted = co_await session_.queues.post(work, std::move(one));
            EXPECT_TRUE(posted);
        }
    };
    const auto overtake = [this]() -> Task<void> {
        for (std::size_t i = 0; i < urgent_count; ++i) {
            std::vector<NewMessage> one;
            one.push_back(message_of(Level::realtime, "urgent"));
            const auto posted = co_await session_.queues.post(work, std::move(one));
            EXPECT_TRUE(posted);
            const auto first = co_await pop(1);
            // Accepted before this pop began, so nothing patient may come first.
            EXPECT_EQ(first.size(), 1U);
            if (first.empty()) co_return;
            EXPECT_EQ(first[0].message.data->content.view(), "urgent");
        }
    };
    run_together(posters, post_low, overtake);
}

}  // namespace
}  // namespace baton::test
