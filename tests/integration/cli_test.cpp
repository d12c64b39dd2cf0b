// The CLI against a real daemon: every command once, as a person would use them.
#include <fstream>

#include <boost/json/parse.hpp>

#include "support/daemon.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using testing::HasSubstr;

/// First word of a text.
std::string word(const std::string& text) { return text.substr(0, text.find_first_of(" \n")); }

class CliRoundTrip : public testing::Test {
protected:
    Finished baton(std::vector<std::string> arguments, std::string input = {}) {
        return run_cli(*daemon, std::move(arguments), std::move(input));
    }
    /// The same, which must succeed; returns standard output.
    std::string out_of(std::vector<std::string> arguments, std::string input = {}) {
        const auto ran = baton(arguments, std::move(input));
        EXPECT_EQ(ran.exit, (Exit{0, 0})) << testing::PrintToString(arguments) << ran.err;
        return ran.out;
    }

    std::unique_ptr<Daemon> daemon = Daemon::start();
};

TEST_F(CliRoundTrip, message_is_answered_and_its_conversation_goes_on) {
    EXPECT_EQ(
        out_of({"send", "first question", "--wait"}), "[echo, no LLM configured] first question\n");
    const auto sent =
        boost::json::parse(out_of({"send", "-", "--json", "-p", "high"}, "from input\n"));
    EXPECT_EQ(sent.at("content").as_string(), "from input");
    EXPECT_EQ(sent.at("priority").as_string(), "high");
    const std::string conversation(sent.at("conversation_id").as_string());
    EXPECT_EQ(out_of({"chat", "-c", conversation}, "a\nb\n"),
        "[echo, no LLM configured] a\n[echo, no LLM configured] b\n");
    const auto shown = out_of({"conversation", "show", conversation});
    EXPECT_THAT(shown, testing::ContainsRegex("from input(.|\n)*> a\n(.|\n)*> b\n"));
    EXPECT_THAT(out_of({"conversation", "list"}), HasSubstr(conversation));
}

TEST_F(CliRoundTrip, queue_goes_round) {
    out_of({"queue", "create", "mail", "--max-size", "3"});
    const auto low = word(out_of({"queue", "post", "mail", "later", "-p", "low"}));
    out_of({"queue", "post", "mail", "--lines"}, "x\ny\n");
    const auto full = baton({"queue", "post", "mail", "one too many"});
    EXPECT_EQ(full.exit.status, 6);
    EXPECT_THAT(full.err, HasSubstr("queue_full"));

    const auto popped =
        boost::json::parse(out_of({"queue", "pop", "mail", "--max", "9", "--json"}));
    const auto& messages = popped.at("messages").as_array();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0].at("content").as_string(), "x");
    EXPECT_EQ(messages[2].at("id").as_string(), low);
    const auto receipt = [&](std::size_t i) {
        return std::string(messages[i].at("receipt").as_string());
    };
    EXPECT_EQ(out_of({"queue", "ack", "mail", receipt(0)}), "acked 1\n");
    EXPECT_EQ(baton({"queue", "ack", "mail", receipt(0)}).exit.status, 5);
    EXPECT_EQ(out_of({"queue", "extend", "mail", receipt(1), "--lease", "1m"}), "extended 1\n");
    EXPECT_EQ(out_of({"queue", "nack", "mail", receipt(1), receipt(2), "--reason", "busy"}),
        "nacked 2\n");

    EXPECT_THAT(out_of({"queue", "peek", "mail"}), HasSubstr(low));
    EXPECT_THAT(out_of({"queue", "stats", "mail"}), testing::ContainsRegex("ready +2\n"));
    out_of({"queue", "pause", "mail"});
    EXPECT_THAT(out_of({"queue", "list"}), HasSubstr("paused"));
    out_of({"queue", "resume", "mail"});
    EXPECT_EQ(out_of({"queue", "purge", "mail"}), "mail: purged 2 messages\n");
    out_of({"queue", "delete", "mail"});
    EXPECT_EQ(baton({"queue", "stats", "mail"}).exit.status, 3);
}

TEST_F(CliRoundTrip, key_opens_the_door_until_it_is_revoked) {
    const auto key = word(out_of({"key", "create", "ci"}));
    EXPECT_EQ(baton({"--key", key, "queue", "list"}).exit.status, 0);
    EXPECT_EQ(baton({"--key", key, "key", "list"}).exit.status, 4);  // a member manages no keys
    const auto listed = boost::json::parse(out_of({"key", "list", "--json"}));
    const std::string id(listed.at("keys").at(0).at("id").as_string());
    out_of({"key", "revoke", id});
    EXPECT_EQ(baton({"--key", key, "queue", "list"}).exit.status, 4);
    EXPECT_EQ(baton({"--key", "nonsense", "queue", "list"}).exit.status, 4);
}

TEST_F(CliRoundTrip, status_tells_of_the_daemon) {
    const auto status = boost::json::parse(out_of({"status", "--json"}));
    EXPECT_EQ(status.at("status").as_string(), "healthy");
    EXPECT_EQ(status.at("url").as_string(), daemon->url());
    EXPECT_EQ(status.at("queues").at(0).at("queue_id").as_string(), "llm");
}

/// Without a daemon of the fixture: `baton start` makes its own.
class CliDaemon : public testing::Test {
protected:
    Finished baton(std::vector<std::string> arguments) {
        ProcessOptions options{.program = std::filesystem::path(BATON_BIN_DIR) / "baton",
            .arguments = std::move(arguments),
            .environment = {"BATON_URL", "BATON_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY",
                "OLLAMA_HOST=127.0.0.1:1", "NO_COLOR=1"},
            .directory = dir.path()};
        return run_process(std::move(options), std::chrono::seconds(60));
    }
    ~CliDaemon() override { baton({"stop"}); }

    TempDir dir;
    const std::vector<std::string> start{
        "start", "--set", "server.port=0", "--set", "metrics.port=0"};
};

TEST_F(CliDaemon, start_status_send_stop_need_no_addresses) {
    const auto started = baton(start);
    ASSERT_EQ(started.exit, (Exit{0, 0})) << started.err;
    EXPECT_THAT(started.out, testing::StartsWith("ready http=127.0.0.1:"));
    EXPECT_THAT(baton({"status"}).out, HasSubstr("state      running"));
    EXPECT_EQ(baton({"send", "hi", "--wait"}).out, "[echo, no LLM configured] hi\n");

    const auto again = baton(start);
    EXPECT_EQ(again.exit.status, 12);
    EXPECT_THAT(again.err, HasSubstr("data_dir_locked"));

    EXPECT_THAT(baton({"stop"}).out, testing::StartsWith("stopped (pid "));
    EXPECT_EQ(baton({"status"}).exit.status, 3);
    EXPECT_EQ(baton({"stop"}).exit.status, 3);
    EXPECT_EQ(baton({"send", "hi"}).exit.status, 7);
}

TEST_F(CliDaemon, start_that_fails_says_why_with_the_daemons_exit_status) {
    const auto ran = baton({"start", "--set", "server.prot=1"});
    EXPECT_EQ(ran.exit.status, 78);
    EXPECT_THAT(ran.err, HasSubstr("baton: invalid_config: --set server.prot: unknown key"));
}

}  // namespace
}  // namespace baton::test
