#include <gtest/gtest.h>

#include "llm/provider_error.h"
#include "support/eventually.h"
#include "unit/llm/pool_world.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::FakeProvider;

class PoolUpkeepTest : public testing::Test, protected PoolWorld {
protected:
    void start() { thread.run(pool().start()); }
    void stop() { thread.run(pool().stop()); }
    /// On the executor of the providers.
    void make_probes_fail(bool fails) {
        const auto set = [](FakeProvider& provider, bool failing) -> Task<void> {
            provider.models_error.reset();
            if (failing) provider.models_error = Error{.code = Errc::provider_unavailable};
            co_return;
        };
        thread.run(set(provider(0), fails));
    }
};

TEST_F(PoolUpkeepTest, cooldown_survives_a_restart) {
    add({.name = "a"});
    provider(0).rate = RateReport{.requests = {.remaining = 0, .reset = 90s}};
    start();
    ASSERT_TRUE(chat());
    stop();

    PoolWorld again;
    again.records.restart_from(records);
    again.clock.advance(30s);
    again.add({.name = "a"});
    const auto waits = again.chat();
    EXPECT_EQ(waits.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(waits.error().retry_after, 60s);
    again.clock.advance(60s);
    EXPECT_TRUE(again.chat());
}

TEST_F(PoolUpkeepTest, money_of_the_day_survives_a_restart) {
    const EndpointConfig endpoint{.name = "a",
        .limits = {.cost_per_day = 0.0025},
        .prices = {{.model = "m", .input = 100, .output = 100}}};
    add(endpoint);
    start();
    ASSERT_TRUE(chat());
    stop();

    PoolWorld again;
    again.records.restart_from(records);
    again.add(endpoint);
    again.thread.run(again.pool().start());
    EXPECT_DOUBLE_EQ(again.pool().status()[0].cost_today, 0.001);
    EXPECT_EQ(again.chat().error().retry_after, 24h) << "0.001 is spent, 0.01 would be held";
    again.clock.advance(24h);
    EXPECT_TRUE(again.chat());
    EXPECT_DOUBLE_EQ(again.pool().status()[0].cost, 0.001);
    again.thread.run(again.pool().stop());
}

TEST_F(PoolUpkeepTest, money_that_has_a_limit_is_claimed_before_it_is_spent) {
    add({.name = "a",
        .limits = {.cost_per_day = 1},
        .prices = {{.model = "m", .input = 100, .output = 100}}});
    EXPECT_FALSE(chat()) << "nobody writes yet";
    start();
    provider(0).script = {[this](ChatRequest request, ChatSink sink, Deadline end) {
        EXPECT_TRUE(!records.claims.empty() && records.claims[0].claim.claim > 0.01);
        return FakeProvider::answer("yes")(std::move(request), std::move(sink), end);
    }};
    ASSERT_TRUE(chat());
    stop();
    ASSERT_EQ(records.claims.size(), 1U);
    EXPECT_DOUBLE_EQ(records.claims[0].claim.spent, 0.001);
    EXPECT_DOUBLE_EQ(records.claims[0].claim.claim, 0.001) << "the rest was given back";
}

TEST_F(PoolUpkeepTest, an_endpoint_without_money_yet_gets_some_while_another_one_works) {
    add({.name = "limited",
        .limits = {.cost_per_day = 100},
        .prices = {{.model = "m", .input = 100, .output = 100}}});
    add({.name = "free"});
    start();
    EXPECT_TRUE(test::eventually([this] {
        EXPECT_TRUE(chat());
        return asked()[0] > 0;
    }));
    const auto before = asked();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked()[0], before[0] + 5) << "their turns are equal again";
    stop();
}

TEST_F(PoolUpkeepTest, what_others_have_claimed_of_a_day_is_not_spent_here) {
    config.tenants = {{.name = "acme", .limits = {.cost_per_day = 1}}};
    add({.name = "a", .prices = {{.model = "m", .input = 100, .output = 100}}});
    records.elsewhere = {{.owner = {PurseScope::tenant, "acme"}, .spent = 0.5, .claimed = 0.995}};
    start();
    const Asker acme{.tenant = TenantId("acme")};
    const auto refused = chat(acme);
    EXPECT_EQ(refused.error().code, Errc::provider_rate_limited);
    EXPECT_LE(refused.error().retry_after, 2s) << "it may be given back";
    EXPECT_TRUE(chat());
    stop();
}

TEST_F(PoolUpkeepTest, while_nothing_can_be_written_only_what_is_claimed_is_spent) {
    add({.name = "a",
        .limits = {.cost_per_day = 1},
        .prices = {{.model = "m", .input = 100, .output = 100}}});
    start();
    ASSERT_TRUE(chat());
    records.is_away = true;
    int answered = 0;
    while (answered < 100 && chat()) ++answered;
    EXPECT_LT(answered, 30) << "an estimate of 0.01 was claimed ahead, and 0.001 is a chat's";
    records.is_away = false;
    EXPECT_TRUE(test::eventually([this] { return chat().has_value(); }));
    stop();
}

TEST_F(PoolUpkeepTest, spending_is_written_together) {
    add({.name = "a", .prices = {{.model = "m", .input = 1, .output = 1}}});
    start();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(chat());
    stop();
    EXPECT_LE(records.writes, 20) << "one a second at most";
    ASSERT_EQ(records.claims.size(), 1U);
    EXPECT_NEAR(records.claims[0].claim.spent, 200 * 10 / 1e6, 1e-9);
}

TEST_F(PoolUpkeepTest, probe_that_is_answered_brings_an_endpoint_back_and_no_request_is_risked) {
    config.probe_interval = 50ms;
    add({.name = "a"});
    provider(0).models_error = Error{.code = Errc::provider_unavailable};
    start();
    for (int i = 0; i < 3; ++i) {
        provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
        ASSERT_FALSE(chat());
    }
    clock.advance(1min);  // by time alone it would be half open
    const auto breaker_is = [this](BreakerState state) {
        return [this, state] { return pool().status()[0].breaker == state; };
    };
    EXPECT_TRUE(test::eventually(breaker_is(BreakerState::open)));
    EXPECT_FALSE(chat());
    EXPECT_EQ(asked()[0], 3U);
    make_probes_fail(false);
    EXPECT_TRUE(test::eventually(breaker_is(BreakerState::half_open)));
    EXPECT_TRUE(chat());
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::closed);
    stop();
}

TEST_F(PoolUpkeepTest, probe_whose_key_is_refused_neither_blames_nor_clears) {
    config.health_check_interval = 1ms;
    config.probe_interval = 1ms;
    add({.name = "a"});
    provider(0).models_error =
        Error{.code = Errc::provider_unavailable, .field = std::string(access_field)};
    start();
    for (int i = 0; i < 2; ++i) {
        provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "HTTP 401")};
        ASSERT_FALSE(chat());
        const std::uint32_t before = provider(0).probes;
        ASSERT_TRUE(test::eventually([&] { return provider(0).probes > before + 2; }));
        EXPECT_EQ(pool().status()[0].breaker, BreakerState::closed) << "it may be fit for chats";
    }
    provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "HTTP 401")};
    ASSERT_FALSE(chat());
    EXPECT_NE(pool().status()[0].breaker, BreakerState::closed) << "three in a row, as chats count";
    stop();
}

TEST_F(PoolUpkeepTest, list_of_models_that_is_none_says_nothing_of_chats) {
    config.health_check_interval = 10ms;
    config.probe_interval = 10ms;
    add({.name = "a"});
    provider(0).models_error = Error{.code = Errc::provider_protocol};
    start();
    EXPECT_TRUE(test::eventually([this] { return provider(0).probes > 3; }));
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::closed);
    EXPECT_TRUE(chat());
    stop();
}

TEST_F(PoolUpkeepTest, endpoint_whose_list_of_models_is_none_gets_its_trial_by_time) {
    config.probe_interval = 10ms;
    add({.name = "a"});
    provider(0).models_error = Error{.code = Errc::provider_protocol};
    start();
    for (int i = 0; i < 3; ++i) {
        provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
        ASSERT_FALSE(chat());
    }
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::open);
    clock.advance(1s);
    EXPECT_TRUE(test::eventually([this] { return provider(0).probes > 3; }));
    EXPECT_TRUE(chat());
    stop();
}

class HedgeTest : public testing::Test, protected PoolWorld {
protected:
    HedgeTest() {
        config.hedge = true;
        add({.name = "a"});
        add({.name = "b"});
        const FakeProvider::Step usual = [this](ChatRequest request, ChatSink sink, Deadline end) {
            clock.advance(50ms);
            return FakeProvider::answer("usual")(std::move(request), std::move(sink), end);
        };
        provider(0).script.assign(30, usual);
        provider(1).script.assign(30, usual);
        for (int i = 0; i < 60; ++i) EXPECT_TRUE(chat());
        said.clear();
    }
};

TEST_F(HedgeTest, second_endpoint_answers_while_the_first_is_silent) {
    provider(0).script = {provider(0).hang()};
    const auto result = chat();
    ASSERT_TRUE(result);
    EXPECT_EQ(said, "fake answer");
    EXPECT_EQ(asked()[0] + asked()[1], 62U);
    EXPECT_EQ(provider(0).cancelled, 1U);
    EXPECT_EQ(pool().status()[0].in_flight, 0U);
}

TEST_F(HedgeTest, one_that_has_begun_is_not_raced) {
    provider(0).script.push_back(
        [](ChatRequest, ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
            sink({.text = "slow "});
            co_await sleep_until(Deadline::after(std::chrono::milliseconds(80)));
            sink({.text = "start"});
            co_return ChatResult{.content = "slow start"};
        });
    ASSERT_TRUE(chat());
    EXPECT_EQ(said, "slow start");
    EXPECT_EQ(asked()[0] + asked()[1], 61U);
}

TEST_F(HedgeTest, failure_of_both_goes_on_as_without) {
    provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
    provider(1).script = {FakeProvider::error(Errc::provider_unavailable, "gone too")};
    EXPECT_EQ(chat().error().code, Errc::provider_unavailable);
    EXPECT_EQ(asked()[0] + asked()[1], 62U);
}

TEST_F(HedgeTest, both_are_called_off_with_the_chat) {
    provider(0).script = {provider(0).hang()};
    provider(1).script = {provider(1).hang()};
    auto under_way = thread.start(call());
    EXPECT_TRUE(test::eventually([this] {
        const auto all = pool().status();
        return all[0].in_flight == 1 && all[1].in_flight == 1;
    }));
    under_way.cancel();
    EXPECT_ANY_THROW(static_cast<void>(under_way.get()));
    EXPECT_EQ(provider(0).cancelled + provider(1).cancelled, 2U);
    EXPECT_EQ(pool().status()[0].in_flight + pool().status()[1].in_flight, 0U);
}

}  // namespace
}  // namespace baton::llm
