// Conversations that end, by hand and at their time, with the runs in them.
#include "service/conversation_ending.h"
#include "service/conversation_service.h"
#include "service/message_service.h"
#include "service/queue_history.h"
#include "support/fake_queues.h"
#include "unit/service/fakes.h"
#include "unit/service/queue_fixture.h"

namespace baton::test {
namespace {

using service::SweepConfig;

class Ending : public QueueFixture {
protected:
    DialogMessage send(std::optional<TimePoint> expires_at = {}) {
        service::NewConversation wanted;
        wanted.expires_at = expires_at;
        const auto made = io.run(messages.create_conversation(who, wanted)).value().conversation;
        service::OutgoingMessage message;
        message.conversation_id = made.id;
        message.content = "hello";
        return io.run(messages.send(who, message)).value().message;
    }
    /// A second message, whose conversation is deleted before its row is written.
    Result<service::SentMessage> send_late(queue::Queues& to) {
        service::OutgoingMessage message;
        message.conversation_id = send().conversation_id;
        message.content = "once more";
        rows.fault = [](std::string_view call) -> std::optional<Error> {
            if (call != "add_message") return std::nullopt;
            return Error{
                .code = Errc::conversation_not_found, .detail = "the conversation was removed"};
        };
        service::MessageService sending{to, rows, agents, clock, {}, Log(), &rows};
        return io.run(sending.send(who, message));
    }
    Result<service::Swept> sweep(SweepConfig config = {}) {
        return io.run(service::sweep(deps, config));
    }

    const access::Identity who{.key = KeyId("k"), .name = "tester"};
    FakeConversations rows;
    FakeAgents agents;
    service::MessageService messages{*queues, rows, agents, clock, {}, Log(), &rows};
    const service::EndingDeps deps{
        .queues = *queues, .writer = rows, .keeper = rows, .users = rows, .clock = clock};
};

TEST_F(Ending, what_is_over_goes_with_its_messages_and_runs) {
    const auto over = send(clock.now() + Duration(1'000));
    const auto kept = send();
    EXPECT_EQ(sweep().value(), service::Swept{});
    clock.advance(Duration(1'000));
    EXPECT_EQ(sweep().value(), (service::Swept{.conversations = 1, .messages = 1}));
    EXPECT_FALSE(rows.message(over.id));
    EXPECT_TRUE(rows.message(kept.id));
    EXPECT_EQ(count_in("llm"), 1u) << "its run is cancelled";
    EXPECT_EQ(sweep().value(), service::Swept{}) << "once";
}

TEST_F(Ending, idle_conversations_go_when_so_configured) {
    static_cast<void>(send());
    clock.advance(Duration(10'001));
    EXPECT_EQ(sweep()->conversations, 0u);
    EXPECT_EQ(sweep({.idle_time = Duration(10'000)})->conversations, 1u);
}

TEST_F(Ending, many_go_batch_by_batch) {
    for (int i = 0; i < 5; ++i) static_cast<void>(send(clock.now() + Duration(1)));
    clock.advance(Duration(1));
    EXPECT_EQ(sweep({.batch = 2})->conversations, 5u);
    EXPECT_EQ(rows.calls["remove_expired"], 3u);
    EXPECT_EQ(rows.message_count(), 0u);
}

TEST_F(Ending, a_sweep_that_fails_is_ended_by_the_next) {
    const auto over = send(clock.now() + Duration(1));
    clock.advance(Duration(1));
    for (const std::string_view faulty : {"remove_expired", "removed", "unfinished_of", "purge"}) {
        rows.fault = [&](std::string_view call) -> std::optional<Error> {
            if (call != faulty) return std::nullopt;
            return Error{.code = Errc::storage_io, .detail = "disk"};
        };
        EXPECT_FALSE(sweep()) << faulty;
        EXPECT_TRUE(rows.message(over.id)) << faulty;
    }
    rows.fault = {};
    EXPECT_EQ(sweep()->messages, 1u);
}

TEST_F(Ending, a_run_under_way_hears_of_it_and_brings_nothing_back) {
    auto over = send(clock.now() + Duration(1));
    const auto leased = lease_one("llm");
    clock.advance(Duration(1));
    ASSERT_TRUE(sweep());
    EXPECT_EQ(io.run(queues->ack(leased.receipt)).error().code, Errc::lease_lost);
    EXPECT_EQ(io.run(rows.add_message(over)).error().code, Errc::conversation_not_found);
    clock.advance(SweepConfig{}.stone_time + Duration(1));
    ASSERT_TRUE(sweep());
    EXPECT_TRUE(io.run(rows.removed(ConversationId(""), 10))->empty()) << "stones go at last";
}

TEST_F(Ending, dead_letters_go_along_and_do_not_come_back) {
    const auto over = send(clock.now() + Duration(1));
    const auto single = send();
    for (int i = 0; i < 2; ++i) {
        const auto leased = lease_one("llm");
        queue::NackRequest nack;
        nack.receipt = leased.receipt;
        nack.blame = queue::Blame::fatal;
        ASSERT_TRUE(io.run(queues->nack(nack)));
        conversations::FailedRun failed{.id = leased.message.id, .error = "broken"};
        ASSERT_TRUE(io.run(rows.fail(failed)));
    }
    const auto dead = [&] { return io.run(queues->stats(QueueName("llm")))->dead; };
    EXPECT_EQ(dead(), 2u);
    clock.advance(Duration(1));
    EXPECT_EQ(sweep()->messages, 1u);
    EXPECT_EQ(dead(), 1u);
    service::ConversationService by_hand{deps, rows};
    ASSERT_TRUE(io.run(by_hand.delete_message(who, single.id)));
    EXPECT_EQ(dead(), 0u);
    EXPECT_FALSE(rows.message(over.id));
}

TEST_F(Ending, a_message_that_comes_while_its_conversation_is_deleted_is_refused) {
    const auto late = send_late(*queues);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::conversation_not_found);
    EXPECT_EQ(count_in("llm"), 1u) << "only the first one";
}

TEST_F(Ending, a_message_that_its_run_took_back_first_is_refused_too) {
    FakeQueues racing{io.executor(0), clock};
    ASSERT_TRUE(io.run(racing.put_queue(QueueName("llm"), QueueConfig())));
    racing.fault = [](std::string_view call) -> std::optional<Error> {
        if (call != "cancel") return std::nullopt;
        return Error{.code = Errc::message_not_found, .detail = "no such message"};
    };
    const auto late = send_late(racing);
    ASSERT_FALSE(late) << "nobody would ever answer it";
    EXPECT_EQ(late.error().code, Errc::conversation_not_found);
}

TEST_F(Ending, what_is_over_is_not_changed_before_it_is_swept) {
    const auto over = send(clock.now() + Duration(1));
    const auto idle = send();
    service::ConversationService by_hand{deps, rows, Duration(10'000)};
    const auto rename = [&](const DialogMessage& message) {
        conversations::ConversationChange change{.title = "kept", .changes_expiry = true};
        return io.run(by_hand.change(who, message.conversation_id, change));
    };
    clock.advance(Duration(1));
    EXPECT_EQ(rename(over).error().code, Errc::conversation_not_found);
    EXPECT_EQ(io.run(by_hand.remove(who, over.conversation_id)).error().code,
        Errc::conversation_not_found);
    EXPECT_TRUE(rename(idle));
    clock.advance(Duration(10'001));
    EXPECT_EQ(rename(idle).error().code, Errc::conversation_not_found);
    EXPECT_EQ(sweep({.idle_time = Duration(10'000)})->conversations, 2u);
}

TEST(QueueWindow, tells_rates_and_waits_by_littles_law) {
    const auto at = [](int minutes) { return FakeClock::start + Duration(minutes * 60'000); };
    const std::vector<service::QueueSample> samples{
        {.at = at(0), .posted = 10, .acked = 5, .dead = 1, .ready = 4, .leased = 2},
        {.at = at(1), .posted = 30, .acked = 25, .dead = 2, .ready = 4, .leased = 2},
        {.at = at(2), .posted = 3, .acked = 2, .dead = 0, .ready = 4, .leased = 2},  // anew
        {.at = at(4), .posted = 41, .acked = 21, .dead = 0, .ready = 4, .leased = 2},
    };
    const auto window = service::window_of(samples);
    EXPECT_EQ(window.posted, 58u);
    EXPECT_EQ(window.processed, 39u);
    EXPECT_EQ(window.failed, 1u);
    EXPECT_DOUBLE_EQ(window.per_minute, 39.0 / 4);
    EXPECT_DOUBLE_EQ(window.error_rate, 1.0 / 40);
    EXPECT_DOUBLE_EQ(window.wait_ms, 4.0 * 240'000 / 40);
    EXPECT_DOUBLE_EQ(window.processing_ms, 2.0 * 240'000 / 40);
    const auto none = service::window_of({samples.front()});
    EXPECT_EQ(none.per_minute, 0);
    EXPECT_EQ(none.wait_ms, 0);
}

}  // namespace
}  // namespace baton::test
