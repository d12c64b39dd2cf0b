#include <gtest/gtest.h>

#include "llm/openai/chat_codec.h"
#include "llm/openai/surrogates.h"

namespace baton::llm {
namespace {

TEST(Surrogates, only_lone_escapes_change) {
    for (const std::string text :
        {R"({"a":"\ud83c\udf0d \u00e9 \\ud83c \n"})", "", "\\", R"(\u12)"}) {
        EXPECT_EQ(unescape_lone_surrogates(text), text);
    }
    EXPECT_EQ(unescape_lone_surrogates(R"("\ud83c")"), "\"\xED\xA0\xBC\"");
    EXPECT_EQ(unescape_lone_surrogates(R"("\uDF0D")"), "\"\xED\xBC\x8D\"");
    EXPECT_EQ(
        unescape_lone_surrogates(R"("\ud83c\ud83c\udf0d")"), "\"\xED\xA0\xBC\\ud83c\\udf0d\"");
}

TEST(Surrogates, halves_of_two_pieces_make_one_character) {
    SurrogateJoiner joiner;
    EXPECT_EQ(joiner.join("a\xED\xA0\xBC"), "a");
    EXPECT_EQ(joiner.join("\xED\xBC\x8D"
                          "b"),
        "🌍b");
    EXPECT_EQ(joiner.finish(), "");
}

TEST(Surrogates, half_that_stays_alone_is_replaced) {
    SurrogateJoiner joiner;
    EXPECT_EQ(joiner.join("\xED\xBC\x8D"), "\xEF\xBF\xBD");
    EXPECT_EQ(joiner.join("\xED\xA0\xBC"), "");
    EXPECT_EQ(joiner.join("x"), "\xEF\xBF\xBDx");
    EXPECT_EQ(joiner.join("\xED\xA0\xBC"), "");
    EXPECT_EQ(joiner.finish(), "\xEF\xBF\xBD");
}

TEST(Surrogates, other_characters_with_the_same_first_byte_pass) {
    SurrogateJoiner joiner;
    EXPECT_EQ(joiner.join("퀀 한"), "퀀 한");
}

TEST(Surrogates, chunks_with_half_characters_are_read) {
    ChunkReader reader{Secret()};
    EXPECT_EQ(reader.take(R"({"choices":[{"index":0,"delta":{"content":"hi \ud83c"}}]})"), "hi ");
    EXPECT_EQ(
        reader.take(
            R"({"choices":[{"index":0,"delta":{"content":"\udf0d!"},"finish_reason":"stop"}]})"),
        "🌍!");
    EXPECT_EQ(reader.finish()->content, "hi 🌍!");
}

TEST(Surrogates, mending_does_not_let_other_bad_bytes_in) {
    ChunkReader reader{Secret()};
    const std::string chunk = R"({"choices":[{"index":0,"delta":{"content":"\ud83c)"
                              "\xFF"
                              R"("}}]})";
    EXPECT_EQ(reader.take(chunk).error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
