// A user's record reaches every door that work comes in by, on each database: the tier gives the
// level and with it the turn, the limits hold.
#include <chrono>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "integration/database_daemon.h"
#include "integration/local_daemon.h"
#include "support/eventually.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

using net::Method;

constexpr const char* rules =
    R"(scheduler.rules=[{"name":"gold","tier":"gold","score":30},{"name":"free","tier":"free","score":-30}])";

class UserTier : public DatabaseDaemon {
protected:
    std::unique_ptr<LocalDaemon> start(const std::vector<std::string>& more) {
        return std::make_unique<LocalDaemon>(settings_with(more));
    }
    void put_user(const LocalDaemon& daemon, const std::string& id, const std::string& record) {
        const auto put = call(daemon, Method::put, "/api/v1/users/" + id, record);
        EXPECT_EQ(put.status, 200) << put.body;
    }
    /// A message to an agent.
    net::Response send(
        const LocalDaemon& daemon, const std::string& user, const std::string& text) {
        return call(daemon, Method::post, "/api/v1/messages",
            fmt::format(R"({{"user_id":"{}","content":"{}"}})", user, text));
    }
    /// A chat of an OpenAI client.
    net::Response chat(
        const LocalDaemon& daemon, const std::string& user, const std::string& mode = "durable") {
        net::Fields fields;
        fields.set("Baton-Mode", mode);
        return call(daemon, Method::post, "/v1/chat/completions",
            fmt::format(
                R"({{"model":"echo","user":"{}","messages":[{{"role":"user","content":"hi"}}]}})",
                user),
            std::move(fields));
    }
    net::Response respond(const LocalDaemon& daemon, const std::string& user) {
        return call(daemon, Method::post, "/v1/responses",
            fmt::format(R"({{"model":"echo","user":"{}","input":"hi"}})", user));
    }
    /// The level of what a chat becomes, as it waits in the queue, which is paused. `body` has the
    /// word in the place of a `*`.
    std::string waiting_level(
        const LocalDaemon& daemon, const std::string& target, std::string body) {
        const auto word = fmt::format("word-{}", chats_.size());
        body.replace(body.find('*'), 1, word);
        const auto port = std::stoi(daemon.url().substr(daemon.url().rfind(':') + 1));
        chats_.push_back(RawConnection::connect(static_cast<std::uint16_t>(port)));
        chats_.back().send(
            fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                        "application/json\r\nAuthorization: Bearer "
                        "{}\r\nContent-Length: {}\r\n\r\n{}",
                target, daemon.admin_key(), body.size(), body));
        std::string level;
        const auto is_waiting = [&] {
            const auto waiting = json_of(get(daemon, "/v1/queues/llm/messages?state=ready"));
            for (const auto& message : waiting.at("messages").as_array()) {
                if (!std::string_view(message.at("content").as_string()).contains(word)) continue;
                level = message.at("priority").as_string();
            }
            return !level.empty();
        };
        EXPECT_TRUE(eventually(is_waiting)) << target << body;
        return level;
    }
    std::string chat_level(const LocalDaemon& daemon, const std::string& user) {
        return waiting_level(daemon, "/v1/chat/completions",
            "{" + user + R"("model":"echo","messages":[{"role":"user","content":"*"}]})");
    }
    std::string response_level(const LocalDaemon& daemon, const std::string& user) {
        return waiting_level(
            daemon, "/v1/responses", "{" + user + R"("model":"echo","input":"*"})");
    }
    std::string priority_of(const net::Response& answer) {
        return std::string(data_of(answer).at("priority").as_string());
    }
    std::vector<RawConnection> chats_;  ///< that wait for their answers

    static void expect_limited(const net::Response& answer) {
        EXPECT_EQ(answer.status, 429) << answer.body;
        EXPECT_FALSE(answer.fields.get("Retry-After").empty()) << answer.body;
    }
};

TEST_P(UserTier, gives_the_level_at_every_door) {
    const auto daemon = start({rules});
    put_user(*daemon, "rich", R"({"tier":"gold"})");
    put_user(*daemon, "poor", R"({"tier":"Free"})");
    EXPECT_EQ(priority_of(send(*daemon, "rich", "hi")), "high");
    EXPECT_EQ(priority_of(send(*daemon, "poor", "hi")), "low");
    EXPECT_EQ(priority_of(send(*daemon, "stranger", "hi")), "normal");
    ASSERT_EQ(call(*daemon, Method::post, "/v1/queues/llm/pause", "{}").status, 200);
    EXPECT_EQ(chat_level(*daemon, R"("user":"rich",)"), "high");
    EXPECT_EQ(chat_level(*daemon, R"("user":"poor",)"), "low");
    EXPECT_EQ(chat_level(*daemon, R"("user":"stranger",)"), "normal");
    EXPECT_EQ(chat_level(*daemon, ""), "normal");
    EXPECT_EQ(chat_level(*daemon, R"("safety_identifier":"rich",)"), "high");
    EXPECT_EQ(chat_level(*daemon, R"("safety_identifier":"rich","user":"poor",)"), "low");
    EXPECT_EQ(chat_level(*daemon, R"("user":"poor","service_tier":"priority",)"), "high")
        << "who asks for a level gets it";
    EXPECT_EQ(response_level(*daemon, R"("user":"rich",)"), "high");
    const auto too_long = chat(*daemon, std::string(129, 'u'));
    EXPECT_EQ(too_long.status, 400) << too_long.body;
    EXPECT_NE(too_long.body.find("\"user\""), std::string::npos) << too_long.body;
}

TEST_P(UserTier, comes_with_limits_that_all_doors_share) {
    const auto daemon = start({"users.messages_per_day=100"});
    put_user(*daemon, "rare", R"({"messages_per_day":2})");
    EXPECT_EQ(send(*daemon, "rare", "hi").status, 201);
    EXPECT_EQ(chat(*daemon, "rare").status, 200);
    expect_limited(send(*daemon, "rare", "hi"));
    expect_limited(chat(*daemon, "rare"));
    expect_limited(chat(*daemon, "rare", "pass-through"));
    expect_limited(respond(*daemon, "rare"));
    EXPECT_EQ(chat(*daemon, "another").status, 200);
    daemon->restart();
    expect_limited(chat(*daemon, "rare"));
}

TEST_P(UserTier, has_a_day_that_ends_at_midnight) {
    const auto daemon = start({"users.messages_per_day=1"});
    EXPECT_EQ(send(*daemon, "u", "hi").status, 201);
    expect_limited(chat(*daemon, "u"));
    daemon->clock().step(std::chrono::hours(11));
    expect_limited(send(*daemon, "u", "hi"));
    daemon->clock().step(std::chrono::hours(1));
    EXPECT_EQ(chat(*daemon, "u").status, 200) << "another day";
    expect_limited(send(*daemon, "u", "hi"));
}

constexpr const char* tiers =
    R"(users.tiers=[{"name":"gold","messages_per_day":0},{"name":"free","messages_per_day":2},)"
    R"({"name":"fast","messages_per_minute":3}])";

TEST_P(UserTier, has_limits_of_its_own_at_every_door) {
    const auto daemon = start({tiers, "users.messages_per_day=1"});
    put_user(*daemon, "poor", R"({"tier":"Free"})");
    EXPECT_EQ(send(*daemon, "poor", "hi").status, 201);
    EXPECT_EQ(chat(*daemon, "poor").status, 200);
    expect_limited(send(*daemon, "poor", "hi"));
    expect_limited(chat(*daemon, "poor"));
    expect_limited(chat(*daemon, "poor", "pass-through"));
    expect_limited(respond(*daemon, "poor"));
    put_user(*daemon, "rich", R"({"tier":"gold"})");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(send(*daemon, "rich", "hi").status, 201) << i;
    put_user(*daemon, "own", R"({"tier":"gold","messages_per_day":1})");
    EXPECT_EQ(respond(*daemon, "own").status, 200);
    expect_limited(respond(*daemon, "own"));
    put_user(*daemon, "fast", R"({"tier":"fast"})");
    EXPECT_EQ(send(*daemon, "fast", "hi").status, 201);
    expect_limited(send(*daemon, "fast", "hi"));
}

TEST_P(UserTier, that_a_message_or_a_chat_claims_has_no_limits) {
    const auto daemon = start({tiers, "users.messages_per_day=1"});
    const auto claim = [&] {
        return call(*daemon, Method::post, "/api/v1/messages",
            R"({"user_id":"stranger","content":"hi","metadata":{"tier":"gold"}})");
    };
    EXPECT_EQ(claim().status, 201);
    expect_limited(claim());
    expect_limited(call(*daemon, Method::post, "/v1/chat/completions",
        R"({"model":"echo","user":"stranger","service_tier":"gold","metadata":{"tier":"gold"},)"
        R"("messages":[{"role":"user","content":"hi"}]})"));
}

TEST_P(UserTier, that_changes_brings_its_limits_at_once) {
    const auto daemon = start({tiers});
    put_user(*daemon, "u", R"({"tier":"free"})");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(send(*daemon, "u", "hi").status, 201) << i;
    expect_limited(send(*daemon, "u", "hi"));
    put_user(*daemon, "u", R"({"tier":"gold"})");
    EXPECT_EQ(send(*daemon, "u", "hi").status, 201);
    put_user(*daemon, "u", R"({"tier":"free"})");
    expect_limited(chat(*daemon, "u"));
    put_user(*daemon, "u", R"({"tier":"free","messages_per_day":3})");
    EXPECT_EQ(chat(*daemon, "u").status, 200) << "what no limit held for was not counted";
    expect_limited(chat(*daemon, "u"));
}

TEST_P(UserTier, shows_with_its_limits_in_the_record_and_the_configuration) {
    const auto daemon = start({tiers, "users.messages_per_minute=9"});
    put_user(*daemon, "u", R"({"tier":"free","messages_per_minute":4})");
    const auto limits_of = [&](const std::string& user) {
        return boost::json::serialize(data_of(get(*daemon, "/api/v1/users/" + user)).at("limits"));
    };
    EXPECT_EQ(limits_of("u"), R"({"messages_per_minute":{"limit":4,"from":"user"},)"
                              R"("messages_per_day":{"limit":2,"from":"tier"}})");
    put_user(*daemon, "v", R"({"tier":"unheard of"})");
    EXPECT_EQ(limits_of("v"), R"({"messages_per_minute":{"limit":9,"from":"general"},)"
                              R"("messages_per_day":{"limit":0,"from":"general"}})");
    const auto config = data_of(get(*daemon, "/api/v1/config")).at("config");
    EXPECT_EQ(config.at("users.tiers[1].messages_per_day"), "2");
    EXPECT_EQ(config.at("users.tiers[1].messages_per_minute"), "null");
}

TEST_P(UserTier, decides_who_is_next_when_all_wait) {
    RawListener provider;
    const auto daemon = start({rules, "scheduler.workers=1", "scheduler.timeout=60s",
        R"(llm.endpoints=[{"base_url":"http://127.0.0.1:)" + std::to_string(provider.port()) +
            R"(/v1"}])"});
    put_user(*daemon, "rich", R"({"tier":"gold"})");
    put_user(*daemon, "poor", R"({"tier":"free"})");
    static_cast<void>(send(*daemon, "poor", "text-0"));
    auto first = provider.accept();  // the only worker is busy from here on
    first.read_until("text-0");
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(send(*daemon, "poor", fmt::format("text-{}", i)).status, 201);
    }
    EXPECT_EQ(send(*daemon, "rich", "text-9").status, 201);
    first.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"done\"},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    first.close();
    auto second = provider.accept();
    EXPECT_NE(second.read_until("text-").find("text-"), std::string::npos);
    EXPECT_EQ(second.take(1), "9") << "the one with the better tier, though it came last";
}

INSTANTIATE_TEST_SUITE_P(Databases, UserTier, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
