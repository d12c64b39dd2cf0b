// Chats with models as they are, through the queue.
#include <gtest/gtest.h>

#include "runtime/event.h"
#include "world.h"

namespace baton::dispatch {
namespace {

using test::FakeProvider;

class Chats : public testing::Test, protected World {
protected:
    MessageId post_chat(std::string text, std::string model = "m") {
        ChatWork work{.tenant = TenantId("acme"), .session = "s"};
        work.request = {.model = std::move(model), .messages = {{.content = std::move(text)}}};
        return pool.run(queues.post(queue, {to_work_item(work, Level::normal)}))->front().id;
    }
    void serve_until_done(MessageId id) {
        serve("done", [this, id] { return state(id) == MessageState::done; });
    }
    void serve_until_dead(MessageId id) {
        serve("dead and told",
            [this, id] { return state(id) == MessageState::dead && queues.calls["reply"] > 0; });
    }
    Result<ChatResult> answer_to(MessageId id) {
        const auto reply = pool.run(queues.get_reply(id)).value();
        if (!reply) return fail(Errc::message_not_found, "no reply");
        return chat_of_reply(*reply);
    }
    std::string text_of_output(MessageId id) {
        std::string text;
        const auto page = output_of(id);
        for (const auto& event : page.events) {
            const auto deltas = deltas_of_event(event.data).value();
            for (const auto& delta : deltas) text += delta.text;
        }
        return text;
    }
    OutputPage output_of(MessageId id) {
        return pool.run(queues.read_output({.message = id})).value();
    }
};

TEST_F(Chats, are_answered_by_the_pool) {
    models.script = {FakeProvider::answer("hi there")};
    const auto id = post_chat("hello");
    serve_until_done(id);
    EXPECT_EQ(answer_to(id).value().content, "hi there");
    ASSERT_EQ(models.requests.size(), 1U);
    EXPECT_EQ(models.requests[0].messages[0].content, "hello");
    EXPECT_EQ(llm_pool.askers[0].tenant.view(), "acme");
    EXPECT_EQ(llm_pool.askers[0].session, "s");
    EXPECT_EQ(text_of_output(id), "hi there");
}

TEST_F(Chats, keep_with_their_answer_what_was_asked_for) {
    ChatWork work{
        .tenant = TenantId("acme"), .echo = R"({"temperature":1})", .keeps_context = true};
    work.request = {.model = "m", .messages = {{.content = "hello"}}};
    const auto id = pool.run(queues.post(queue, {to_work_item(work, Level::normal)}))->front().id;
    serve_until_done(id);
    const auto kept = kept_of_reply(*pool.run(queues.get_reply(id)).value());
    EXPECT_EQ(kept.echo, work.echo);
    ASSERT_TRUE(kept.context);
    EXPECT_EQ(*kept.context, work.request.messages);

    const auto plain = post_chat("hello");
    serve_until_done(plain);
    const auto none = kept_of_reply(*pool.run(queues.get_reply(plain)).value());
    EXPECT_EQ(none.echo, "");
    EXPECT_FALSE(none.context) << "whoever does not ask for it pays nothing";
}

TEST_F(Chats, rather_lose_what_they_keep_than_their_answer) {
    ChatWork work{.tenant = TenantId("acme"), .keeps_context = true};
    work.request = {.model = "m", .messages = {{.content = "hello"}}};
    const auto id = pool.run(queues.post(queue, {to_work_item(work, Level::normal)}))->front().id;
    queues.fault = [this](std::string_view call) -> std::optional<Error> {
        if (call != "reply" || queues.calls["reply"] > 1) return std::nullopt;
        return Error{.code = Errc::message_too_large, .detail = "too large"};
    };
    serve_until_done(id);
    EXPECT_EQ(answer_to(id).value().content, "fake answer");
    EXPECT_FALSE(kept_of_reply(*pool.run(queues.get_reply(id)).value()).context);
}

TEST_F(Chats, cost_about_what_they_say_and_in_the_end_what_they_used) {
    const auto id = post_chat("hello");
    const auto guess = cost_of(queues.view(id)->data->headers);
    EXPECT_GT(guess, 100U) << "an answer of unknown length";
    models.script = {[](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
        co_return ChatResult{
            .content = "hi", .model = "m", .usage = {.input_tokens = 30, .output_tokens = 12}};
    }};
    serve_until_done(id);
    ASSERT_EQ(queues.charges.size(), 1U);
    EXPECT_EQ(queues.charges[0].cost, 42U);
}

TEST_F(Chats, have_no_turn_in_a_conversation) {
    const auto id = post_chat("hello");
    serve_until_done(id);
    EXPECT_FALSE(store.message(id));
}

TEST_F(Chats, pieces_that_come_together_are_one_event) {
    models.script = {[](ChatRequest, llm::ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
        sink({.text = "a"});
        sink({.text = "b"});
        sink({.tool_calls = {{.index = 0, .id = "i", .name = "f", .arguments = "{}"}}});
        co_return ChatResult{.content = "ab", .model = "m"};
    }};
    const auto id = post_chat("hello");
    serve_until_done(id);
    const auto page = output_of(id);
    ASSERT_EQ(page.events.size(), 1U);
    const auto deltas = deltas_of_event(page.events[0].data).value();
    ASSERT_EQ(deltas.size(), 3U);
    EXPECT_EQ(deltas[1].text, "b");
    EXPECT_EQ(deltas[2].tool_calls.at(0).name, "f");
}

TEST_F(Chats, long_wait_for_the_store_makes_several_events) {
    models.script = {[](ChatRequest, llm::ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
        for (int i = 0; i < 5; ++i) sink({.text = std::string(30'000, 'x')});
        co_return ChatResult{.content = "long", .model = "m"};
    }};
    const auto id = post_chat("hello");
    serve_until_done(id);
    const auto page = output_of(id);
    EXPECT_EQ(page.events.size(), 3U) << "of 64 KiB at most";
    EXPECT_EQ(text_of_output(id).size(), 150'000U);
}

TEST_F(Chats, second_try_begins_the_answer_anew) {
    models.script = {[](ChatRequest, llm::ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
                         sink({.text = "cut"});
                         co_return fail(Errc::provider_unavailable, "stream cut");
                     },
        FakeProvider::answer("whole")};
    const auto id = post_chat("hello");
    serve_until_done(id);
    const auto page = output_of(id);
    ASSERT_GE(page.events.size(), 2U);
    EXPECT_EQ(page.events.front().attempt, 1U);
    EXPECT_EQ(page.events.back().attempt, 2U);
    EXPECT_EQ(answer_to(id).value().content, "whole");
}

TEST_F(Chats, dead_one_tells_its_error_to_who_waits) {
    models.script = {FakeProvider::error(Errc::provider_rejected, "HTTP 400: no such model")};
    const auto id = post_chat("hello");
    serve_until_dead(id);
    const auto answer = answer_to(id);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::provider_rejected);
    EXPECT_EQ(answer.error().detail, "HTTP 400: no such model");
    EXPECT_EQ(models.requests.size(), 1U);
}

TEST_F(Chats, answer_that_was_not_acked_is_not_paid_twice) {
    bool acks_fail = true;
    queues.fault = [&](std::string_view call) -> std::optional<Error> {
        if (call != "ack" || !std::exchange(acks_fail, false)) return std::nullopt;
        return Error{.code = Errc::storage_io, .detail = "gone"};
    };
    models.script = {FakeProvider::answer("once"), FakeProvider::answer("twice")};
    const auto id = post_chat("hello");
    serve("answer", [this] { return queues.calls["ack"] == 1; });
    ASSERT_EQ(state(id), MessageState::leased);
    serve_until_done(id);  // which takes the lease back first
    EXPECT_EQ(answer_to(id).value().content, "once");
    EXPECT_EQ(models.requests.size(), 1U);
}

TEST_F(Chats, reply_of_a_dead_one_does_not_answer_it_when_it_is_driven_anew) {
    models.script = {
        FakeProvider::error(Errc::provider_rejected, "no"), FakeProvider::answer("yes")};
    const auto id = post_chat("hello");
    serve_until_dead(id);
    ASSERT_TRUE(pool.run(queues.redrive({.queue = queue})));
    serve_until_done(id);
    EXPECT_EQ(answer_to(id).value().content, "yes");
}

TEST_F(Chats, without_a_pool_are_refused_for_good) {
    const auto dispatcher = make_dispatcher(pool.executor(0), config,
        {.queues = queues,
            .runtime = *runtime,
            .conversations = store,
            .writer = store,
            .clock = clock},
        metrics, Log());
    const auto id = post_chat("hello");
    const auto dead = [this, id] {
        return state(id) == MessageState::dead && queues.calls["reply"] > 0;
    };
    pool.run(serve_until(*dispatcher, "dead", dead, Duration(10'000)));
    EXPECT_EQ(answer_to(id).error().code, Errc::unsupported);
}

TEST_F(Chats, that_die_with_the_daemon_tell_their_error_too) {
    ASSERT_TRUE(pool.run(queues.put_queue(queue, QueueConfig{.max_failures = 1})));
    const auto id = post_chat("hello");
    ASSERT_EQ(pool.run(queues.pop({.queue = queue}))->size(), 1U);  // by a daemon that died
    serve_until_dead(id);
    EXPECT_EQ(answer_to(id).error().code, Errc::unavailable);
}

TEST_F(Chats, whose_model_cools_go_back_without_blame_and_others_go_on) {
    llm_pool.ready = {{"cool", clock.now() + Duration(3'600'000)}, {"warm", TimePoint::min()}};
    const auto cool = post_chat("wait", "cool");
    const auto warm = post_chat("go", "warm");
    serve_until_done(warm);
    ASSERT_EQ(models.requests.size(), 1U);
    EXPECT_EQ(models.requests[0].model, "warm");
    EXPECT_NE(state(cool), MessageState::leased);
    EXPECT_EQ(queues.view(cool)->failures, 0U);
    EXPECT_GT(queues.view(cool)->due_at, clock.now() + Duration(3'000'000)) << "not before";
}

TEST_F(Chats, are_not_taken_while_every_model_cools) {
    llm_pool.ready = {{"m", clock.now() + Duration(3'600'000)}};
    const auto id = post_chat("hello");
    const auto dispatcher = make();
    pool.run([&]() -> Task<void> {
        const auto started = co_await dispatcher->start();
        if (!started) throw std::runtime_error("start");
        // Long enough for a pop that would have come.
        co_await sleep_until(Deadline::after(Duration(20)));
        EXPECT_EQ(queues.calls["pop"], 0U);
        co_await dispatcher->stop(Deadline::never());
    }());
    EXPECT_EQ(queues.view(id)->attempts, 0U);
}

TEST_F(Chats, run_of_a_cancelled_one_ends_at_once) {
    config.lease = std::chrono::hours(1);  // whose renewal would find out, in half an hour
    models.script = {models.hang()};
    const auto id = post_chat("hello");
    const auto dispatcher = make();
    const auto follow = [&]() -> Task<void> {
        const auto started = co_await dispatcher->start();
        if (!started) throw std::runtime_error("start");
        co_await test::until("a run", [&] { return models.requests.size() == 1; });
        const auto cancelled = co_await queues.cancel(id);
        EXPECT_TRUE(cancelled);
        co_await test::until("its end", [&] { return dispatcher->running() == 0; });
        co_await dispatcher->stop(Deadline::never());
    };
    pool.run(follow());
    EXPECT_EQ(models.cancelled, 1U);
    EXPECT_TRUE(queues.nacks.empty());
}

TEST_F(Chats, refusals_make_fewer_run_at_a_time) {
    config.workers = 10;
    std::uint32_t most = 0;
    std::uint32_t now = 0;
    for (int i = 0; i < 20; ++i) {
        models.script.emplace_back(
            [&, i](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
                if (i < 10) co_return fail(Errc::provider_rate_limited, "slow down");
                most = std::max(most, ++now);
                co_await sleep_until(Deadline::after(Duration(2)));
                --now;
                co_return ChatResult{.content = "ok", .model = "m"};
            });
    }
    std::vector<MessageId> ids;
    for (int i = 0; i < 10; ++i) ids.push_back(post_chat("hello"));
    serve("all", [&] {
        return std::ranges::all_of(
            ids, [this](MessageId id) { return state(id) == MessageState::done; });
    });
    EXPECT_LE(most, 8U) << "seven, and one more after seven good ones";
    EXPECT_TRUE(metrics.render().contains("baton_dispatch_limit_count 8")) << metrics.render();
}

}  // namespace
}  // namespace baton::dispatch
