// A dispatcher with everything around it faked but the agent runtime.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agents/agent.h"
#include "dispatch/dispatcher.h"
#include "dispatch/work_item.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/fake_conversations.h"
#include "support/fake_pool.h"
#include "support/fake_provider.h"
#include "support/fake_queues.h"
#include "support/until.h"

namespace baton::dispatch {

/// The system's clock until a test holds it; from then on it moves by hand.
class HoldableClock final : public Clock {
public:
    [[nodiscard]] TimePoint now() const override {
        return held_.load() ? hand_.now() : system_.now();
    }
    [[nodiscard]] SteadyTime steady_now() const override { return system_.steady_now(); }
    void hold() {
        hand_.set(system_.now());
        held_ = true;
    }
    void advance(Duration by) { hand_.advance(by); }

private:
    SystemClock system_;
    test::FakeClock hand_;
    std::atomic<bool> held_ = false;
};

/// Everything runs on one executor. Short delays, so that retries need no waiting.
struct World {
    World() {
        auto made = pool.run(queues.put_queue(queue, QueueConfig{.max_failures = 100}));
        if (!made) std::abort();
    }

    std::unique_ptr<Dispatcher> make() {
        return make_dispatcher(pool.executor(0), config,
            {.queues = queues,
                .runtime = *runtime,
                .conversations = store,
                .writer = store,
                .clock = clock,
                .pool = &llm_pool},
            metrics, Log());
    }

    static DialogMessage dialog(std::string conversation, std::string text) {
        DialogMessage message;
        message.conversation_id = ConversationId(std::move(conversation));
        message.user_id = UserId("u");
        message.agent_id = AgentId("assistant");
        message.content = std::move(text);
        return message;
    }

    /// Posts as the service does: into the queue, then the turn into the store (unless a crash came
    /// between).
    MessageId post(const DialogMessage& message, bool with_turn = true) {
        auto posted = pool.run(queues.post(queue, {to_work_item(message)}));
        auto turn = message;
        turn.id = posted->front().id;
        if (with_turn && !pool.run(store.add_message(turn))) std::abort();
        return turn.id;
    }
    MessageId post(std::string conversation, std::string text) {
        return post(dialog(std::move(conversation), std::move(text)));
    }

    /// Starts a dispatcher, waits for the condition, stops it with `grace`.
    void serve(const std::string& what, std::function<bool()> condition,
        Duration grace = std::chrono::seconds(10)) {
        const auto dispatcher = make();
        pool.run(serve_until(*dispatcher, what, std::move(condition), grace));
    }
    Task<void> serve_until(
        Dispatcher& dispatcher, std::string what, std::function<bool()> condition, Duration grace) {
        const auto started = co_await dispatcher.start();
        if (!started) throw std::runtime_error(to_string(started.error()));
        co_await test::until(std::move(what), std::move(condition));
        co_await dispatcher.stop(Deadline::after(grace));
    }

    [[nodiscard]] DialogStatus status(MessageId id) const { return store.message(id)->status; }
    [[nodiscard]] MessageState state(MessageId id) const { return queues.view(id)->state; }

    const QueueName queue{std::string(llm_queue)};
    IoPool pool{1};
    HoldableClock clock;
    MetricRegistry metrics;
    DispatchConfig config{.workers = 4,
        .max_retries = 2,
        .timeout = Duration(10'000),
        .lease = Duration(10'000),
        .retry = {.initial = Duration(1), .max = Duration(5)}};
    test::FakeQueues queues{pool.executor(0), clock};
    test::FakeConversations store;
    test::FakeProvider provider;
    test::FakePool llm{provider};
    agents::ToolBox tools;
    const agents::RuntimeDeps runtime_deps{.pool = llm,
        .conversations = store,
        .writer = store,
        .steps = store,
        .tools = tools,
        .clock = clock};
    /// Of chats.
    test::FakeProvider models;
    test::FakePool llm_pool{models};
    std::unique_ptr<agents::Runtime> runtime =
        agents::make_runtime({agents::AgentSpec{}}, runtime_deps, Log());
};

}  // namespace baton::dispatch
