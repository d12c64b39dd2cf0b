// OpenAI's own client (npm `openai`, tests/peers/openai) as the judge of our door, with a provider
// that others wrote behind it.
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/aimock.h"
#include "support/daemon.h"
#include "support/process.h"

namespace baton::test {
namespace {

/// Comes in 250 pieces, one every 100 ms: nobody waits for its end by accident, however slow the
/// machine.
std::string long_answer() {
    std::string text;
    for (int i = 0; i < 250; ++i) text += "a piece ";
    return text;
}

std::string fixtures() {
    return R"({"fixtures": [
    {"match": {"userMessage": "weather?", "hasToolResult": true}, "response": {"content": "It is sunny."}},
    {"match": {"userMessage": "weather?"}, "response": {"toolCalls": [
        {"name": "get_weather", "arguments": "{\"city\":\"Bern\"}"}]}},
    {"match": {"userMessage": "What is a baton?"}, "response": {"content": "A stick that runners hand over."}},
    {"match": {"userMessage": "as json"}, "response": {"content": "{\"a\":1}"}},
    {"match": {"userMessage": "slow"}, "latency": 100, "chunkSize": 8,
     "response": {"content": ")" +
           long_answer() + R"("}},
    {"match": {"userMessage": "bad request"}, "response":
        {"error": {"message": "context too long", "type": "invalid_request_error"}, "status": 400}},
    {"match": {"userMessage": "busy once", "sequenceIndex": 0}, "response":
        {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 1}},
    {"match": {"userMessage": "busy once"}, "response": {"content": "after the 429"}},
    {"match": {"userMessage": "busy"}, "response":
        {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 1}},
    {"match": {"userMessage": "broken"}, "response":
        {"error": {"message": "it is always broken", "type": "server_error"}, "status": 500}},
    {"match": {"endpoint": "embedding"}, "response": {"embedding": [0.25, -0.5, 0.125]}}
]})";
}

class OpenAiClient : public testing::TestWithParam<std::string_view> {};

TEST_P(OpenAiClient, passes_the_golden_set) {
    const auto folder = std::filesystem::path(BATON_SOURCE_DIR) / "tests/peers/openai";
    ASSERT_TRUE(std::filesystem::exists(folder / "node_modules/openai"))
        << "run `npm ci --ignore-scripts` in " << folder;
    const Aimock provider({.fixtures = fixtures()});
    const auto daemon = Daemon::start(
        {.settings = {R"(llm.endpoints=[{"name":"main","provider":"openai","base_url":")" +
                          provider.base_url() +
                          R"(","api_key":"sk-test","models":["gpt-4o-mini"]}])",
             "scheduler.retry_initial=20ms", "scheduler.retry_max=100ms", "scheduler.max_retries=1",
             "logging.level=warn"}});
    const auto run =
        run_process({.program = "/usr/bin/env",
                        .arguments = {"node", (folder / "golden.mjs").string(), daemon->url(),
                            daemon->admin_key(), std::string(GetParam())}},
            std::chrono::seconds(90));
    EXPECT_EQ(run.out, "ok\n") << run.err;
    EXPECT_EQ(run.exit.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, OpenAiClient, testing::Values("durable", "pass-through"),
    [](const auto& mode) { return std::string(mode.param == "durable" ? "durable" : "passed"); });

}  // namespace
}  // namespace baton::test
