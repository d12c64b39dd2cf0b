// What the model says while it answers is the message's output.
#include <gtest/gtest.h>

#include "model/output_text.h"
#include "runtime/event.h"
#include "world.h"

namespace baton::dispatch {
namespace {

using test::FakeProvider;

class AnswerOutput : public testing::Test, protected World {
protected:
    /// Says one part, and the other one when `told` is notified.
    static Task<Result<ChatResult>> answer_in_parts(llm::ChatSink sink, Event& told) {
        sink({.text = "one "});
        const auto woken = co_await told.wait(Deadline::after(std::chrono::seconds(10)));
        static_cast<void>(woken);
        sink({.text = "two "});
        sink({.text = "three"});
        co_return ChatResult{.content = "one two three", .model = "m"};
    }
    Task<OutputPage> read(MessageId id, std::uint64_t from) {
        queue::OutputRequest request{
            .message = id, .from = from, .wait = Deadline::after(std::chrono::seconds(10))};
        auto page = co_await queues.read_output(request);
        if (!page) throw std::runtime_error(to_string(page.error()));
        co_return *std::move(page);
    }
    static std::string text_of(const OutputPage& page) {
        std::string text;
        for (const auto& event : page.events) text += event.data.view();
        return text;
    }
    Task<std::string> follow(MessageId id, Event& told) {
        const auto dispatcher = make();
        const auto started = co_await dispatcher->start();
        if (!started) throw std::runtime_error(to_string(started.error()));
        std::string seen;
        OutputPage page = co_await read(id, 0);
        seen += text_of(page) + '|' + std::string(to_string(state(id))) + '|';
        told.notify_all();
        while (!page.ended) {
            page = co_await read(id, page.next);
            seen += text_of(page);
        }
        co_await dispatcher->stop(Deadline::never());
        co_return seen;
    }
    std::string output_of(MessageId id) { return text_of(pool.run(read(id, 0))); }
};

TEST_F(AnswerOutput, can_be_followed_while_the_answer_is_made) {
    Event told(pool.executor(0));
    provider.script.emplace_back([&told](ChatRequest, llm::ChatSink sink, Deadline) {
        return answer_in_parts(std::move(sink), told);
    });
    const auto id = post("c", "hello");
    EXPECT_EQ(pool.run(follow(id, told)), "one |leased|two three");
}

TEST_F(AnswerOutput, is_the_whole_answer_when_the_message_is_done) {
    provider.script.push_back(FakeProvider::answer("hi there"));
    const auto id = post("c", "hello");
    serve("answer", [this, id] { return state(id) == MessageState::done; });
    EXPECT_EQ(output_of(id), "hi there");
}

TEST_F(AnswerOutput, tells_the_tries_apart) {
    provider.script.emplace_back(
        [](ChatRequest, llm::ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
            sink({.text = "cut"});
            co_return fail(Errc::provider_unavailable, "stream cut");
        });
    provider.script.push_back(FakeProvider::answer("whole"));
    const auto id = post("c", "hello");
    serve("answer", [this, id] { return state(id) == MessageState::done; });
    const auto page = pool.run(read(id, 0));
    ASSERT_EQ(page.events.size(), 3);
    EXPECT_EQ(page.events[0].data.view(), "cut");
    EXPECT_EQ(page.events[0].attempt, 1);
    EXPECT_EQ(page.events[1].data.view(), take_back_event(0));
    EXPECT_EQ(page.events[1].attempt, 2);
    EXPECT_EQ(page.events[2].data.view(), "whole");
    EXPECT_EQ(page.events[2].attempt, 2);
}

TEST_F(AnswerOutput, second_try_adds_only_what_the_first_did_not_say) {
    provider.script.emplace_back(
        [](ChatRequest, llm::ChatSink sink, Deadline) -> Task<Result<ChatResult>> {
            sink({.text = "the wh"});
            co_return fail(Errc::provider_unavailable, "stream cut");
        });
    provider.script.push_back(FakeProvider::answer("the whole"));
    const auto id = post("c", "hello");
    serve("answer", [this, id] { return state(id) == MessageState::done; });
    EXPECT_EQ(output_of(id), "the whole");
    EXPECT_EQ(pool.run(read(id, 0)).events.size(), 2);
}

TEST_F(AnswerOutput, is_given_up_when_it_cannot_be_stored_and_the_answer_is_not) {
    queues.fault = [](std::string_view call) -> std::optional<Error> {
        if (call != "append_output") return std::nullopt;
        return Error{.code = Errc::storage_full, .detail = "no space"};
    };
    const auto id = post("c", "hello");
    serve("answer", [this, id] { return status(id) == DialogStatus::completed; });
    EXPECT_EQ(state(id), MessageState::done);
    EXPECT_EQ(output_of(id), "");
    EXPECT_EQ(queues.calls["append_output"], 1);
}

}  // namespace
}  // namespace baton::dispatch
