#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "llm/openai/list_codec.h"

namespace baton::llm {
namespace {

Result<EmbeddingResult> decode(std::string_view json, std::size_t count) {
    return decode_embeddings(boost::json::parse(json), count);
}

TEST(EmbeddingCodec, request_asks_for_base64_of_who_knows_it) {
    const EmbeddingRequest request{.model = "m", .input = {"a", "b"}, .dimensions = 2};
    EXPECT_EQ(encode_embedding_request(request, OpenAiDialect::openai),
        R"({"model":"m","input":["a","b"],"dimensions":2,"encoding_format":"base64"})");
    EXPECT_EQ(encode_embedding_request(request, OpenAiDialect::compatible),
        R"({"model":"m","input":["a","b"],"dimensions":2})");
}

TEST(EmbeddingCodec, numbers_and_base64_are_the_same_vectors) {
    // 1.0 is 00 00 80 3F, -2.5 is 00 00 20 C0.
    const auto base64 = decode(
        R"({"model":"m","data":[{"index":0,"embedding":"AACAPwAAIMA="}],"usage":{"prompt_tokens":3}})",
        1);
    const auto numbers = decode(
        R"({"model":"m","data":[{"index":0,"embedding":[1,-2.5]}],"usage":{"prompt_tokens":3}})",
        1);
    ASSERT_TRUE(base64) << to_string(base64.error());
    ASSERT_TRUE(numbers) << to_string(numbers.error());
    EXPECT_EQ(*base64, *numbers);
    EXPECT_EQ(
        *numbers, (EmbeddingResult{.model = "m", .vectors = {{1.0F, -2.5F}}, .input_tokens = 3}));
}

TEST(EmbeddingCodec, vectors_stand_in_the_order_of_the_texts) {
    const auto result =
        decode(R"({"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]})", 2);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->vectors, (std::vector<std::vector<float>>{{1.0F}, {2.0F}}));
}

TEST(EmbeddingCodec, what_is_not_a_vector_for_each_text_fails) {
    for (const std::string_view json : {R"({})", R"({"data":[]})",
             R"({"data":[{"embedding":[1]}]})", R"({"data":[{"embedding":[1]},{"embedding":[]}]})",
             R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})",
             R"({"data":[{"embedding":[1]},{"embedding":["x"]}]})",
             R"({"data":[{"embedding":[1]},{"embedding":"!"}]})",
             R"({"data":[{"embedding":[1]},{"embedding":"AAA="}]})",
             R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
             R"({"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[1]}]})",
             R"({"data":[7,8]})"}) {
        EXPECT_EQ(decode(json, 2).error().code, Errc::provider_protocol) << json;
    }
}

TEST(ModelsCodec, ids_are_read) {
    EXPECT_EQ(*decode_models(boost::json::parse(R"({"data":[{"id":"a"},{"x":1},{"id":"b"}]})")),
        (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(decode_models(boost::json::parse(R"({"models":[]})")).error().code,
        Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
