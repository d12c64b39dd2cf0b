#include <gtest/gtest.h>

#include "dispatch/dispatcher.h"
#include "runtime/event.h"
#include "world.h"

namespace baton::dispatch {
namespace {

using test::FakeProvider;

class DispatcherTest : public testing::Test, protected World {
protected:
    void serve_until_status(MessageId id, DialogStatus wanted) {
        serve("status", [this, id, wanted] { return status(id) == wanted; });
    }
};

TEST_F(DispatcherTest, message_is_answered_and_acked) {
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::completed);
    EXPECT_EQ(state(id), MessageState::done);
    EXPECT_EQ(store.message(id)->reply->content, "fake answer");
    const auto reply = pool.run(queues.get_reply(id)).value();
    ASSERT_TRUE(reply) << "who waits at the queue gets the answer too";
    EXPECT_EQ(reply->result.view(), "fake answer");
    EXPECT_TRUE(reply->metadata.contains(R"("status":"completed")")) << reply->metadata;
    const std::string shown = metrics.render();
    EXPECT_TRUE(shown.contains("baton_dispatch_runs_total{outcome=\"completed\"} 1")) << shown;
    EXPECT_TRUE(shown.contains("baton_dispatch_run_seconds_count 1")) << shown;
    EXPECT_TRUE(shown.contains("baton_dispatch_running_count 0")) << shown;
    EXPECT_TRUE(shown.contains("baton_dispatch_retries_total 0")) << shown;
}

TEST_F(DispatcherTest, needs_its_queue) {
    ASSERT_TRUE(pool.run(queues.delete_queue(queue)));
    const auto dispatcher = make();
    EXPECT_EQ(pool.run(dispatcher->start()).error().code, Errc::queue_not_found);
    pool.run(dispatcher->stop(Deadline::never()));
}

TEST_F(DispatcherTest, conversation_goes_in_order_and_others_beside_it) {
    config.workers = 8;
    for (int i = 0; i < 5; ++i) {
        post("a", "a" + std::to_string(i));
        post("b", "b" + std::to_string(i));
    }
    serve("ten answers", [this] { return provider.requests.size() == 10; });
    std::string a, b;
    for (const auto& request : provider.requests) {
        const std::string& text = request.messages.back().content;
        (text[0] == 'a' ? a : b) += text[1];
    }
    EXPECT_EQ(a, "01234");
    EXPECT_EQ(b, "01234");
}

TEST_F(DispatcherTest, failed_run_is_tried_again_and_counted) {
    provider.script = {FakeProvider::error(Errc::provider_unavailable, "down"),
        FakeProvider::error(Errc::provider_unavailable, "still down"), FakeProvider::answer("up")};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::completed);
    EXPECT_EQ(store.message(id)->retry_count, 2U);
    ASSERT_EQ(queues.nacks.size(), 2U);
    EXPECT_EQ(queues.nacks[0].blame, queue::Blame::failure);
    EXPECT_EQ(queues.nacks[0].reason, "provider_unavailable: down");
    EXPECT_TRUE(metrics.render().contains("baton_dispatch_retries_total 2"));
}

TEST_F(DispatcherTest, poisoned_message_is_dead_with_its_history) {
    for (int i = 0; i < 3; ++i) {
        provider.script.push_back(FakeProvider::error(Errc::provider_protocol, "garbage"));
    }
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::failed);
    EXPECT_EQ(provider.requests.size(), 3U) << "one run and two retries";
    const auto view = queues.view(id);
    EXPECT_EQ(view->state, MessageState::dead);
    EXPECT_EQ(view->history.size(), 3U);
    EXPECT_EQ(view->dead_reason, "provider_protocol: garbage");
    const auto reply = pool.run(queues.get_reply(id)).value();
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->metadata.contains(R"("status":"failed")")) << reply->metadata;
    EXPECT_EQ(store.message(id)->error, "provider_protocol: garbage");
    EXPECT_EQ(store.message(id)->retry_count, 2U);
}

TEST_F(DispatcherTest, rejected_message_is_dead_at_once) {
    provider.script = {FakeProvider::error(Errc::provider_rejected, "HTTP 401")};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::failed);
    EXPECT_EQ(provider.requests.size(), 1U);
    EXPECT_EQ(queues.nacks[0].blame, queue::Blame::fatal);
}

TEST_F(DispatcherTest, run_that_takes_too_long_ends_as_timeout) {
    config.timeout = Duration(5);
    config.max_retries = 1;
    provider.script = {provider.hang(), provider.hang()};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::timeout);
    EXPECT_EQ(state(id), MessageState::dead);
}

TEST_F(DispatcherTest, queue_that_buries_sooner_is_believed) {
    ASSERT_TRUE(pool.run(queues.put_queue(queue, QueueConfig{.max_failures = 1})));
    provider.script = {FakeProvider::error(Errc::provider_unavailable, "down")};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::failed);
}

TEST_F(DispatcherTest, retry_after_is_honoured_without_blame) {
    provider.script = {FakeProvider::error(
        Errc::provider_rate_limited, "slow down", std::chrono::milliseconds(40))};
    const auto id = post("c", "hello");
    const auto began = std::chrono::steady_clock::now();
    serve_until_status(id, DialogStatus::completed);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(40));
    ASSERT_EQ(queues.nacks.size(), 1U);
    EXPECT_EQ(queues.nacks[0].blame, queue::Blame::none);
    EXPECT_GE(queues.nacks[0].delay, Duration(40));
    EXPECT_EQ(queues.view(id)->failures, 0U);
    EXPECT_EQ(store.message(id)->retry_count, 0U);
}

TEST_F(DispatcherTest, message_that_is_no_work_item_is_dead) {
    NewMessage junk;
    junk.data.content = Bytes("hello?");
    const auto posted = pool.run(queues.post(queue, {junk}));
    const auto id = posted->front().id;
    serve("dead", [&] { return state(id) == MessageState::dead; });
    EXPECT_TRUE(queues.view(id)->dead_reason.starts_with("invalid_message"));
    EXPECT_TRUE(provider.requests.empty());
}

TEST_F(DispatcherTest, unknown_agent_is_dead) {
    auto message = dialog("c", "hello");
    message.agent_id = AgentId("nobody");
    const auto id = post(message);
    serve_until_status(id, DialogStatus::failed);
}

TEST_F(DispatcherTest, exception_of_a_run_buries_its_message_only) {
    provider.script = {[](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
        throw std::runtime_error("bug");
    }};
    const auto id = post("c", "hello");
    const auto other = post("d", "hello");
    serve("both ended", [&] {
        return status(id) == DialogStatus::failed && status(other) == DialogStatus::completed;
    });
    EXPECT_EQ(store.message(id)->error, "internal: bug");
}

TEST_F(DispatcherTest, worker_that_dies_before_the_ack_pays_once) {
    // The ack of the first delivery is lost, as with a crash after the answer was stored; its lease
    // ends.
    bool lost = false;
    queues.fault = [&](std::string_view call) -> std::optional<Error> {
        if (call != "ack" || lost) return std::nullopt;
        lost = true;
        return Error{.code = Errc::unavailable, .detail = "died"};
    };
    const auto id = post("c", "hello");
    bool expired = false;
    serve("acked", [&] {
        if (lost && !expired) {
            expired = true;
            queues.expire_lease(id);
        }
        return state(id) == MessageState::done;
    });
    EXPECT_EQ(queues.view(id)->attempts, 2U);
    EXPECT_EQ(provider.requests.size(), 1U);
    EXPECT_EQ(status(id), DialogStatus::completed);
}

TEST_F(DispatcherTest, crash_at_any_store_call_still_ends_answered) {
    for (std::uint64_t failing = 1; failing <= 8; ++failing) {
        std::uint64_t call = 0;
        store.fault = [&](std::string_view) -> std::optional<Error> {
            if (++call != failing) return std::nullopt;
            return Error{.code = Errc::storage_io, .detail = "disk gone"};
        };
        const auto id =
            pool.run(queues.post(queue, {to_work_item(dialog("c", "hello"))}))->front().id;
        serve("answered", [&] {
            const auto turn = store.message(id);
            return turn && turn->status == DialogStatus::completed &&
                   state(id) == MessageState::done;
        });
        EXPECT_EQ(queues.view(id)->failures, 0U) << "call " << failing;
        store.fault = nullptr;
    }
}

TEST_F(DispatcherTest, lost_lease_cancels_the_run_and_drops_it) {
    config.lease = Duration(20);
    provider.script = {provider.hang(), FakeProvider::answer("second")};
    const auto id = post("c", "hello");
    bool taken = false;
    serve("answered", [&] {
        if (!taken && provider.requests.size() == 1) {
            taken = true;
            queues.expire_lease(id);
        }
        return status(id) == DialogStatus::completed;
    });
    EXPECT_EQ(provider.cancelled, 1U);
    EXPECT_TRUE(queues.nacks.empty());
    EXPECT_EQ(store.message(id)->reply->content, "second");
    EXPECT_TRUE(metrics.render().contains("baton_dispatch_runs_total{outcome=\"lease_lost\"} 1"));
}

TEST_F(DispatcherTest, lease_lost_for_the_last_time_marks_the_message_failed) {
    ASSERT_TRUE(pool.run(queues.put_queue(queue, QueueConfig{.max_failures = 1})));
    config.lease = Duration(20);
    provider.script = {provider.hang()};
    const auto id = post("c", "hello");
    serve("failed", [&] {
        if (provider.requests.size() == 1) queues.expire_lease(id);
        return status(id) == DialogStatus::failed;
    });
    EXPECT_EQ(store.message(id)->error, "lease expired");
}

TEST_F(DispatcherTest, long_run_keeps_its_lease) {
    config.lease = Duration(400);  // renewed each 200: room for a slow machine
    clock.hold();
    provider.script = {[this](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
        // Longer than two leases, and each renewal in time, even if the clock goes on before the
        // queue has done what it counted.
        for (int i = 0; i < 6; ++i) {
            const auto renewals = queues.calls["extend"];
            co_await test::until("a renewal", [&] { return queues.calls["extend"] > renewals; });
            clock.advance(Duration(150));
        }
        co_return ChatResult{
            .content = "at last", .model = "m", .finish_reason = "stop", .usage = {}};
    }};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::completed);
    EXPECT_EQ(queues.view(id)->attempts, 1U);
}

TEST_F(DispatcherTest, failing_renewals_do_not_end_a_run_whose_lease_lives) {
    config.lease = Duration(600);  // renewed after 300 and then each 60: room for a slow machine
    clock.hold();
    std::uint64_t renewals = 0;
    queues.fault = [&](std::string_view call) -> std::optional<Error> {
        if (call != "extend" || ++renewals > 2) return std::nullopt;
        return Error{.code = Errc::unavailable, .detail = "busy"};
    };
    provider.script = {[&](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
        co_await test::until("a renewal that works", [&] { return renewals > 2; });
        co_return ChatResult{
            .content = "at last", .model = "m", .finish_reason = "stop", .usage = {}};
    }};
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::completed);
    EXPECT_EQ(queues.view(id)->attempts, 1U);
}

TEST_F(DispatcherTest, stop_lets_a_run_finish_within_its_grace) {
    provider.script = {[](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
        co_await sleep_until(Deadline::after(Duration(30)));
        co_return ChatResult{.content = "done", .model = "m", .finish_reason = "stop", .usage = {}};
    }};
    const auto id = post("c", "hello");
    serve("run begun", [&] { return provider.requests.size() == 1; });
    EXPECT_EQ(status(id), DialogStatus::completed);
    EXPECT_EQ(state(id), MessageState::done);
}

TEST_F(DispatcherTest, stop_gives_back_what_does_not_finish) {
    provider.script = {provider.hang(), provider.hang()};
    const auto first = post("c", "hello");
    const auto second = post("d", "hello");
    serve("runs begun", [&] { return provider.requests.size() == 2; }, Duration(5));
    EXPECT_EQ(provider.cancelled, 2U);
    ASSERT_EQ(queues.nacks.size(), 2U);
    for (const auto& nack : queues.nacks) {
        EXPECT_EQ(nack.blame, queue::Blame::none);
        EXPECT_EQ(nack.reason, "daemon stopping");
        EXPECT_EQ(nack.delay, Duration(0));
    }
    for (const auto id : {first, second}) {
        EXPECT_EQ(state(id), MessageState::ready);
        EXPECT_EQ(queues.view(id)->failures, 0U);
        EXPECT_EQ(status(id), DialogStatus::pending);
    }
    // The next daemon takes them up.
    serve("answered", [&] { return status(first) == DialogStatus::completed; });
}

TEST_F(DispatcherTest, stop_at_any_moment_leaves_no_message_leased) {
    config.workers = 1;
    for (std::uint64_t stop_at = 1; stop_at <= 30; ++stop_at) {
        // The stop comes in the very turn after call number `stop_at`, whichever that is.
        std::uint64_t calls = 0;
        Event reached(pool.executor(0));
        const auto count = [&](std::string_view) -> std::optional<Error> {
            if (++calls == stop_at) reached.notify_all();
            return std::nullopt;
        };
        const auto id = post("c" + std::to_string(stop_at), "hello");
        provider.script = {provider.hang()};
        queues.fault = count;
        store.fault = count;
        const auto dispatcher = make();
        const auto run = [&]() -> Task<void> {
            const auto started = co_await dispatcher->start();
            EXPECT_TRUE(started);
            const Deadline quiet = Deadline::after(Duration(20));  // fewer calls than that are made
            while (calls < stop_at && !quiet.expired()) {
                const auto woken = co_await reached.wait(quiet);
                static_cast<void>(woken);
            }
            co_await dispatcher->stop(Deadline::after(Duration(0)));
        };
        pool.run(run());
        EXPECT_NE(state(id), MessageState::leased) << "stopped after call " << stop_at;
        EXPECT_EQ(queues.view(id)->failures, 0U) << "stopped after call " << stop_at;
        queues.fault = nullptr;
        store.fault = nullptr;
        provider.script.clear();
        serve("answered", [&] { return status(id) == DialogStatus::completed; });
    }
}

TEST_F(DispatcherTest, failing_pops_back_off_and_recover) {
    config.workers = 1;
    config.retry = {.initial = Duration(10), .max = Duration(10), .jitter = 0};
    bool broken = true;
    queues.fault = [&](std::string_view call) -> std::optional<Error> {
        if (call != "pop" || !broken) return std::nullopt;
        return Error{.code = Errc::storage_io, .detail = "disk gone"};
    };
    const auto began = std::chrono::steady_clock::now();
    const auto id = post("c", "hello");
    serve("answered", [&] {
        if (queues.calls["pop"] >= 4) broken = false;
        return status(id) == DialogStatus::completed;
    });
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(30))
        << "four pops, with a pause between each two";
}

TEST_F(DispatcherTest, running_shows_runs_under_way) {
    provider.script = {provider.hang()};
    post("c", "hello");
    const auto dispatcher = make();
    EXPECT_EQ(dispatcher->running(), 0U);
    pool.run(serve_until(
        *dispatcher, "one runs", [&] { return dispatcher->running() == 1; }, Duration(0)));
    EXPECT_EQ(dispatcher->running(), 0U);
}

TEST_F(DispatcherTest, message_that_could_not_be_marked_dead_is_marked_by_the_check) {
    provider.script = {FakeProvider::error(Errc::provider_rejected, "no")};
    bool failed = false;
    store.fault = [&](std::string_view call) -> std::optional<Error> {
        if (call != "fail" || failed) return std::nullopt;
        failed = true;
        return Error{.code = Errc::storage_io, .detail = "disk gone"};
    };
    const auto id = post("c", "hello");
    serve_until_status(id, DialogStatus::failed);
    EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace baton::dispatch
