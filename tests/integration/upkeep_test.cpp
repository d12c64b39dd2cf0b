// What a daemon does beside requests, on each database: conversations that are over go with their
// messages, also those a dead daemon left, and queues are looked at for their history.
#include <string>

#include <fmt/core.h>

#include "integration/database_daemon.h"
#include "model/codec.h"
#include "support/eventually.h"

namespace baton::test {
namespace {

using net::Method;

class Upkeep : public DatabaseDaemon {
protected:
    /// Makes a conversation with one message, which has been answered; their paths.
    std::pair<std::string, std::string> answered_conversation(
        const Daemon& daemon, const std::string& body) {
        const auto made = data_of(call(daemon, Method::post, "/api/v1/conversations", body));
        const std::string conversation =
            "/api/v1/conversations/" + std::string(made.at("id").as_string());
        const auto sent = data_of(
            call(daemon, Method::post, conversation + "/messages", R"({"content":"needle"})"));
        const std::string message = "/api/v1/messages/" + std::string(sent.at("id").as_string());
        const auto ended = data_of(get(daemon, message + "?wait_ms=20000"));
        EXPECT_EQ(ended.at("status"), "completed");
        return {conversation, message};
    }
    bool is_gone(const Daemon& daemon, const std::string& target) {
        return get(daemon, target).status == 404;
    }
    /// So many milliseconds from now, for `expires_at`.
    static std::string soon(int milliseconds) {
        const auto at = SystemClock().now() + Duration(milliseconds);
        return fmt::format(R"({{"expires_at":{}}})", to_unix_ms(at));
    }
};

TEST_P(Upkeep, deletes_conversations_whose_time_has_come_with_their_messages) {
    const auto daemon = start({"conversations.sweep_interval=100ms", "logging.level=info"});
    const auto [kept, kept_message] = answered_conversation(*daemon, "{}");
    const auto [over, message] = answered_conversation(*daemon, soon(1'500));
    EXPECT_TRUE(eventually([&, target = over] { return is_gone(*daemon, target); }));
    // Nobody but the sweep deletes a message of it.
    EXPECT_TRUE(eventually([&, target = message] { return is_gone(*daemon, target); }));
    const auto told = [&] { return daemon->process().err().contains("came to their end"); };
    EXPECT_TRUE(eventually(told)) << daemon->process().err();
    EXPECT_EQ(get(*daemon, kept).status, 200);
    EXPECT_EQ(get(*daemon, kept_message).status, 200);
    const auto found = data_of(get(*daemon, "/api/v1/search/messages?q=needle"));
    EXPECT_EQ(found.at("messages").as_array().size(), 2u) << "question and answer of the other one";
}

TEST_P(Upkeep, deletes_conversations_that_were_idle_for_too_long) {
    const auto daemon = start({"conversations.sweep_interval=100ms", "conversations.idle_time=1s"});
    const auto [idle, message] = answered_conversation(*daemon, "{}");
    const auto [dated, kept] = answered_conversation(*daemon, soon(3'600'000));
    EXPECT_TRUE(eventually([&, target = message] { return is_gone(*daemon, target); }));
    EXPECT_EQ(get(*daemon, kept).status, 200) << "it has a time of its own";
}

TEST_P(Upkeep, goes_on_where_a_daemon_died) {
    const auto daemon = start({"conversations.sweep_interval=100ms"});
    const auto [over, message] = answered_conversation(*daemon, soon(60'000));
    daemon->kill9();
    daemon->restart();
    const auto shortened = call(*daemon, Method::put, over, soon(300));
    EXPECT_EQ(shortened.status, 200) << shortened.body;
    daemon->kill9();
    daemon->restart();
    EXPECT_TRUE(eventually([&, target = message] { return is_gone(*daemon, target); }));
}

TEST_P(Upkeep, looks_at_the_queues_again_and_again) {
    const auto daemon = start({"queue.sample_interval=100ms"});
    ASSERT_EQ(call(*daemon, Method::put, "/v1/queues/mail", "{}").status, 201);
    const auto stats = [&] {
        const auto data = data_of(get(*daemon, "/api/v1/queues/stats?queue_name=mail"));
        return data.at("queues").at(0);
    };
    // The queue came behind the first look, so this is a later one.
    const auto was_looked_at = [&] {
        const auto now = stats();
        return now.at("from") != now.at("to");
    };
    ASSERT_TRUE(eventually(was_looked_at));
    const auto begin = stats().at("from");
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(
            call(*daemon, Method::post, "/v1/queues/mail/messages", R"({"content":"x"})").status,
            201);
    }
    const auto now = stats();
    EXPECT_EQ(now.at("from"), begin) << "what was seen stays";
    EXPECT_EQ(now.at("total_posted"), 3) << "since the first look at it";
    EXPECT_GT(now.at("size").as_int64(), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, Upkeep, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
