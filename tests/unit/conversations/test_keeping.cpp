// Conversations that change, end and expire, and users with what they may send.
#include <set>

#include "harness.h"

namespace baton::conversations {
namespace {

using State = ConversationState;

class Keeping : public StoreTest {
protected:
    void make(const std::string& name, std::optional<TimePoint> expires_at = {}) {
        auto row = conversation(name);
        row.expires_at = expires_at;
        ASSERT_TRUE(run(store_.conversations->create(row)).value());
    }
    Result<Conversation> change(const std::string& name, ConversationChange change) {
        return run(
            store_.keeper->change(ConversationId(name), std::move(change), start + Duration(9)));
    }
    std::uint64_t remove_expired(TimePoint now, TimePoint idle_since, std::uint32_t limit = 100) {
        return run(store_.keeper->remove_expired(now, idle_since, limit)).value();
    }
    std::uint64_t purge(const std::string& name, std::uint32_t limit, TimePoint stones_before) {
        return run(store_.keeper->purge(ConversationId(name), limit, stones_before)).value();
    }
    bool is_there(const std::string& name) {
        return run(store_.conversations->get(ConversationId(name))).has_value();
    }
    std::size_t stones() { return run(store_.keeper->removed(ConversationId(""), 100))->size(); }
    std::uint64_t listed() { return run(store_.conversations->list({}, {})).value().total; }
    std::uint64_t messages() { return run(store_.conversations->list_messages({}, {}))->total; }
};

TEST_P(Keeping, changes_what_is_given_and_nothing_else) {
    make("c1");
    const auto before = conversation_row("c1");
    const auto changed = change("c1", {.title = "New",
                                          .context = "Be brief.",
                                          .changes_expiry = true,
                                          .expires_at = start + Duration(50)});
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->title, "New");
    EXPECT_EQ(changed->context, "Be brief.");
    EXPECT_EQ(changed->expires_at, start + Duration(50));
    EXPECT_EQ(changed->metadata, before.metadata);
    EXPECT_EQ(changed->updated_at, start + Duration(9));
    EXPECT_EQ(conversation_row("c1"), *changed);
    EXPECT_FALSE(change("c1", {.changes_expiry = true})->expires_at.has_value());
    EXPECT_EQ(change("nope", {}).error().code, Errc::conversation_not_found);
}

TEST_P(Keeping, takes_legal_moves_only) {
    const State states[] = {State::active, State::inactive, State::completed, State::archived};
    int number = 0;
    for (const State from : states) {
        for (const State to : states) {
            auto row = conversation("c" + std::to_string(++number));
            row.state = from;
            ASSERT_TRUE(run(store_.conversations->create(row)).value());
            const auto moved = change(row.id.text, {.state = to});
            if (is_legal_move(from, to)) {
                EXPECT_EQ(moved.value().state, to);
            } else {
                EXPECT_EQ(moved.error().code, Errc::conflict);
                EXPECT_EQ(moved.error().field, "state");
                EXPECT_EQ(conversation_row(row.id.text).state, from);
            }
        }
    }
    EXPECT_FALSE(is_legal_move(State::archived, State::active));
    EXPECT_FALSE(is_legal_move(State::completed, State::inactive));
    EXPECT_TRUE(is_legal_move(State::completed, State::active));
}

TEST_P(Keeping, a_message_makes_an_inactive_conversation_active) {
    make("c1");
    ASSERT_TRUE(change("c1", {.state = State::inactive}));
    add(message(1));
    EXPECT_EQ(conversation_row("c1").state, State::active);
    ASSERT_TRUE(change("c1", {.state = State::completed}));
    add(message(2));
    EXPECT_EQ(conversation_row("c1").state, State::completed);
}

TEST_P(Keeping, a_removed_conversation_is_hidden_and_stays_away) {
    make("c1");
    add(message(1));
    ASSERT_TRUE(run(store_.keeper->remove(ConversationId("c1"), start)));
    EXPECT_FALSE(is_there("c1"));
    EXPECT_EQ(listed(), 0u);
    EXPECT_EQ(run(store_.keeper->remove(ConversationId("c1"), start)).error().code,
        Errc::conversation_not_found);
    EXPECT_EQ(change("c1", {}).error().code, Errc::conversation_not_found);
    EXPECT_EQ(run(store_.conversations->add_message(message(2))).error().code,
        Errc::conversation_not_found)
        << "a late write brings nothing back";
    EXPECT_EQ(purge("c1", 10, start), 1u);
    EXPECT_EQ(run(store_.conversations->add_message(message(3))).error().code,
        Errc::conversation_not_found);
    EXPECT_EQ(stones(), 1u);
    EXPECT_EQ(purge("c1", 10, start + Duration(1)), 0u);
    EXPECT_EQ(stones(), 0u);
}

TEST_P(Keeping, purges_in_batches_with_steps_and_only_what_was_removed) {
    for (std::uint64_t seq = 1; seq <= 5; ++seq) add(message(seq));
    add(message(6, "other"));
    ASSERT_TRUE(run(store_.steps->add_step(id(1), {.number = 0, .content = "{}"})));
    EXPECT_EQ(purge("c1", 2, start), 0u) << "nobody removed it";
    ASSERT_TRUE(run(store_.keeper->remove(ConversationId("c1"), start)));
    EXPECT_EQ(purge("c1", 2, start + Duration(1)), 2u);
    EXPECT_EQ(stones(), 1u) << "not while messages are left";
    EXPECT_EQ(purge("c1", 2, start + Duration(1)), 2u);
    EXPECT_EQ(purge("c1", 2, start + Duration(1)), 1u);
    EXPECT_EQ(stones(), 0u);
    EXPECT_EQ(messages(), 1u);
    EXPECT_TRUE(run(store_.steps->steps(id(1)))->empty());
}

TEST_P(Keeping, what_is_over_goes_in_batches) {
    make("by_time", start + Duration(100));
    make("idle");
    make("later", start + Duration(1'000));
    EXPECT_EQ(remove_expired(start + Duration(99), start), 0u);
    EXPECT_EQ(remove_expired(start + Duration(100), start), 1u);
    EXPECT_FALSE(is_there("by_time"));
    EXPECT_EQ(remove_expired(start + Duration(200), start + Duration(1)), 1u)
        << "idle since before, and without a time of its own";
    EXPECT_FALSE(is_there("idle"));
    EXPECT_TRUE(is_there("later"));
    for (int i = 0; i < 5; ++i) make("x" + std::to_string(i), start);
    EXPECT_EQ(remove_expired(start, start, 2), 2u);
    EXPECT_EQ(remove_expired(start, start, 2), 2u);
    EXPECT_EQ(remove_expired(start, start, 2), 1u);
}

TEST_P(Keeping, deletes_finished_messages_and_opens_failed_ones_again) {
    for (std::uint64_t seq = 1; seq <= 3; ++seq) add(message(seq));
    EXPECT_EQ(run(store_.keeper->delete_message(id(1))).error().code, Errc::conflict);
    complete(1);
    EXPECT_TRUE(run(store_.keeper->delete_message(id(1))));
    EXPECT_EQ(run(store_.keeper->delete_message(id(1))).error().code, Errc::message_not_found);
    EXPECT_EQ(conversation_row("c1").message_count, 2u);
    ASSERT_TRUE(run(store_.writer->fail({.id = id(2), .error = "broken", .at = start})));
    EXPECT_TRUE(run(store_.keeper->reopen(id(2), start + Duration(7))));
    EXPECT_EQ(get(2).status, DialogStatus::pending);
    EXPECT_EQ(get(2).error, "");
    EXPECT_EQ(run(store_.keeper->reopen(id(9), start)).error().code, Errc::message_not_found);
    const auto open = run(store_.keeper->unfinished_of(ConversationId("c1"), 10)).value();
    EXPECT_EQ(open.size(), 2u);
    ASSERT_TRUE(run(store_.writer->fail({.id = id(2), .error = "again", .at = start})));
    complete(3);
    EXPECT_EQ(run(store_.keeper->unfinished_of(ConversationId("c1"), 10)).value(),
        (std::vector<MessageId>{id(2)}));
}

TEST_P(Keeping, users_are_kept_listed_and_deleted) {
    User user{.id = UserId("u1"),
        .tier = "gold",
        .messages_per_minute = 5,
        .metadata = R"({"a":1})",
        .created_at = start,
        .updated_at = start};
    EXPECT_EQ(run(store_.users->put_user(user)).value(), user);
    auto other = user;
    other.tier = "";
    other.messages_per_minute = std::nullopt;
    other.messages_per_day = 0;
    other.created_at = other.updated_at = start + Duration(5);
    const auto replaced = run(store_.users->put_user(other)).value();
    EXPECT_EQ(replaced.created_at, start);
    EXPECT_EQ(run(store_.users->find_user(UserId("u1"))).value(), replaced);
    EXPECT_EQ(run(store_.users->find_user(UserId("nobody"))).value(), std::nullopt);
    for (const char* name : {"u2", "u3"}) {
        other.id = UserId(name);
        ASSERT_TRUE(run(store_.users->put_user(other)));
    }
    const auto first = run(store_.users->list_users(UserId(""), 2)).value();
    EXPECT_EQ(first.users.size(), 2u);
    EXPECT_EQ(first.next, UserId("u2"));
    const auto last = run(store_.users->list_users(first.next, 2)).value();
    EXPECT_EQ(last.users.size(), 1u);
    EXPECT_TRUE(last.next.empty());
    EXPECT_TRUE(run(store_.users->delete_user(UserId("u1"))).value());
    EXPECT_FALSE(run(store_.users->delete_user(UserId("u1"))).value());
}

TEST_P(Keeping, messages_are_counted_by_minute_and_day) {
    const auto send = [&](TimePoint at) {
        return run(store_.users->count_message(
            UserId("u1"), {.messages_per_minute = 2, .messages_per_day = 3}, at));
    };
    EXPECT_TRUE(send(start));
    EXPECT_TRUE(send(start + Duration(59'000)));
    const auto refused = send(start + Duration(59'900));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::rate_limited);
    EXPECT_EQ(refused.error().retry_after, Duration(100));
    open();
    EXPECT_TRUE(send(start + Duration(60'000))) << "counts survive a restart, and minutes pass";
    const auto of_day = send(start + Duration(60'001));
    EXPECT_EQ(of_day.error().retry_after, Duration(86'400'000 - 60'001));
    EXPECT_TRUE(send(start + std::chrono::days(1)));
    ASSERT_TRUE(run(store_.users->forget_counts(start + std::chrono::days(2), 10)));
    EXPECT_TRUE(send(start + std::chrono::days(1)));
    EXPECT_TRUE(send(start + std::chrono::days(1)));
}

INSTANTIATE_TEST_SUITE_P(Databases, Keeping, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
