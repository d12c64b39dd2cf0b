#include <gtest/gtest.h>

#include "pool_world.h"

namespace baton::llm {
namespace {

/// A pool whose limits other daemons have too: nothing is sent until they are heard of.
class SharedPool : public testing::Test, protected PoolWorld {
protected:
    SharedPool() {
        shares_limits = true;
        config.models.push_back({.name = "m", .limits = {.concurrency = 2}});
    }
    /// Of all limits in the test, those that are asked for.
    void allow(std::uint64_t may) {
        std::vector<ShareBound> bounds;
        for (const auto& named : pool().shared_limits().uses()) {
            bounds.push_back({.key = named.key, .may = may});
        }
        pool().shared_limits().allow(bounds, clock.steady_now() + std::chrono::seconds(2));
    }
};

TEST_F(SharedPool, a_chat_waits_for_its_share_for_a_moment) {
    add({.name = "a", .limits = {.requests_per_minute = 5}});
    pool().shared_limits().on_want([this] { allow(1); });
    EXPECT_TRUE(chat());
    const auto uses = pool().shared_limits().uses();
    ASSERT_EQ(uses.size(), 2U);
    EXPECT_EQ(uses[0].key, "requests endpoint a");
    EXPECT_EQ(uses[0].use.in_use, 1U);
    EXPECT_EQ(uses[0].use.leaving.back(), 1U);
    EXPECT_EQ(uses[1].key, "concurrency model m");
    EXPECT_EQ(uses[1].use.in_use, 0U) << "it has ended";
}

TEST_F(SharedPool, a_share_that_does_not_come_is_a_limit) {
    add({.name = "a"});
    std::size_t asked_for = 0;
    pool().shared_limits().on_want([&asked_for] { ++asked_for; });
    const auto refused = chat();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::provider_rate_limited);
    EXPECT_GT(refused.error().retry_after, Duration(0));
    EXPECT_GT(asked_for, 3U) << "it asked again";
    EXPECT_EQ(asked(), (std::vector<std::size_t>{0}));
    EXPECT_EQ(pool().ready_at("m"), TimePoint::min()) << "who asks finds out";
}

TEST_F(SharedPool, a_share_holds_until_its_time_and_not_longer) {
    add({.name = "a"});
    pool().shared_limits().on_want([this] { allow(1); });
    ASSERT_TRUE(chat());
    pool().shared_limits().on_want([] {});
    EXPECT_TRUE(chat());
    clock.advance(std::chrono::seconds(3));
    EXPECT_FALSE(chat());
}

TEST_F(SharedPool, another_endpoint_that_has_a_share_is_asked_at_once) {
    config.models.clear();
    add({.name = "a", .limits = {.requests_per_minute = 5}});
    add({.name = "b"});
    EXPECT_TRUE(chat());
    EXPECT_EQ(asked(), (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace baton::llm
