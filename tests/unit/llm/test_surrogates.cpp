#include <gtest/gtest.h>

#include "llm/surrogates.h"

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

}  // namespace
}  // namespace baton::llm
