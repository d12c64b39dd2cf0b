// The `baton` command over a scripted daemon: arguments, output, exit statuses.
#include <fstream>
#include <map>
#include <sstream>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cli/cli.h"
#include "cli/output.h"
#include "model/codec.h"
#include "model/run_trace.h"
#include "support/scripted_client.h"
#include "support/temp_dir.h"

namespace baton::cli {
namespace {

using testing::HasSubstr;

struct Ran {
    int status = 0;
    std::string out;
    std::string err;
};

/// The CLI owns its client; the test keeps the one behind it.
class BorrowedClient final : public net::Client {
public:
    explicit BorrowedClient(net::Client& inner) : inner_(inner) {}
    Task<Result<net::Response>> send(net::ClientRequest request, Deadline deadline) override {
        return inner_.send(std::move(request), deadline);
    }
    Task<Result<net::Response>> stream(net::ClientRequest request, net::HeadSink on_head,
        net::BodySink on_body, Deadline deadline) override {
        return inner_.stream(std::move(request), std::move(on_head), std::move(on_body), deadline);
    }

private:
    net::Client& inner_;
};

class CliTest : public testing::Test {
protected:
    Ran baton(std::vector<std::string> arguments, const std::string& input = {}) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        Terminal terminal{.in = in, .out = out, .err = err};
        const int status = baton(std::move(arguments), terminal);
        return {status, out.str(), err.str()};
    }
    int baton(std::vector<std::string> arguments, Terminal& terminal) {
        const Environment environment{
            .variable = [this](std::string_view name) -> std::optional<std::string> {
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .make_http_client = [this] { return std::make_unique<BorrowedClient>(http); },
            .daemon_program = "/nonexistent/batond",
            .version = "9.9",
        };
        arguments.insert(arguments.begin(), {"--data-dir", dir.path()});
        return run(std::move(arguments), terminal, environment);
    }

    test::TempDir dir;
    std::map<std::string, std::string, std::less<>> variables;
    test::ScriptedClient http;
};

const MessageId id{.queue_uid = 7, .seq = 1};

/// An answer of /api/v1 with this message in it.
std::string dialog(DialogStatus status) {
    DialogMessage message{.id = id,
        .conversation_id = ConversationId("c_1"),
        .user_id = UserId("u"),
        .agent_id = AgentId("assistant"),
        .content = "hi",
        .status = status};
    message.created_at = from_unix_ms(1'000);
    if (status == DialogStatus::completed) {
        message.completed_at = from_unix_ms(1'250);
        message.reply = DialogReply{.content = "hello",
            .model = "m",
            .usage = {.input_tokens = 3, .output_tokens = 4},
            .created_at = from_unix_ms(1'250)};
    }
    if (status == DialogStatus::failed) message.error = "model on fire";
    return boost::json::serialize(boost::json::object{{"code", 200}, {"data", to_json(message)}});
}

TEST_F(CliTest, arguments_that_are_no_command_are_an_error_in_json_too) {
    const auto ran = baton({"queue", "frob", "--json"});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(boost::json::parse(ran.err),
        boost::json::parse(
            R"({"error":{"code":"invalid_argument","message":"no command `frob`","details":{}}})"));
    EXPECT_EQ(baton({"queue", "frob"}).err.substr(0, 6), "baton:");
    EXPECT_EQ(baton({"queue", "--help", "--json"}).status, 0);
}

TEST_F(CliTest, what_nobody_can_read_is_no_success) {
    http.answer(200, R"({"messages":[]})");
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    out.setstate(std::ios::badbit);  // as on a full disk
    Terminal terminal{.in = in, .out = out, .err = err};
    EXPECT_EQ(baton({"queue", "pop", "mail", "--json"}, terminal), 10);
    EXPECT_THAT(err.str(), HasSubstr("standard output could not be written"));
}

TEST_F(CliTest, help_and_version_succeed) {
    EXPECT_EQ(baton({"--help"}).status, 0);
    EXPECT_THAT(baton({"--help"}).out, HasSubstr("Examples:"));
    EXPECT_EQ(baton({"--version"}).out, "baton 9.9\n");
    const auto help = baton({"queue", "post", "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("--ordering-key"));
    EXPECT_THAT(help.out, HasSubstr("baton queue post mail"));
}

struct BadArguments {
    std::vector<std::string> arguments;
    std::string says;
};
class CliBadArguments : public CliTest, public testing::WithParamInterface<BadArguments> {};

TEST_P(CliBadArguments, exit_with_2_and_say_why) {
    const auto ran = baton(GetParam().arguments);
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.err, HasSubstr("baton: "));
    EXPECT_THAT(ran.err, HasSubstr(GetParam().says));
    EXPECT_EQ(ran.out, "");
}

INSTANTIATE_TEST_SUITE_P(All, CliBadArguments,
    testing::Values(BadArguments{{}, "subcommand"}, BadArguments{{"quue"}, "did you mean `queue`?"},
        BadArguments{{"queue", "pots", "x"}, "did you mean `post`?"},
        BadArguments{{"send"}, "TEXT"}, BadArguments{{"send", "x", "--priority", "hihg"}, "high"},
        BadArguments{{"send", "x", "--wait", "--timeout", "5"}, "no duration"},
        BadArguments{{"queue", "stats", ".hidden"}, "queue name"},
        BadArguments{{"queue", "post", "q", "x", "--header", "novalue"}, "name=value"},
        BadArguments{{"queue", "create", "q", "--overflow", "explode"}, "explode"},
        BadArguments{{"queue", "post", "q"}, "TEXT"},
        BadArguments{{"key", "create", "x", "--role", "god"}, "role"},
        BadArguments{{"stop", "--nosuch"}, "nosuch"}));

TEST_F(CliTest, exit_status_is_the_errors) {
    for (const auto& row : errc_table()) {
        http.answer(
            row.http, R"({"error":{"code":")" + std::string(row.name) + R"(","message":"why"}})");
        const auto ran = baton({"queue", "stats", "q"});
        EXPECT_EQ(ran.status, row.exit_code) << row.name;
        EXPECT_THAT(ran.err, HasSubstr("baton: " + std::string(row.name) + ": why"));
    }
}

TEST_F(CliTest, errors_are_json_when_json_is_asked_for) {
    const std::string error =
        R"({"error":{"code":"queue_not_found","message":"no","details":{"field":"queue"}}})";
    http.answer(404, error);
    const auto ran = baton({"queue", "stats", "q", "--json"});
    EXPECT_EQ(ran.status, 3);
    EXPECT_EQ(boost::json::parse(ran.err), boost::json::parse(error));
    EXPECT_EQ(ran.out, "");
}

TEST_F(CliTest, unreachable_daemon_gets_a_hint) {
    http.answer(Error{.code = Errc::connection_failed, .detail = "refused"});
    const auto ran = baton({"queue", "list"});
    EXPECT_EQ(ran.status, 7);
    EXPECT_THAT(ran.err, HasSubstr("`baton start`"));
}

TEST_F(CliTest, key_and_url_come_from_option_then_environment_then_data_folder) {
    std::ofstream(dir / "admin.key") << "bt_from_file\n";
    const auto expect = [&](std::vector<std::string> arguments, const std::string& url,
                            const std::string& key) {
        arguments.insert(arguments.end(), {"queue", "list"});
        http.answer(200, R"({"queues":[]})");
        EXPECT_EQ(baton(std::move(arguments)).status, 0);
        EXPECT_EQ(http.last().url, url + "/v1/queues");
        EXPECT_EQ(http.last().fields.get("Authorization"), "Bearer " + key);
    };
    expect({}, "http://127.0.0.1:8080", "bt_from_file");
    variables = {{"BATON_URL", "http://env:1"}, {"BATON_KEY", "bt_env"}};
    expect({}, "http://env:1", "bt_env");
    expect({"--url", "option:2/", "--key", "bt_option"}, "http://option:2", "bt_option");
}

TEST_F(CliTest, send_prints_ids_and_reads_standard_input) {
    http.answer(201, dialog(DialogStatus::pending));
    const auto ran = baton({"send", "-", "-p", "high", "-c", "c_1"}, "two\nlines\n");
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "message       " + id.text() + "\nconversation  c_1\n");
    EXPECT_EQ(boost::json::parse(http.last().body),
        boost::json::parse(
            R"({"content":"two\nlines","priority":"high","conversation_id":"c_1"})"));
}

TEST_F(CliTest, send_and_wait_prints_only_the_answer_on_standard_output) {
    http.answer(201, dialog(DialogStatus::pending));
    http.answer(200, dialog(DialogStatus::processing));
    http.answer(200, dialog(DialogStatus::completed));
    const auto ran = baton({"send", "hi", "--wait"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "hello\n");
    EXPECT_THAT(ran.err, HasSubstr("conversation c_1 · 0.250 s · m · 3 + 4 tokens"));
}

TEST_F(CliTest, message_that_failed_is_an_error_with_its_reason) {
    http.answer(201, dialog(DialogStatus::pending));
    http.answer(200, dialog(DialogStatus::failed));
    const auto ran = baton({"send", "hi", "--wait"});
    EXPECT_EQ(ran.status, 9);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("model on fire"));
}

TEST_F(CliTest, what_a_model_said_brings_no_control_signs_to_the_terminal) {
    const TracedStep step{.kind = StepKind::tool,
        .call = {.id = "1", .name = "\x1b[2Jlook", .arguments = "\x1b[2J{}"},
        .result = "\x1b[2Jseen"};
    const boost::json::object data{{"steps", boost::json::array{to_json(step)}}, {"next", nullptr}};
    http.answer(200, boost::json::serialize(boost::json::object{{"code", 200}, {"data", data}}));
    const auto ran = baton({"message", "steps", id.text()});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("[2Jlook"));
    EXPECT_FALSE(ran.out.contains('\x1b')) << ran.out;
}

TEST_F(CliTest, wait_that_is_over_says_so) {
    http.answer(201, dialog(DialogStatus::pending));
    http.answer(200, dialog(DialogStatus::pending));
    const auto ran = baton({"send", "hi", "--wait", "--timeout", "0ms"});
    EXPECT_EQ(ran.status, 8);
    EXPECT_THAT(ran.err, HasSubstr("it stays in the queue"));
}

TEST_F(CliTest, chat_stays_in_one_conversation) {
    for (int i = 0; i < 2; ++i) {
        http.answer(201, dialog(DialogStatus::pending));
        http.answer(200, dialog(DialogStatus::completed));
    }
    const auto ran = baton({"chat"}, "one\n\ntwo\n/quit\nnever sent\n");
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "hello\nhello\n");
    EXPECT_THAT(http.requests()[2].body, HasSubstr(R"("conversation_id":"c_1")"));
    EXPECT_THAT(ran.err, HasSubstr("baton chat --conversation c_1"));
}

TEST_F(CliTest, lines_are_posted_in_batches) {
    http.answer(201, messages_json(std::vector<PostedMessage>{{id, false}, {id, true}}));
    const auto ran = baton({"queue", "post", "mail", "--lines", "--header", "a=b"}, "x\ny\n");
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, id.text() + "\n" + id.text() + "  (duplicate)\n");
    const auto posted = new_messages_from_json(http.last().body);
    ASSERT_TRUE(posted);
    EXPECT_EQ(posted->at(1).data.content.view(), "y");
    EXPECT_EQ(posted->at(1).data.headers, (std::vector<Header>{{"a", "b"}}));
    EXPECT_EQ(http.answers_left(), 0U);
}

TEST_F(CliTest, empty_pop_succeeds_and_says_nothing_on_standard_output) {
    http.answer(200, R"({"messages":[]})");
    const auto ran = baton({"queue", "pop", "mail", "--wait", "1s"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "no message\n");
}

TEST_F(CliTest, one_bad_receipt_decides_the_exit_status_but_the_rest_counts) {
    http.answer(
        200, R"({"acked":1,"errors":[{"receipt":"r2","code":"lease_lost","message":"gone"}]})");
    const auto ran = baton({"queue", "ack", "mail", "r1", "r2"});
    EXPECT_EQ(ran.status, 5);
    EXPECT_EQ(ran.out, "acked 1\n");
    EXPECT_THAT(ran.err, HasSubstr("r2: lease_lost"));
}

TEST_F(CliTest, queue_create_sends_what_was_given) {
    const QueueInfo info{.name = QueueName("mail")};
    http.answer(201, boost::json::serialize(to_json(info)));
    const auto ran = baton({"queue", "create", "mail", "--max-size", "10", "--retention", "2h",
        "--durability", "relaxed", "--overflow", "drop_oldest"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto config = queue_config_from_json(boost::json::parse(http.last().body));
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->max_size, 10U);
    EXPECT_EQ(config->retention_period, std::chrono::hours(2));
    EXPECT_EQ(config->durability, Durability::relaxed);
    EXPECT_EQ(config->overflow, Overflow::drop_oldest);
}

TEST_F(CliTest, queue_create_names_an_owner_only_when_one_is_given) {
    for (int i = 0; i < 2; ++i) {
        http.answer(201, boost::json::serialize(to_json(QueueInfo{.name = QueueName("mail")})));
    }
    EXPECT_EQ(baton({"queue", "create", "mail"}).status, 0);
    EXPECT_THAT(http.last().url, testing::EndsWith("/v1/queues/mail"));
    EXPECT_EQ(baton({"queue", "create", "mail", "--owner", "acme"}).status, 0);
    EXPECT_THAT(http.last().url, testing::EndsWith("/v1/queues/mail?owner=acme"));
    EXPECT_EQ(baton({"queue", "create", "mail", "--owner", ".x"}).status, 2);
}

TEST_F(CliTest, new_key_is_all_of_standard_output) {
    http.answer(201, R"({"id":"k1","name":"ci","role":"member","key":"bt_k1_s"})");
    const auto ran = baton({"key", "create", "ci"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.out, "bt_k1_s\n");
}

TEST_F(CliTest, stop_and_status_without_a_daemon_exit_with_3) {
    EXPECT_EQ(baton({"stop"}).status, 3);
    EXPECT_EQ(baton({"status"}).status, 3);
    std::ofstream(dir / "batond.lock")
        << R"({"pid":1,"url":"http://127.0.0.1:1"})";  // nobody holds it
    EXPECT_EQ(baton({"stop"}).status, 3);
}

TEST_F(CliTest, start_without_a_program_says_so) {
    const auto ran = baton({"start"});
    EXPECT_EQ(ran.status, 3);
    EXPECT_THAT(ran.err, HasSubstr("cannot run /nonexistent/batond"));
}

TEST_F(CliTest, options_of_every_command_may_stand_behind_migrate) {
    const auto ran = baton({"migrate", "status", "--json"});
    EXPECT_EQ(ran.status, errc_info(Errc::not_found).exit_code) << "it looks for the program";
    EXPECT_EQ(boost::json::parse(ran.err),
        boost::json::parse(baton({"--json", "migrate", "status"}).err));
}

TEST_F(CliTest, a_development_cluster_has_32_daemons_at_most) {
    const auto up = [&](const char* daemons) {
        return baton({"cluster", "up", "--nats-server", "/nonexistent", "--daemons", daemons});
    };
    EXPECT_EQ(up("32").status, errc_info(Errc::not_found).exit_code) << "it looks for the program";
    EXPECT_EQ(up("33").status, errc_info(Errc::invalid_argument).exit_code);
}

TEST(Output, partitions_are_told_as_ranges) {
    EXPECT_EQ(show_partitions({}), "partitions");
    EXPECT_EQ(show_partitions({7}), "partition 7");
    EXPECT_EQ(show_partitions({0, 1, 2, 5, 7, 8}), "partitions 0-2, 5, 7-8");
}

TEST_F(CliTest, status_tells_what_a_daemon_of_a_cluster_leads) {
    const auto health = [](bool in_touch) {
        const ClusterState cluster{.is_connected = true,
            .is_in_touch = in_touch,
            .partitions = 8,
            .leads = {0, 1, 2, 4},
            .without_leader = {7}};
        boost::json::object data{{"status", in_touch ? "healthy" : "unhealthy"},
            {"phase", "running"}, {"cluster", baton::to_json(cluster)}};
        return boost::json::serialize(boost::json::object{{"data", std::move(data)}});
    };
    http.answer(200, health(true));
    http.answer(200, R"({"queues":[]})");
    const auto well = baton({"--url", "http://x", "status"});
    EXPECT_EQ(well.status, 0);
    EXPECT_THAT(well.out, HasSubstr("leads      partitions 0-2, 4 of 8"));
    EXPECT_THAT(well.out, HasSubstr("unserved   partition 7"));
    http.answer(200, health(false));
    const auto away = baton({"--url", "http://x", "status"});
    EXPECT_EQ(away.status, errc_info(Errc::unavailable).exit_code) << "and asks for no queues";
    EXPECT_EQ(http.requests().size(), 3U);
}

}  // namespace
}  // namespace baton::cli
