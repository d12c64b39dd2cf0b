// The life of messages and conversations in the store; every write may come twice.
#include "harness.h"

namespace baton::conversations {
namespace {

using StoreLife = StoreTest;

TEST_P(StoreLife, keeps_a_conversation_as_it_was_made) {
    auto given = conversation("c1");
    given.state = ConversationState::inactive;
    given.priority = Level::high;
    EXPECT_TRUE(run(store_.conversations->create(given)).value());
    EXPECT_EQ(conversation_row("c1"), given);
    auto other = given;
    other.title = "another";
    EXPECT_FALSE(run(store_.conversations->create(other)).value());
    EXPECT_EQ(conversation_row("c1"), given);
    const auto missing = run(store_.conversations->get(ConversationId("c2")));
    EXPECT_EQ(missing.error().code, Errc::conversation_not_found);
}

TEST_P(StoreLife, keeps_a_message_as_it_was_written) {
    auto given = message(1);
    given.priority = Level::realtime;
    given.content = std::string("zero\0and 😀", 14);
    EXPECT_TRUE(add(given));
    EXPECT_EQ(get(1), given);
    EXPECT_EQ(run(store_.conversations->get_message(id(2))).error().code, Errc::message_not_found);
    open();
    EXPECT_EQ(get(1), given);
}

TEST_P(StoreLife, makes_a_missing_conversation_and_counts_its_messages) {
    EXPECT_TRUE(add(message(1)));
    EXPECT_TRUE(add(message(3)));
    const auto row = conversation_row("c1");
    EXPECT_EQ(row.user_id, UserId("u1"));
    EXPECT_EQ(row.message_count, 2u);
    EXPECT_EQ(row.created_at, message(1).created_at);
    EXPECT_EQ(row.last_active_at, message(3).created_at);
    EXPECT_EQ(row.updated_at, message(3).created_at);
}

TEST_P(StoreLife, knows_a_message_that_comes_twice) {
    EXPECT_TRUE(add(message(1)));
    ASSERT_TRUE(complete(1));
    const auto row = conversation_row("c1");
    auto again = message(1, "c2");
    again.content = "changed";
    EXPECT_FALSE(add(again));
    EXPECT_EQ(get(1).content, "question 1");
    EXPECT_EQ(conversation_row("c1"), row);
    EXPECT_EQ(run(store_.conversations->get(ConversationId("c2"))).error().code,
        Errc::conversation_not_found);
}

TEST_P(StoreLife, never_makes_a_conversation_look_older) {
    EXPECT_TRUE(add(message(5)));
    EXPECT_TRUE(add(message(2)));  // repaired late
    EXPECT_EQ(conversation_row("c1").last_active_at, message(5).created_at);
}

TEST_P(StoreLife, follows_a_message_from_pending_to_completed) {
    add(message(1));
    const auto at = start + std::chrono::seconds(10);
    ASSERT_TRUE(run(store_.writer->mark_processing(id(1), 0, at)));
    EXPECT_EQ(get(1).status, DialogStatus::processing);
    EXPECT_EQ(get(1).updated_at, at);
    ASSERT_TRUE(run(store_.writer->mark_waiting(id(1), 1, "provider said no", at + Duration(1))));
    EXPECT_EQ(get(1).status, DialogStatus::pending);
    EXPECT_EQ(get(1).retry_count, 1u);
    EXPECT_EQ(get(1).error, "provider said no");
    ASSERT_TRUE(run(store_.writer->mark_processing(id(1), 1, at + Duration(2))));
    EXPECT_TRUE(complete(1));
    const auto row = get(1);
    EXPECT_EQ(row.status, DialogStatus::completed);
    EXPECT_EQ(row.reply, reply(1));
    EXPECT_EQ(row.error, "");
    EXPECT_EQ(row.completed_at, reply(1).created_at);
    EXPECT_EQ(row.updated_at, reply(1).created_at);
    EXPECT_EQ(row.retry_count, 1u);
    EXPECT_EQ(conversation_row("c1").last_active_at, reply(1).created_at);
}

TEST_P(StoreLife, keeps_the_first_answer) {
    add(message(1));
    EXPECT_TRUE(complete(1));
    auto second = reply(1);
    second.content = "another";
    EXPECT_FALSE(run(store_.writer->complete(id(1), second)).value());
    EXPECT_EQ(get(1).reply, reply(1));
}

TEST_P(StoreLife, lets_an_answer_win_over_every_failure) {
    std::uint64_t seq = 0;
    for (const auto status :
        {DialogStatus::failed, DialogStatus::timeout, DialogStatus::cancelled}) {
        add(message(++seq));
        ASSERT_TRUE(run(store_.writer->fail({id(seq), status, "why", 3, start})));
        EXPECT_EQ(get(seq).status, status);
        EXPECT_EQ(get(seq).error, "why");
        EXPECT_EQ(get(seq).retry_count, 3u);
        EXPECT_TRUE(complete(seq));
        EXPECT_EQ(get(seq).status, DialogStatus::completed);
    }
}

TEST_P(StoreLife, leaves_finished_messages_alone) {
    add(message(1));
    add(message(2));
    complete(1);
    ASSERT_TRUE(run(store_.writer->fail({id(2), DialogStatus::cancelled, "user", 0, start})));
    for (const std::uint64_t seq : {1, 2}) {
        const auto before = get(seq);
        ASSERT_TRUE(run(store_.writer->mark_processing(id(seq), 9, start)));
        ASSERT_TRUE(run(store_.writer->mark_waiting(id(seq), 9, "late", start)));
        ASSERT_TRUE(run(store_.writer->fail({id(seq), DialogStatus::failed, "late", 9, start})));
        EXPECT_EQ(get(seq), before);
    }
}

TEST_P(StoreLife, says_that_an_unknown_message_cannot_be_answered) {
    const auto done = run(store_.writer->complete(id(1), reply(1)));
    EXPECT_EQ(done.error().code, Errc::message_not_found);
    EXPECT_TRUE(run(store_.writer->mark_processing(id(1), 0, start)));
    EXPECT_TRUE(run(store_.writer->fail({id(1), DialogStatus::failed, "", 0, start})));
    EXPECT_EQ(run(store_.writer->fail({id(1), DialogStatus::completed, "", 0, start})).error().code,
        Errc::invalid_argument);
}

TEST_P(StoreLife, lists_unfinished_messages_in_the_order_of_ids) {
    for (std::uint64_t seq = 1; seq <= 6; ++seq) add(message(seq));
    complete(2);
    ASSERT_TRUE(run(store_.writer->mark_processing(id(3), 0, start)));
    ASSERT_TRUE(run(store_.writer->fail({id(4), DialogStatus::timeout, "", 0, start})));
    using Ids = std::vector<MessageId>;
    EXPECT_EQ(run(store_.writer->unfinished(std::nullopt, 10)), (Ids{id(1), id(3), id(5), id(6)}));
    EXPECT_EQ(run(store_.writer->unfinished(std::nullopt, 2)), (Ids{id(1), id(3)}));
    EXPECT_EQ(run(store_.writer->unfinished(id(3), 2)), (Ids{id(5), id(6)}));
    EXPECT_EQ(run(store_.writer->unfinished(id(6), 2)), Ids{});
}

TEST_P(StoreLife, gives_the_last_completed_messages_as_history) {
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
        add(message(seq));
        if (seq != 3) complete(seq);
    }
    add(message(7, "c2"));
    complete(7);
    ASSERT_TRUE(run(store_.writer->fail({id(3), DialogStatus::failed, "", 0, start})));
    const auto seqs = [&](MessageId before, std::uint32_t limit) {
        const auto found =
            run(store_.conversations->history(ConversationId("c1"), before, limit)).value();
        std::vector<std::uint64_t> out;
        for (const auto& each : found) {
            EXPECT_TRUE(each.reply);
            out.push_back(each.id.seq);
        }
        return out;
    };
    using Seqs = std::vector<std::uint64_t>;
    EXPECT_EQ(seqs(id(6), 10), (Seqs{1, 2, 4, 5}));
    EXPECT_EQ(seqs(id(6), 2), (Seqs{4, 5}));
    EXPECT_EQ(seqs(id(100), 1), (Seqs{6}));
    EXPECT_EQ(seqs(id(1), 10), Seqs{});
    EXPECT_EQ(seqs(id(6), 0), Seqs{});
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreLife, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
