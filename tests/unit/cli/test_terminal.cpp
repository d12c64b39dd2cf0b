// Tables, cut texts, colours.
#include <sstream>

#include "cli/terminal.h"

namespace baton::cli {
namespace {

TEST(Table, columns_line_up_by_characters_and_numbers_stand_right) {
    Table table({"NAME", ">COUNT", "STATE"});
    table.add({"é", "5", "open"});
    table.add({"mailbox", "12345", ""});
    std::ostringstream out;
    table.print(out, false);
    EXPECT_EQ(out.str(),
        "NAME     COUNT  STATE\n"
        "é            5  open\n"
        "mailbox  12345\n");
}

TEST(Shortened, cuts_whole_characters_and_hides_control_bytes) {
    EXPECT_EQ(shortened("abc", 3), "abc");
    EXPECT_EQ(shortened("abcd", 3), "ab…");
    EXPECT_EQ(shortened("äöüß", 3), "äö…");
    EXPECT_EQ(shortened("a\nb\x1b[31m", 10), "a b [31m");
}

TEST(Styled, adds_nothing_without_colours) {
    EXPECT_EQ(styled(false, Style::red, "x"), "x");
    EXPECT_EQ(styled(true, Style::red, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace baton::cli
