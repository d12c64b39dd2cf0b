// Requests with an idempotency key: what a repeat hears, on memory and on a real Redis, and what is
// left when the cache, the work or the client goes away at any point.
#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "api/rest/idempotency_record.h"
#include "api/rest/trouble_log.h"
#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"
#include "runtime/await_all.h"
#include "runtime/task_group.h"
#include "support/redis_server.h"
#include "unit/api/rest/idempotency_fixture.h"

namespace baton::test {
namespace {

RedisServer& shared_redis() {
    static RedisServer server;
    return server;
}

enum class Kind { memory, redis };

class AnyCache : public Idempotency, public testing::WithParamInterface<Kind> {
protected:
    AnyCache() {
        if (GetParam() == Kind::memory) return;
        static int number = 0;  // each test has keys of its own
        cache = cache::make_redis_cache({.host = "127.0.0.1",
                                            .port = shared_redis().port(),
                                            .pool_size = 4,
                                            .prefix = "rest" + std::to_string(++number) + ":"})
                    .value();
        open_door({});
    }
};

TEST_P(AnyCache, a_repeat_gets_the_first_answer) {
    const auto first = make("k");
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_FALSE(is_repeat(first));
    clock.advance(Duration(1'000));
    const auto again = make("k");
    EXPECT_EQ(again.status, 201);
    EXPECT_TRUE(is_repeat(again));
    EXPECT_EQ(again.body, first.body) << "to the byte";
    EXPECT_EQ(again.content_type, first.content_type);
    EXPECT_EQ(conversation_count(), 1);
    EXPECT_NE(id_of(make("other")), id_of(first));
    EXPECT_NE(id_of(post(conversations, R"({"title":"Trip"})")), id_of(first)) << "without a key";
}

TEST_P(AnyCache, a_message_is_sent_once) {
    const auto conversation = std::string(conversations) + "/" + id_of(make("c"));
    for (const auto& target : {std::string("/api/v1/messages"), conversation + "/messages"}) {
        const auto before = count_in("llm");
        const auto first = keyed(target, R"({"content":"hello"})", target);
        EXPECT_EQ(first.status, 201) << first.body;
        const auto again = keyed(target, R"({"content":"hello"})", target);
        EXPECT_EQ(again.body, first.body);
        EXPECT_TRUE(is_repeat(again));
        EXPECT_EQ(count_in("llm"), before + 1);
    }
}

TEST_P(AnyCache, the_key_of_another_request_is_refused) {
    const auto first = make("k");
    for (const auto& [target, body] :
        std::vector<std::pair<std::string, std::string>>{{conversations, R"({"title":"Trip" })"},
            {conversations, ""}, {"/api/v1/messages", R"({"title":"Trip"})"},
            {std::string(conversations) + "?", R"({"title":"Trip"})"}}) {
        const auto refused = keyed(target, body, "k");
        EXPECT_EQ(refused.status, 422) << target << body << refused.body;
        EXPECT_EQ(number_of(refused), 1011);
        EXPECT_EQ(json_of(refused).at("details").at("field"), "Idempotency-Key");
        EXPECT_FALSE(refused.fields.has("Retry-After"));
    }
    EXPECT_EQ(make("k").body, first.body) << "which stays";
    EXPECT_EQ(conversation_count(), 1);
}

TEST_P(AnyCache, a_key_belongs_to_its_caller) {
    const auto first = make("k");
    const auto other = keyed(conversations, R"({"title":"Mine"})", "k", "Bearer admin-key");
    EXPECT_EQ(other.status, 201);
    EXPECT_NE(id_of(other), id_of(first));
    EXPECT_EQ(keyed(conversations, "{}", "k", "Bearer no-key").status, 401);
}

TEST_P(AnyCache, of_many_at_once_one_does_it) {
    std::vector<net::Response> answers(16);
    {
        std::vector<std::jthread> callers;
        for (auto& answer : answers) callers.emplace_back([&] { answer = make("k"); });
    }
    std::set<std::string> ids;
    int firsts = 0;
    for (const auto& answer : answers) {
        if (answer.status == 201) {
            ids.insert(id_of(answer));
            firsts += is_repeat(answer) ? 0 : 1;
            continue;
        }
        EXPECT_EQ(answer.status, 409) << answer.body;
        EXPECT_EQ(number_of(answer), 1012);
        EXPECT_EQ(answer.fields.get("Retry-After"), "1");
    }
    EXPECT_EQ(firsts, 1);
    EXPECT_EQ(ids.size(), 1u);
    EXPECT_EQ(conversation_count(), 1);
}

TEST_P(AnyCache, what_was_refused_is_refused_the_same_way) {
    const auto target = std::string(conversations) + "/c_none/messages";
    const auto first = keyed(target, R"({"content":"x"})", "k");
    EXPECT_EQ(first.status, 404);
    const auto again = keyed(target, R"({"content":"x"})", "k");
    EXPECT_EQ(again.body, first.body);
    EXPECT_TRUE(is_repeat(again));
}

TEST_P(AnyCache, what_failed_on_our_side_is_done_again) {
    break_with(rows, {.code = Errc::storage_io, .detail = "disk gone"});
    EXPECT_EQ(make("k").status, 503);
    EXPECT_EQ(make("k").status, 503);
    rows.fault = {};
    const auto done = make("k");
    EXPECT_EQ(done.status, 201) << done.body;
    EXPECT_FALSE(is_repeat(done)) << "nobody had done it";
    EXPECT_EQ(make("k").body, done.body);
    EXPECT_EQ(conversation_count(), 1);
}

TEST_P(AnyCache, who_was_told_to_come_again_may) {
    const auto allow = [&](std::string limits) {
        const FieldMap admin{{"Authorization", "Bearer admin-key"}};
        EXPECT_EQ(call(net::Method::put, "/api/v1/users/u", std::move(limits), admin).status, 200);
    };
    allow(R"({"messages_per_minute":1})");
    const auto body = R"({"content":"hello","user_id":"u"})";
    EXPECT_EQ(keyed("/api/v1/messages", body, "one").status, 201);
    EXPECT_EQ(keyed("/api/v1/messages", body, "two").status, 429);
    EXPECT_EQ(keyed("/api/v1/messages", body, "one").status, 201) << "a repeat is no message";
    allow(R"({"messages_per_minute":2})");
    EXPECT_EQ(keyed("/api/v1/messages", body, "two").status, 201);
}

TEST_P(AnyCache, hostile_keys_are_refused_and_nothing_is_done) {
    const auto with = [&](std::vector<std::string> keys) {
        net::Request request;
        request.method = net::Method::post;
        request.target = conversations;
        EXPECT_TRUE(net::parse_target(request.target, request));
        request.fields.set("Host", "localhost:8080");
        request.fields.set("Authorization", "Bearer member-key");
        for (auto& key : keys) request.fields.add("idempotency-key", std::move(key));
        return io.run(handler(std::move(request)));
    };
    for (const auto& keys : std::vector<std::vector<std::string>>{{""}, {std::string(201, 'k')},
             {"a\nb"}, {std::string("a\0b", 3)}, {"\x7f"}, {"\x1b[0m"}, {"\xff"}, {"\xc0\x80"},
             {"a", "b"}, {"a", "a"}}) {
        const auto refused = with(keys);
        EXPECT_EQ(refused.status, 400) << keys.front();
        EXPECT_EQ(json_of(refused).at("details").at("field"), "Idempotency-Key");
    }
    EXPECT_EQ(conversation_count(), 0);
    EXPECT_EQ(with({std::string(200, 'k')}).status, 201);
    EXPECT_EQ(with({"\xe2\x82\xac \"quoted\" *"}).status, 201);
}

TEST_P(AnyCache, a_work_that_left_no_answer_is_found_by_the_next_attempt) {
    auto& planned = plan();
    // put_if_absent of record and lease, the work, then put of the answer.
    planned.fail_from = 3;
    const auto first = make("k");
    EXPECT_EQ(first.status, 201) << "it is done, and the caller hears so: " << first.body;
    const auto again = make("k");
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_EQ(id_of(again), id_of(first));
    EXPECT_TRUE(is_repeat(again));
    EXPECT_EQ(conversation_count(), 1);

    planned.fail_from = planned.calls + 3;
    const auto sent = keyed("/api/v1/messages", R"({"content":"hello"})", "m");
    EXPECT_EQ(sent.status, 201);
    EXPECT_EQ(id_of(keyed("/api/v1/messages", R"({"content":"hello"})", "m")), id_of(sent));
    EXPECT_EQ(count_in("llm"), 1u);
}

TEST_P(AnyCache, wherever_the_cache_fails_once_a_repeat_ends_well) {
    const auto messages = "/api/v1/messages";
    auto& planned = plan();
    for (int nth = 1;; ++nth) {
        const auto key = "k" + std::to_string(nth);
        ASSERT_EQ(make(key + "-before").status, 201);  // so that the next one is a repeat
        planned.calls = 0;
        planned.fail_from = nth;
        std::vector<net::Response> answers{
            make(key), keyed(messages, R"({"content":"x"})", key + "m"), make(key + "-before")};
        const bool all_done = planned.calls < nth;
        planned.fail_from = 0;
        for (const auto& answer : answers) {
            if (answer.status == 201) continue;
            EXPECT_EQ(answer.status, 503) << answer.body;
            EXPECT_EQ(number_of(answer), 2002);
            EXPECT_TRUE(answer.fields.has("Retry-After"));
        }
        // A lease that could not be taken back ends by itself; who waits does not learn that here.
        static_cast<void>(
            io.run(cache->erase("once/" + api::rest::name_of_key("m", key) + "/lease")));
        static_cast<void>(
            io.run(cache->erase("once/" + api::rest::name_of_key("m", key + "m") + "/lease")));
        const auto done = make(key);
        EXPECT_EQ(done.status, 201) << nth << done.body;
        if (answers[0].status == 201) {
            EXPECT_EQ(id_of(done), id_of(answers[0]));
        }
        const auto sent = keyed(messages, R"({"content":"x"})", key + "m");
        EXPECT_EQ(sent.status, 201) << nth << sent.body;
        EXPECT_EQ(conversation_count(), 3 * nth) << nth;
        EXPECT_EQ(count_in("llm"), static_cast<std::uint64_t>(nth)) << nth;
        if (all_done) break;
    }
}

INSTANTIATE_TEST_SUITE_P(Caches, AnyCache, testing::Values(Kind::memory, Kind::redis),
    [](const auto& kind) { return kind.param == Kind::memory ? "memory" : "redis"; });

TEST_F(Idempotency, a_lease_without_its_holder_ends_and_the_work_is_found) {
    auto& planned = plan();
    planned.fail_from = 3;
    planned.fail_count = 1'000;  // the daemon is gone behind the commit
    const auto first = make("k");
    planned.fail_from = 0;
    EXPECT_EQ(make("k").status, 409);
    clock.advance(Duration(14'999));
    EXPECT_EQ(make("k").fields.get("Retry-After"), "1");
    clock.advance(Duration(1));
    const auto again = make("k");
    EXPECT_EQ(id_of(again), id_of(first));
    EXPECT_TRUE(is_repeat(again));
    EXPECT_EQ(conversation_count(), 1);
}

TEST_F(Idempotency, an_answer_that_comes_while_the_lease_is_asked_for_is_taken) {
    auto& planned = plan();
    planned.fail_from = 3;  // the first attempt leaves no answer
    const auto first = make("k");
    planned.fail_from = 0;
    planned.calls = 0;
    planned.hook_at =
        3;  // put_if_absent, get; here another one is faster; put_if_absent of the lease
    net::Response faster;
    planned.hook = [&]() -> Task<void> { faster = co_await handler(request_of("k")); };
    const auto slower = make("k");
    EXPECT_EQ(slower.body, faster.body);
    EXPECT_EQ(id_of(slower), id_of(first));
    EXPECT_EQ(rows.calls["create"], 2u) << "not a third time";
    EXPECT_TRUE(is_repeat(make("k"))) << "and no lease is left behind";
}

TEST_F(Idempotency, a_key_is_forgotten_after_its_time) {
    open_door({.idempotency_ttl = Duration(10'000)});
    const auto first = make("k");
    clock.advance(Duration(9'999));
    EXPECT_EQ(id_of(make("k")), id_of(first));
    clock.advance(Duration(1));
    const auto later = make("k");
    EXPECT_FALSE(is_repeat(later));
    EXPECT_NE(id_of(later), id_of(first));
}

TEST_F(Idempotency, with_the_cache_away_nothing_is_done_or_it_is_done_without) {
    auto& planned = plan();
    planned.fail_from = 1;
    planned.fail_count = 1'000;
    planned.error.retry_after = Duration(1'500);
    const auto refused = make("k");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(number_of(refused), 2002);
    EXPECT_EQ(refused.fields.get("Retry-After"), "2");
    EXPECT_EQ(conversation_count(), 0);
    EXPECT_EQ(post(conversations, "{}").status, 201) << "who sends no key asks for nothing";

    cache = cache::with_policy(cache, cache::OnFailure::skip, Log());
    open_door({});
    EXPECT_EQ(make("k").status, 201);
    EXPECT_EQ(make("k").status, 201);
    EXPECT_EQ(conversation_count(), 3) << "twice, as it was asked for";
    const auto sent = keyed("/api/v1/messages", R"({"content":"x"})", "m");
    EXPECT_EQ(id_of(keyed("/api/v1/messages", R"({"content":"x"})", "m")), id_of(sent))
        << "the queue knows its own";
    const auto other = keyed("/api/v1/messages", R"({"content":"y"})", "m");
    EXPECT_EQ(other.status, 422) << other.body;
}

TEST_F(Idempotency, a_password_that_is_wrong_is_no_fault_of_the_caller) {
    auto& planned = plan();
    planned.fail_from = 1;
    planned.error = {.code = Errc::permission_denied, .detail = "redis: 10.0.0.1: WRONGPASS"};
    const auto refused = make("k");
    EXPECT_EQ(refused.status, 503);
    EXPECT_FALSE(refused.body.contains("redis")) << "that is for the log: " << refused.body;
}

/// Keeps the warnings it is told.
class Warnings final : public LogSink {
public:
    bool enabled(LogLevel level) const noexcept override { return level >= LogLevel::warn; }
    void write(LogLevel, std::string_view, std::string_view message,
        std::span<const LogField>) noexcept override {
        lines.emplace_back(message);
    }
    std::vector<std::string> lines;
};

TEST_F(Idempotency, trouble_that_lasts_is_logged_once_and_not_for_each_request) {
    const auto warnings = std::make_shared<Warnings>();
    door_log = Log(warnings, "api");
    auto& planned = plan();
    planned.fail_from = 1;
    planned.fail_count = 1'000;
    for (const auto code : {Errc::storage_full, Errc::overloaded, Errc::storage_full}) {
        planned.error = {.code = code, .detail = "planned"};
        for (int i = 0; i < 3; ++i) EXPECT_EQ(make("k").status, 503);
        EXPECT_EQ(number_of(make("k")), 2002) << "whatever ails the cache";
    }
    EXPECT_EQ(warnings->lines.size(), 2U) << "one of each kind";
    planned.fail_from = planned.calls + 3;  // after its two claims
    EXPECT_EQ(make("l").status, 201);
    planned.fail_from = planned.calls + 3;
    EXPECT_EQ(make("m").status, 201);
    EXPECT_EQ(warnings->lines.size(), 3U) << "the answers that were not kept";
}

TEST(TroubleLog, tells_each_kind_once_a_minute_and_how_often_it_did_not) {
    api::rest::TroubleLog log;
    const SteadyTime start{};
    EXPECT_EQ(log.tells(Errc::overloaded, start), 0U);
    EXPECT_EQ(log.tells(Errc::overloaded, start), std::nullopt);
    EXPECT_EQ(log.tells(Errc::storage_full, start), 0U);
    const auto later = start + api::rest::TroubleLog::interval;
    EXPECT_EQ(log.tells(Errc::overloaded, later - Duration(1)), std::nullopt);
    EXPECT_EQ(log.tells(Errc::overloaded, later), 2U);
    EXPECT_EQ(log.tells(Errc::overloaded, later), std::nullopt);
}

TEST_F(Idempotency, a_client_that_leaves_finds_the_answer_when_it_comes_again) {
    const auto leave = [&]() -> Task<void> {
        TaskGroup group(co_await asio::this_coro::executor);
        std::function<void()> cancel;
        rows.fault = [&](std::string_view name) {
            if (name == "create") cancel();
            return std::optional<Error>();
        };
        auto request = request_of("k");
        cancel = group.spawn_cancellable([&]() -> Task<void> {
            const auto unheard = co_await handler(std::move(request));
            static_cast<void>(unheard);
        });
        const auto cancelled = co_await group.drain(Deadline::after(std::chrono::seconds(30)));
        EXPECT_EQ(cancelled, 0u);
    };
    io.run(leave());
    rows.fault = {};
    const auto again = make("k");
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_TRUE(is_repeat(again));
    EXPECT_EQ(conversation_count(), 1);
}

TEST_F(Idempotency, routes_that_may_be_repeated_do_not_look_at_it) {
    auto& planned = plan();
    const FieldMap fields{{"Idempotency-Key", "k"}, {"Authorization", "Bearer admin-key"}};
    EXPECT_EQ(call(net::Method::put, "/api/v1/users/u", "{}", fields).status, 200);
    EXPECT_EQ(call(net::Method::get, "/api/v1/users/u", "", fields).status, 200);
    EXPECT_EQ(post("/admin/v1/keys", R"({"name":"ci"})", fields).status, 201);
    EXPECT_EQ(planned.calls, 0) << "a secret is kept nowhere";
}

TEST_F(Idempotency, what_became_of_requests_is_counted) {
    EXPECT_EQ(make("k").status, 201);
    EXPECT_EQ(make("k").status, 201);
    EXPECT_EQ(keyed(conversations, "{}", "k").status, 422);
    const auto text = door_metrics.back().render();
    for (const auto* outcome : {"first", "repeat", "other"}) {
        EXPECT_THAT(text, testing::HasSubstr("baton_rest_idempotent_requests_total{outcome=\"" +
                                             std::string(outcome) + "\"} 1"));
    }
}

}  // namespace
}  // namespace baton::test
