#include <gtest/gtest.h>

#include "llm/echo/echo_provider.h"
#include "runtime/io_pool.h"

namespace baton::llm {
namespace {

TEST(EchoProvider, answers_with_the_last_user_message_word_by_word) {
    IoPool pool(1);
    const auto provider = make_echo_provider();
    std::string streamed;
    std::size_t pieces = 0;
    const ChatSink sink = [&](const ChatDelta& delta) {
        streamed += delta.text;
        ++pieces;
    };
    const ChatRequest request{.model = "m",
        .messages = {{Role::system, "x"}, {Role::user, "old"}, {Role::assistant, "y"},
            {Role::user, "two  words"}}};
    const auto result = pool.run(provider->chat(request, sink, {}, Deadline::never()));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->content, "[echo, no LLM configured] two  words");
    EXPECT_EQ(streamed, result->content);
    EXPECT_EQ(pieces, 7U);
    EXPECT_EQ(result->model, "m");
    EXPECT_EQ(result->finish_reason, "stop");
    EXPECT_EQ(result->usage, (TokenUsage{.input_tokens = 5, .output_tokens = 6}));
    EXPECT_EQ(provider->kind(), "echo");
}

TEST(EchoProvider, needs_a_user_message) {
    IoPool pool(1);
    const auto provider = make_echo_provider();
    const ChatSink no_sink;
    const ChatRequest request{.model = "m", .messages = {}};
    EXPECT_EQ(pool.run(provider->chat(request, no_sink, {}, Deadline::never())).error().code,
        Errc::provider_rejected);
}

}  // namespace
}  // namespace baton::llm
