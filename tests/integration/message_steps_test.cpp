// What a run has done is seen while it goes on, after a crash in its middle, and until its message
// goes, on each database.
#include <string>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "integration/database_daemon.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;

/// A model's answer as a stream of its own connection.
std::string streamed(std::string_view delta, std::string_view finish_reason) {
    return fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        "data: {{\"model\":\"stub\",\"choices\":[{{\"index\":0,\"delta\":{},"
        "\"finish_reason\":\"{}\"}}]}}\n\ndata: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":7,"
        "\"completion_tokens\":5}}}}\n\ndata: [DONE]\n\n",
        delta, finish_reason);
}

const std::string wants_a_note = streamed(
    R"({"content":"I note it.","tool_calls":[{"index":0,"id":"call_1","type":"function",)"
    R"("function":{"name":"post_to_queue","arguments":"{\"queue\":\"audit\",\"content\":\"note\"}"}}]})",
    "tool_calls");

class MessageSteps : public DatabaseDaemon {
protected:
    std::unique_ptr<Daemon> start_with(const RawListener& provider) {
        auto daemon = start({fmt::format(
                                 R"(llm.endpoints=[{{"base_url":"http://127.0.0.1:{}/v1"}}])",
                                 provider.port()),
            R"(agents=[{"id":"assistant","tools":["post_to_queue"]}])", "scheduler.timeout=60s"});
        EXPECT_EQ(call(*daemon, Method::put, "/v1/queues/audit", "{}").status, 201);
        return daemon;
    }
    /// One request of a model that holds `text`, answered.
    static void answer(RawListener& provider, std::string_view text, std::string_view said) {
        auto asked = provider.accept();
        asked.read_until(text);
        asked.send(said);
        asked.close();
    }
    json::value steps_of(const Daemon& daemon, const std::string& message) {
        return data_of(get(daemon, message + "/steps")).at("steps");
    }
};

TEST_P(MessageSteps, are_seen_while_it_runs_after_a_crash_and_until_it_goes) {
    RawListener provider;
    const auto daemon = start_with(provider);
    const auto sent =
        data_of(call(*daemon, Method::post, "/api/v1/messages", R"({"content":"question"})"));
    const std::string id(sent.at("id").as_string());
    const std::string message = "/api/v1/messages/" + id;
    answer(provider, "question", wants_a_note);
    auto asked_again = provider.accept();
    asked_again.read_until("call_1");
    const auto kept = steps_of(*daemon, message);
    ASSERT_EQ(kept.as_array().size(), 2u) << kept;
    EXPECT_EQ(kept.at(0).at("usage").at("input_tokens"), 7);
    EXPECT_EQ(kept.at(0).at("tool_calls").at(0).at("name"), "post_to_queue");
    EXPECT_EQ(kept.at(1).at("name"), "post_to_queue");
    EXPECT_EQ(kept.at(1).at("arguments"), R"({"queue":"audit","content":"note"})");
    EXPECT_FALSE(kept.at(1).at("message_id").is_null()) << kept;

    daemon->kill9();
    daemon->restart();
    EXPECT_EQ(steps_of(*daemon, message), kept);
    answer(provider, "call_1", streamed(R"({"content":"done"})", "stop"));
    EXPECT_EQ(data_of(get(*daemon, message + "?wait_ms=20000")).at("status"), "completed");
    const auto whole = steps_of(*daemon, message);
    ASSERT_EQ(whole.as_array().size(), 3u) << whole;
    EXPECT_EQ(whole.at(0), kept.at(0));
    EXPECT_EQ(whole.at(1), kept.at(1));
    EXPECT_EQ(whole.at(2).at("content"), "done");

    const auto table = run_cli(*daemon, {"message", "steps", id});
    EXPECT_EQ(table.exit, (Exit{0, 0})) << table.err;
    EXPECT_NE(table.out.find("calls post_to_queue"), std::string::npos) << table.out;
    const auto told = run_cli(*daemon, {"--json", "message", "steps", id});
    EXPECT_EQ(json::parse(told.out).at("steps"), whole);

    EXPECT_EQ(call(*daemon, Method::del, message).status, 200);
    EXPECT_EQ(get(*daemon, message + "/steps").status, 404);
    EXPECT_EQ(run_cli(*daemon, {"message", "steps", id}).exit.status, 3);
}

INSTANTIATE_TEST_SUITE_P(Databases, MessageSteps, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
