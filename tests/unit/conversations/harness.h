// A conversation store over a fresh database of either kind, and builders of what goes in.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "conversations/conversations.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/faulty_database.h"
#include "support/test_database.h"

namespace baton::conversations {

class StoreTest : public ::testing::TestWithParam<test::DatabaseKind> {
protected:
    static constexpr TimePoint start = test::FakeClock::start;

    StoreTest() {
        plain_.migrate();
        open();
    }

    void open() {
        store_ = {};
        store_ = make_store(database_).value();
    }

    static MessageId id(std::uint64_t seq) { return {7, seq}; }

    /// The user's turn number `seq`, written `seq` seconds after the start.
    static DialogMessage message(std::uint64_t seq, const std::string& conversation = "c1") {
        DialogMessage message;
        message.id = id(seq);
        message.conversation_id = ConversationId(conversation);
        message.user_id = UserId("u1");
        message.agent_id = AgentId("assistant");
        message.content = "question " + std::to_string(seq);
        message.metadata = R"({"n":1})";
        message.created_at = message.updated_at = start + std::chrono::seconds(seq);
        return message;
    }

    static Conversation conversation(const std::string& name) {
        Conversation conversation;
        conversation.id = ConversationId(name);
        conversation.user_id = UserId("u1");
        conversation.title = "About " + name;
        conversation.metadata = R"({"a":true})";
        conversation.created_at = conversation.updated_at = conversation.last_active_at = start;
        return conversation;
    }

    static DialogReply reply(std::uint64_t seq) {
        return {"answer " + std::to_string(seq), "gpt", {11, 22},
            start + std::chrono::seconds(seq) + Duration(500)};
    }

    template <class T>
    T run(Task<T> task) {
        return io_.run(std::move(task));
    }
    bool add(const DialogMessage& message) {
        return run(store_.conversations->add_message(message)).value();
    }
    bool complete(std::uint64_t seq) {
        return run(store_.writer->complete(id(seq), reply(seq))).value();
    }
    DialogMessage get(std::uint64_t seq) {
        return run(store_.conversations->get_message(id(seq))).value();
    }
    Conversation conversation_row(const std::string& name) {
        return run(store_.conversations->get(ConversationId(name))).value();
    }

    test::TestDatabase plain_{GetParam()};
    test::FaultPlan faults_;
    test::FaultyDatabase database_{*plain_, faults_};
    IoPool io_{4};  // outlives the store, whose threads resume what waits on it
    Store store_;
};

}  // namespace baton::conversations
