// What only our OpenAI provider has, against a server that others wrote; what all have in common is
// in provider_contract_test.cpp.
#include "llm/openai/openai_provider.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/aimock.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::Aimock;

constexpr std::string_view fixtures = R"({"fixtures": [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello!"}},
    {"match": {"inputText": "one two"}, "response": {"embedding": [0.5, -1, 0.25]}}
]})";

class OpenAiEndpoint : public testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<Aimock>(
            test::AimockOptions{.fixtures = std::string(fixtures), .arguments = {}});
    }
    static void TearDownTestSuite() { server.reset(); }

    std::unique_ptr<Provider> provider(const Aimock& from, OpenAiDialect dialect) {
        return make_openai_provider(*client, {.base_url = from.base_url(), .dialect = dialect});
    }
    Result<ChatResult> ask(Provider& from) {
        ChatRequest request{.model = "gpt-4o-mini",
            .messages = {{Role::developer, "You are a test."}, {Role::user, "hello"}},
            .options = {.max_output_tokens = 77}};
        const ChatSink no_sink;
        return pool.run(from.chat(std::move(request), no_sink, {}, Deadline::after(20s)));
    }

    static inline std::unique_ptr<Aimock> server;
    IoPool pool{1};
    std::unique_ptr<net::Client> client = net::make_client({});
};

TEST_F(OpenAiEndpoint, request_arrives_as_the_api_documents_it) {
    const Aimock fresh({.fixtures = std::string(fixtures)});
    const auto ours = provider(fresh, OpenAiDialect::openai);
    ASSERT_TRUE(ask(*ours));
    const std::string journal = fresh.journal();
    for (const std::string_view part : {R"("path":"/v1/chat/completions")", R"("stream":true)",
             R"("include_usage":true)", R"({"role":"developer","content":"You are a test."})",
             R"("max_completion_tokens":77)", R"("content-type":"application/json")"}) {
        EXPECT_TRUE(journal.contains(part)) << part << " is not in " << journal;
    }
}

TEST_F(OpenAiEndpoint, compatible_server_gets_the_names_it_knows) {
    const Aimock fresh({.fixtures = std::string(fixtures)});
    const auto ours = provider(fresh, OpenAiDialect::compatible);
    ASSERT_TRUE(ask(*ours));
    const std::string journal = fresh.journal();
    for (const std::string_view part :
        {R"({"role":"system","content":"You are a test."})", R"("max_tokens":77)"}) {
        EXPECT_TRUE(journal.contains(part)) << part << " is not in " << journal;
    }
    EXPECT_FALSE(journal.contains("max_completion_tokens")) << journal;
}

TEST_F(OpenAiEndpoint, embeddings_come_for_each_text) {
    for (const auto dialect : {OpenAiDialect::openai, OpenAiDialect::compatible}) {
        const auto ours = provider(*server, dialect);
        const auto embed = [&](std::vector<std::string> input) {
            EmbeddingRequest request{.model = "text-embedding-3-small", .input = std::move(input)};
            return pool.run(ours->embed(std::move(request), Deadline::after(20s)));
        };
        const auto known = embed({"one two"});
        ASSERT_TRUE(known) << to_string(known.error());
        EXPECT_EQ(known->vectors, (std::vector<std::vector<float>>{{0.5F, -1.0F, 0.25F}}));
        const auto many = embed({"three", "four", "five"});
        ASSERT_TRUE(many) << to_string(many.error());
        ASSERT_EQ(many->vectors.size(), 3U);
        EXPECT_NE(many->vectors[0], many->vectors[1]);
        EXPECT_EQ(many->model, "text-embedding-3-small");
    }
}

TEST_F(OpenAiEndpoint, chaos_of_rate_limits_is_told_from_answers) {
    const Aimock busy(test::AimockOptions{.fixtures = std::string(fixtures),
        .arguments = {"--chaos-ratelimit", "0.5"},
        .environment = {}});
    const auto ours = provider(busy, OpenAiDialect::compatible);
    int answered = 0, limited = 0;
    for (int i = 0; i < 40; ++i) {
        const auto result = ask(*ours);
        if (result) {
            ++answered;
            continue;
        }
        ++limited;
        EXPECT_EQ(result.error().code, Errc::provider_rate_limited);
        EXPECT_GT(result.error().retry_after, 0s);
    }
    EXPECT_GT(answered, 0);
    EXPECT_GT(limited, 0);
}

}  // namespace
}  // namespace baton::llm
