#include <gtest/gtest.h>

#include "llm/line_parser.h"

namespace baton::llm {
namespace {

std::vector<std::string> lines_of(std::string_view text, std::size_t step) {
    LineParser parser;
    std::vector<std::string> lines;
    const LineSink sink = [&](std::string line) { lines.push_back(std::move(line)); };
    while (!text.empty()) {
        EXPECT_TRUE(parser.feed(text.substr(0, step), sink));
        text.remove_prefix(std::min(step, text.size()));
    }
    lines.push_back("rest: " + parser.rest());
    return lines;
}

TEST(LineParser, lines_are_the_same_however_they_are_cut) {
    const std::vector<std::string> expected{"a", "bc", "d", "rest: half"};
    for (std::size_t step = 1; step < 20; ++step) {
        EXPECT_EQ(lines_of("a\nbc\r\n\n  \r\nd\nhalf", step), expected) << step;
    }
}

TEST(LineParser, line_over_its_limit_fails_from_then_on) {
    LineParser parser(4);
    std::size_t lines = 0;
    const LineSink sink = [&](const std::string&) { ++lines; };
    EXPECT_TRUE(parser.feed("1234\n", sink));
    EXPECT_EQ(parser.feed("12345\n", sink).error().code, Errc::provider_protocol);
    EXPECT_EQ(parser.feed("1\n", sink).error().code, Errc::provider_protocol);
    EXPECT_EQ(lines, 1U);
    LineParser pieces(4);
    EXPECT_TRUE(pieces.feed("123", sink));
    EXPECT_EQ(pieces.feed("45", sink).error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
