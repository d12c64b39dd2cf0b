// Runs with tools under the dispatcher: resting without a worker, cancelling, limits.
#include <gtest/gtest.h>

#include "agents/tools/built_in.h"
#include "model/output_text.h"
#include "world.h"

namespace baton::dispatch {
namespace {

using test::FakeProvider;

ToolCall ask(const std::string& agent, const std::string& message) {
    return {.id = "1",
        .name = "send_to_agent",
        .arguments = R"({"agent":")" + agent + R"(","message":")" + message + R"("})"};
}

class AgentRuns : public testing::Test, protected World {
protected:
    AgentRuns() {
        agents::add_built_in_tools(tools, {.producer = queues,
                                              .browser = queues,
                                              .conversations = store,
                                              .waker = waker,
                                              .clock = clock,
                                              .agent_queue = queue,
                                              .to_work_item = to_work_item,
                                              .agents = {AgentId("assistant"), AgentId("critic")}});
        make_agents({});
    }
    ~AgentRuns() override { pool.run(waker.stop()); }

    void make_agents(agents::RunLimits limits) {
        runtime = agents::make_runtime({{.id = AgentId("assistant"),
                                            .model = "big",
                                            .tools = {"send_to_agent"},
                                            .limits = limits},
                                           {.id = AgentId("critic"), .model = "small"}},
            runtime_deps, Log());
    }
    std::string output_of(MessageId id) {
        const auto page = pool.run(queues.read_output({.message = id})).value();
        std::string text;
        for (const auto& event : page.events) add_output_event(text, event.data.view());
        return text;
    }

    agents::Waker waker{pool.executor(0), queues, clock};
};

TEST_F(AgentRuns, one_worker_is_enough_for_agents_that_ask_each_other) {
    config.workers = 1;
    provider.script = {FakeProvider::call({ask("critic", "is it good?")}, "I ask."),
        FakeProvider::answer("it is good"), FakeProvider::answer("They like it.")};
    const auto id = post("c", "hello");
    serve("answer", [&] { return state(id) == MessageState::done; });
    EXPECT_EQ(store.message(id)->reply->content, "They like it.");
    ASSERT_EQ(provider.requests.size(), 3U) << "no answer is asked for twice";
    EXPECT_EQ(provider.requests[1].model, "small");
    EXPECT_EQ(provider.requests[2].messages.back().content, "it is good");
    EXPECT_EQ(output_of(id), "I ask.\n\nThey like it.");
    ASSERT_EQ(queues.nacks.size(), 1U);
    EXPECT_EQ(queues.nacks[0].blame, queue::Blame::none);
    EXPECT_TRUE(queues.nacks[0].reason.starts_with("run_waiting: waits for the reply to "));
}

TEST_F(AgentRuns, conversation_of_a_resting_run_keeps_its_order) {
    config.workers = 4;
    provider.script = {FakeProvider::call({ask("critic", "?")}), FakeProvider::answer("critique"),
        FakeProvider::answer("first"), FakeProvider::answer("second")};
    const auto first = post("c", "one");
    const auto second = post("c", "two");
    serve("answers", [&] { return state(second) == MessageState::done; });
    EXPECT_EQ(store.message(first)->reply->content, "first");
    EXPECT_EQ(store.message(second)->reply->content, "second");
}

TEST_F(AgentRuns, limit_is_the_reason_of_the_dead_letter) {
    make_agents({.max_steps = 1});
    provider.script = {FakeProvider::call({ask("critic", "?")}), FakeProvider::answer("critique")};
    const auto id = post("c", "hello");
    serve("dead", [&] { return state(id) == MessageState::dead; });
    EXPECT_EQ(queues.view(id)->dead_reason,
        "run_limit_exceeded: the model was asked 1 times and still wants tools (field "
        "`max_steps`)");
    EXPECT_EQ(status(id), DialogStatus::failed);
    EXPECT_EQ(store.kept_steps(id).size(), 3U) << "answer, wait, result";
}

TEST_F(AgentRuns, cancelled_message_ends_its_run_at_once) {
    provider.script = {provider.hang()};
    const auto id = post("c", "hello");
    const auto dispatcher = make();
    const auto scenario = [&]() -> Task<void> {
        const auto started = co_await dispatcher->start();
        EXPECT_TRUE(started);
        co_await test::until("asked", [&] { return provider.requests.size() == 1; });
        const auto cancelled = co_await queues.cancel(id);
        EXPECT_TRUE(cancelled);
        // Much earlier than the lease of ten seconds would have to be renewed.
        co_await test::until("called off", [&] { return provider.cancelled == 1; });
        co_await test::until("ended", [&] { return dispatcher->running() == 0; });
        co_await dispatcher->stop(Deadline::never());
    };
    const auto began = std::chrono::steady_clock::now();
    pool.run(scenario());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
    EXPECT_EQ(status(id), DialogStatus::cancelled);
    EXPECT_EQ(store.message(id)->error, "cancelled");
    EXPECT_TRUE(queues.nacks.empty());
    EXPECT_TRUE(metrics.render().contains(R"(baton_dispatch_runs_total{outcome="cancelled"} 1)"));
}

TEST_F(AgentRuns, cancel_of_another_message_disturbs_nobody) {
    provider.script = {provider.hang(), provider.hang()};
    const auto one = post("a", "hello");
    const auto two = post("b", "hello");
    const auto dispatcher = make();
    const auto scenario = [&]() -> Task<void> {
        const auto started = co_await dispatcher->start();
        EXPECT_TRUE(started);
        co_await test::until("asked", [&] { return provider.requests.size() == 2; });
        const auto cancelled = co_await queues.cancel(one);
        EXPECT_TRUE(cancelled);
        co_await test::until("called off", [&] { return provider.cancelled == 1; });
        co_await test::until("ended", [&] { return dispatcher->running() == 1; });
        co_await dispatcher->stop(Deadline::after(Duration(0)));
    };
    pool.run(scenario());
    EXPECT_EQ(status(one), DialogStatus::cancelled);
    EXPECT_EQ(status(two), DialogStatus::pending);
}

}  // namespace
}  // namespace baton::dispatch
