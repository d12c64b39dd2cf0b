// Texts on their way to PostgreSQL and back.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "db/postgres/sql_text.h"

namespace baton::db {
namespace {

TEST(Placeholders, are_numbered_in_their_order) {
    const auto numbered = number_placeholders("UPDATE t SET a = ?, b = ? WHERE (c, d) < (?, ?)");
    EXPECT_EQ(numbered.sql, "UPDATE t SET a = $1, b = $2 WHERE (c, d) < ($3, $4)");
    EXPECT_EQ(numbered.parameters, 4u);
}

TEST(Placeholders, stay_what_they_are_in_quotes_and_comments) {
    const auto numbered = number_placeholders(
        "SELECT '?', 'it''s ?', \"a?b\" /* ? */ FROM t -- ?\nWHERE x = ? AND y = '?");
    EXPECT_EQ(numbered.sql,
        "SELECT '?', 'it''s ?', \"a?b\" /* ? */ FROM t -- ?\nWHERE x = $1 AND y = '?");
    EXPECT_EQ(numbered.parameters, 1u);
}

TEST(TextEscapes, leave_ordinary_text_alone) {
    EXPECT_FALSE(needs_escapes("grüße 😀\n\x02"));
    EXPECT_EQ(escape_text("abc"), "abc");
    EXPECT_EQ(escape_text(std::string_view("a\0b", 3)),
        "a\x01"
        "0b");
    EXPECT_EQ(unescape_text("a\x01"), "a\x01");
    EXPECT_EQ(unescape_text("a\x01x"), "a\x01x");
}

RC_GTEST_PROP(TextEscapes, bring_every_text_back_without_zero_bytes, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::element('\0', '\x01', '0', '1', 'x', '\xc3'));
    const auto escaped = escape_text(text);
    RC_ASSERT(!escaped.contains('\0'));
    RC_ASSERT(unescape_text(escaped) == text);
    RC_ASSERT(needs_escapes(text) == (escaped != text));
    RC_ASSERT(has_escapes(escaped) == (escaped != text));
}

TEST(Hex, gives_bytes) {
    EXPECT_EQ(bytes_of_hex("\\x"), "");
    EXPECT_EQ(bytes_of_hex("\\x00ff0a"), std::string("\0\xff\n", 3));
    for (const auto* text : {"", "00", "\\x0", "\\xzz", "\\000"}) {
        EXPECT_EQ(bytes_of_hex(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace baton::db
