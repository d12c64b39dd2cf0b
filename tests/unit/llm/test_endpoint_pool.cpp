#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/provider_error.h"
#include "unit/llm/pool_world.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::FakeProvider;
using testing::HasSubstr;
using Counts = std::vector<std::size_t>;

class EndpointPoolTest : public testing::Test, protected PoolWorld {
protected:
    void two() {
        add({.name = "a"});
        add({.name = "b"});
    }
    static FakeProvider::Step failing(Error error) {
        return [error](ChatRequest, ChatSink, Deadline) { return fail_with(error); };
    }
    static FakeProvider::Step refusing_key() {
        return failing({.code = Errc::provider_unavailable,
            .detail = "HTTP 401",
            .field = std::string(access_field)});
    }
    static FakeProvider::Step lacking() {
        return failing({.code = Errc::provider_rejected,
            .detail = "HTTP 404",
            .field = std::string(model_field)});
    }

private:
    static Task<Result<ChatResult>> fail_with(Error error) { co_return fail(std::move(error)); }
};

TEST_F(EndpointPoolTest, endpoints_take_turns_and_the_answer_comes_through) {
    two();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{2, 2}));
    EXPECT_EQ(said, "fake answerfake answerfake answerfake answer");
}

TEST_F(EndpointPoolTest, alias_is_asked_for_by_its_real_name) {
    add({.name = "a", .models = {{"fast", "gpt-4o-mini"}}});
    add({.name = "b", .models = {{"good", "gpt-4o"}}});
    ASSERT_TRUE(chat({}, "good"));
    EXPECT_EQ(provider(1).requests.at(0).model, "gpt-4o");
    const auto unknown = chat({}, "other");
    EXPECT_EQ(unknown.error().code, Errc::not_found);
    EXPECT_EQ(pool().models(), (std::vector<std::string>{"fast", "good"}));
    EXPECT_TRUE(pool().serves("fast"));
    EXPECT_FALSE(pool().serves("other"));
}

TEST_F(EndpointPoolTest, goes_on_to_the_next_endpoint_when_one_fails_before_its_first_piece) {
    two();
    provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
    EXPECT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{1, 1}));
    EXPECT_EQ(pool().status()[0].failures, 1U);
}

TEST_F(EndpointPoolTest, answer_that_has_begun_is_not_asked_for_again) {
    two();
    provider(0).script.push_back(
        [](ChatRequest, ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
            sink({.text = "half an "});
            co_return fail(Errc::provider_unavailable, "cut");
        });
    EXPECT_EQ(chat().error().code, Errc::provider_unavailable);
    EXPECT_EQ(asked(), (Counts{1, 0}));
}

TEST_F(EndpointPoolTest, failure_of_all_is_the_last_ones_and_asks_each_once) {
    two();
    for (std::size_t i = 0; i < 2; ++i) {
        provider(i).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
    }
    EXPECT_EQ(chat().error().code, Errc::provider_unavailable);
    EXPECT_EQ(asked(), (Counts{1, 1}));
}

TEST_F(EndpointPoolTest, cooling_endpoint_is_left_alone_from_the_very_next_pick) {
    two();
    provider(0).script = {FakeProvider::error(Errc::provider_rate_limited, "429", 2s)};
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{1, 5}));
    clock.advance(1999ms);
    ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{1, 6}));
    clock.advance(1ms);
    ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{2, 6}));
}

TEST_F(EndpointPoolTest, says_when_the_first_may_take_it_while_all_cool) {
    two();
    provider(0).script = {FakeProvider::error(Errc::provider_rate_limited, "429", 9s)};
    provider(1).script = {FakeProvider::error(Errc::provider_rate_limited, "429", 4s)};
    EXPECT_EQ(chat().error().retry_after, 4s);
    clock.advance(1s);
    const auto waits = chat();
    EXPECT_EQ(waits.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(waits.error().retry_after, 3s);
    EXPECT_THAT(waits.error().detail, HasSubstr("`b` cools until"));
    EXPECT_EQ(asked(), (Counts{1, 1}));
    EXPECT_EQ(pool().ready_at("m"), clock.now() + 3s);
}

TEST_F(EndpointPoolTest, that_may_be_asked_at_once_says_so_to_who_looked_at_the_clock_before) {
    two();
    EXPECT_EQ(pool().ready_at("m"), TimePoint::min());
    ASSERT_TRUE(chat());
    EXPECT_EQ(pool().ready_at("m"), TimePoint::min());
}

TEST_F(EndpointPoolTest, refusal_without_a_time_cools_longer_each_time) {
    add({.name = "a"});
    for (const Duration wait : {1s, 2s, 4s}) {
        provider(0).script = {FakeProvider::error(Errc::provider_rate_limited, "429")};
        EXPECT_EQ(chat().error().retry_after, wait);
        clock.advance(wait);
    }
    ASSERT_TRUE(chat());
}

TEST_F(EndpointPoolTest, endpoint_that_reports_nothing_left_cools_until_its_reset) {
    two();
    provider(0).rate = RateReport{.requests = {.remaining = 0, .reset = 3s}};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{1, 2}));
    EXPECT_EQ(pool().status()[0].cools_until, clock.now() + 3s);
    clock.advance(3s);
    ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{2, 2}));
}

TEST_F(EndpointPoolTest, endpoint_that_keeps_failing_is_not_asked_any_more) {
    two();
    for (int i = 0; i < 3; ++i) {
        provider(0).script.push_back(FakeProvider::error(Errc::provider_unavailable, "gone"));
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{3, 20}));
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::open);
    clock.advance(500ms);
    ASSERT_TRUE(chat());
    ASSERT_TRUE(chat());
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::closed);
}

TEST_F(EndpointPoolTest, failure_of_its_own_stands_for_a_chat_while_the_breaker_opens) {
    add({.name = "a"});
    for (int i = 0; i < 3; ++i) {
        provider(0).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
        EXPECT_EQ(chat().error().code, Errc::provider_unavailable);
    }
    const auto waits = chat();
    EXPECT_EQ(waits.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(waits.error().retry_after, 500ms);
}

TEST_F(EndpointPoolTest, failed_chat_waits_for_an_endpoint_that_cools) {
    two();
    provider(0).script = {FakeProvider::error(Errc::provider_rate_limited, "429", 2s)};
    ASSERT_TRUE(chat());
    provider(1).script = {FakeProvider::error(Errc::provider_unavailable, "gone")};
    const auto waits = chat();
    EXPECT_EQ(waits.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(waits.error().retry_after, 2s);
}

TEST_F(EndpointPoolTest, request_at_fault_asks_nobody_else) {
    two();
    provider(0).script = {FakeProvider::error(Errc::provider_rejected, "HTTP 400")};
    EXPECT_EQ(chat().error().code, Errc::provider_rejected);
    EXPECT_EQ(asked(), (Counts{1, 0}));
    EXPECT_EQ(pool().status()[0].failures, 0U);
}

TEST_F(EndpointPoolTest, model_that_all_lack_is_the_requests_fault) {
    two();
    for (std::size_t i = 0; i < 2; ++i) provider(i).script = {lacking()};
    EXPECT_EQ(chat().error().code, Errc::provider_rejected);
    EXPECT_EQ(asked(), (Counts{1, 1}));
    EXPECT_EQ(pool().status()[0].failures + pool().status()[1].failures, 0U);
}

TEST_F(EndpointPoolTest, model_that_another_endpoint_has_is_the_endpoints_fault) {
    two();
    for (int i = 0; i < 3; ++i) provider(0).script.push_back(lacking());
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{3, 12}));
    EXPECT_EQ(pool().status()[0].cool_reason, "HTTP 404");
}

TEST_F(EndpointPoolTest, endpoint_whose_key_is_refused_is_left_and_says_why) {
    two();
    for (int i = 0; i < 3; ++i) provider(0).script.push_back(refusing_key());
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{3, 12}));
    EXPECT_EQ(pool().status()[0].breaker, BreakerState::open);
    EXPECT_EQ(pool().status()[0].cool_reason, "HTTP 401");
}

TEST_F(EndpointPoolTest, key_that_is_refused_is_not_the_callers) {
    add({.name = "a"});
    provider(0).script = {refusing_key()};
    const auto error = chat().error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_EQ(error.field, "");
    EXPECT_EQ(error.detail, "the LLM endpoint `a` does not work: HTTP 401");
}

TEST_F(EndpointPoolTest, weight_is_set_while_it_runs) {
    config.algorithm = Algorithm::weighted_round_robin;
    two();
    ASSERT_TRUE(pool().set_weight("a", 3));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{6, 2}));
    ASSERT_TRUE(pool().set_weight("a", 0));
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{6, 6}));
    ASSERT_TRUE(pool().set_weight("b", 0));
    const auto nobody = chat();
    EXPECT_EQ(nobody.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(nobody.error().retry_after, 5s);
    EXPECT_EQ(pool().set_weight("c", 1).error().code, Errc::not_found);
}

TEST_F(EndpointPoolTest, limits_of_endpoint_model_and_tenant_hold) {
    config.models = {{.name = "m", .limits = {.requests_per_minute = 5}}};
    config.tenants = {{.name = "acme", .limits = {.requests_per_minute = 2}}};
    add({.name = "a", .limits = {.requests_per_minute = 1}});
    add({.name = "b"});
    const Asker acme{.tenant = TenantId("acme")};
    ASSERT_TRUE(chat(acme));
    ASSERT_TRUE(chat(acme));
    const auto third = chat(acme);
    EXPECT_EQ(third.error().code, Errc::provider_rate_limited);
    EXPECT_THAT(third.error().detail, HasSubstr("tenant `acme`"));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(chat());
    EXPECT_THAT(chat().error().detail, HasSubstr("model `m`"));
    EXPECT_EQ(asked(), (Counts{1, 4}));
    ASSERT_TRUE(chat({}, "other"));
}

TEST_F(EndpointPoolTest, room_is_that_of_the_tightest_of_tenant_and_model) {
    config.models = {
        {.name = "m", .limits = {.requests_per_minute = 3, .input_tokens_per_minute = 1000}}};
    config.tenants = {{.name = "acme", .limits = {.requests_per_minute = 2}}};
    add({.name = "a", .limits = {.requests_per_minute = 9}});
    const Asker acme{.tenant = TenantId("acme")};
    EXPECT_EQ(pool().rooms(acme, "m").requests, (Room{.limit = 2, .left = 2}));
    ASSERT_TRUE(chat(acme));
    EXPECT_EQ(pool().rooms(acme, "m").requests.left, 1U);
    EXPECT_EQ(pool().rooms(acme, "m").tokens.left, 993U) << "7 were read";
    EXPECT_EQ(pool().rooms({}, "m").requests.left, 2U);
    ASSERT_TRUE(chat({}));
    ASSERT_TRUE(chat({}));
    EXPECT_EQ(pool().rooms(acme, "m").requests.limit, 3U) << "now the model is the tighter one";
    EXPECT_EQ(pool().rooms(acme, "m").requests.left, 0U);
    EXPECT_EQ(pool().rooms(acme, "other").requests.limit, 2U);
    EXPECT_EQ(pool().rooms({}, "other"), Rooms());
}

TEST_F(EndpointPoolTest, money_is_counted_by_the_prices_of_the_endpoint) {
    add({.name = "a",
        .models = {{"m", "real"}},
        .limits = {.cost_per_day = 0.002},
        .prices = {{.model = "real", .input = 100, .output = 100}}});
    thread.run(pool().start());
    const auto answer = chat();  // 7 and 3 tokens
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->endpoint, "a");
    EXPECT_DOUBLE_EQ(answer->cost, 0.001);
    EXPECT_DOUBLE_EQ(pool().status()[0].cost, 0.001);
    EXPECT_DOUBLE_EQ(pool().status()[0].cost_today, 0.001);
    const auto estimate_too_high = chat();
    EXPECT_EQ(estimate_too_high.error().code, Errc::provider_rate_limited);
    EXPECT_GT(estimate_too_high.error().retry_after, 1h);
    thread.run(pool().stop());
}

TEST_F(EndpointPoolTest, chat_that_is_called_off_gives_back_what_it_holds) {
    add({.name = "a", .limits = {.concurrency = 1}});
    provider(0).script = {provider(0).hang()};
    auto under_way = thread.start(call());
    EXPECT_EQ(chat().error().code, Errc::provider_rate_limited);
    EXPECT_EQ(pool().status()[0].in_flight, 1U);
    under_way.cancel();
    EXPECT_ANY_THROW(static_cast<void>(under_way.get()));
    EXPECT_EQ(pool().status()[0].in_flight, 0U);
    EXPECT_TRUE(chat());
}

TEST_F(EndpointPoolTest, slow_endpoint_is_left_alone_before_it_has_answered) {
    two();
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(chat());
    clock.advance(2s);  // the usual delay is known now
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(chat());
    clock.advance(1ms);
    provider(0).script = {provider(0).hang()};
    auto slow = thread.start(call());
    ASSERT_TRUE(chat());
    provider(0).script = {provider(0).hang()};
    clock.advance(600ms);
    ASSERT_TRUE(chat());
    const auto before = asked();
    auto looks = thread.start(call());
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked()[0], before[0] + 1) << "one looked whether it is slow still";
    for (auto* one : {&slow, &looks}) {
        one->cancel();
        EXPECT_ANY_THROW(static_cast<void>(one->get()));
    }
}

TEST_F(
    EndpointPoolTest, endpoint_that_answers_in_time_again_is_back_while_old_requests_still_hang) {
    two();
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(chat());
    clock.advance(2s);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(chat());
    clock.advance(1ms);
    provider(0).script = {provider(0).hang()};
    auto hangs = thread.start(call());
    ASSERT_TRUE(chat());
    clock.advance(600ms);
    ASSERT_TRUE(chat());
    ASSERT_TRUE(chat());  // shows that it is well again
    const auto before = asked();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(chat());
    EXPECT_EQ(asked(), (Counts{before[0] + 5, before[1] + 5}));
    hangs.cancel();
    EXPECT_ANY_THROW(static_cast<void>(hangs.get()));
}

TEST_F(EndpointPoolTest, embeddings_go_the_same_way) {
    two();
    EmbeddingRequest request{.model = "m", .input = {"text"}};
    const auto done = thread.run(pool().embed({}, request, Deadline::after(5s)));
    ASSERT_TRUE(done);
    EXPECT_EQ(done->vectors.size(), 1U);
    EXPECT_EQ(pool().status()[0].requests, 1U);
}

TEST(EndpointPool, names_are_unique) {
    PoolWorld world;
    world.add({.name = "a"});
    world.add({.name = "a"});
    EXPECT_ANY_THROW(world.pool());
}

}  // namespace
}  // namespace baton::llm
