// kRPC against a real daemon: a foreign client, and what a crash leaves of messages and their
// names.
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/process.h"

namespace baton::test {
namespace {

namespace json = boost::json;

TEST(Krpc, a_foreign_client_does_the_rounds_and_sees_its_mistakes) {
    const auto script = std::filesystem::path(BATON_SOURCE_DIR) / "tests/peers/krpc/client.mjs";
    const auto daemon = Daemon::start({.settings = {"logging.level=warn"}});
    const auto run =
        run_process({.program = "/usr/bin/env",
                        .arguments = {"node", script.string(), daemon->url(), daemon->admin_key()}},
            std::chrono::seconds(90));
    EXPECT_EQ(run.out, "ok\n") << run.err;
    EXPECT_EQ(run.exit.status, 0);
}

/// Calls one incarnation of a daemon; numbers go on over them.
class Caller {
public:
    explicit Caller(const Daemon& daemon)
        : url_(daemon.url() + "/kapi/msg_queue"), key_(daemon.admin_key()) {}

    json::value ask(std::string_view method, std::string_view params) {
        net::ClientRequest request{.method = net::Method::post, .url = url_};
        request.fields.set("Content-Type", "application/json");
        request.body =
            fmt::format(R"({{"method":"{}","params":{},"sys":[1,"{}"]}})", method, params, key_);
        auto response =
            io_.run(http_->send(std::move(request), Deadline::after(std::chrono::seconds(20))));
        if (!response) return json::object{{"error", to_string(response.error())}};
        EXPECT_EQ(response->status, 200);
        return json::parse(response->body);
    }
    json::value result_of(std::string_view method, std::string_view params) {
        auto answer = ask(method, params);
        EXPECT_TRUE(answer.as_object().contains("result")) << json::serialize(answer);
        return answer.as_object()["result"];
    }

private:
    std::string url_;
    std::string key_;
    IoPool io_{1};
    std::unique_ptr<net::Client> http_ = net::make_client({});
};

TEST(Krpc, ids_leases_and_replies_outlive_a_kill) {
    const auto daemon = Daemon::start({.settings = {"logging.level=warn"}});
    constexpr std::string_view post =
        R"({"queue_id":"mail","message":{"id":"first","content":[1]}})";
    constexpr std::string_view message = R"({"message_id":"first"})";
    {
        Caller caller(*daemon);
        caller.result_of("create_queue", R"({"queue_id":"mail"})");
        caller.result_of("post_message", post);
        EXPECT_FALSE(caller.result_of("pop_message", R"({"queue_id":"mail"})").is_null());
    }
    daemon->kill9();
    daemon->restart();
    {
        Caller caller(*daemon);
        EXPECT_TRUE(caller.result_of("post_message", post).at("duplicate").as_bool());
        EXPECT_TRUE(caller.result_of("get_message_reply", message).is_null());
        EXPECT_TRUE(caller.result_of("pop_message", R"({"queue_id":"mail"})").is_null());
        const auto replied = caller.result_of(
            "reply_to_message", R"({"reply":{"message_id":"first","result":"aGk="}})");
        EXPECT_TRUE(replied.at("finished").as_bool());
    }
    daemon->kill9();
    daemon->restart();
    Caller caller(*daemon);
    const auto reply = caller.result_of("get_message_reply", message);
    EXPECT_EQ(json::serialize(reply.at("result")), "[104,105]");
    const auto stats = caller.result_of("get_queue_stats", R"({"queue_id":"mail"})");
    EXPECT_EQ(stats.at("message_count"), 0);
}

}  // namespace
}  // namespace baton::test
