// Text: UTF-8, base64, RFC 3339 and durations, by example and by property.
#include <array>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace baton {
namespace {

TEST(Text, case_is_ignored_of_ascii_letters_only) {
    EXPECT_TRUE(same_ignoring_case("Content-Type", "content-TYPE"));
    EXPECT_TRUE(same_ignoring_case("", ""));
    EXPECT_FALSE(same_ignoring_case("abc", "abcd"));
    EXPECT_FALSE(same_ignoring_case("@[`{", "`{@["));
    EXPECT_FALSE(same_ignoring_case("\xc4", "\xe4"));
}

TEST(Utf8, accepts_every_length_and_the_edges) {
    for (const std::string_view text : {"", "a", "plain ascii, longer than eight", "é", "€", "😀",
             "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "ascii ascii €", "\x7f"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, refuses_what_rfc_3629_refuses) {
    for (const std::string_view text : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF",
             "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
             "\xC3", "\xE2\x82", "\xF0\x9F\x98", "12345678\x80", "1234567\xC3", "\xC3\x28"}) {
        EXPECT_FALSE(is_utf8(text));
    }
}

/// RFC 3629 by its own grammar: the encoding of every scalar value, and nothing else.
std::string encode(char32_t c) {
    std::string out;
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
    return out;
}

RC_GTEST_PROP(Utf8, accepts_exactly_the_scalar_values, (const std::string& front)) {
    const auto c = *rc::gen::inRange<std::uint32_t>(0, 0x11'0000 + 0x1000);
    const bool scalar = c <= 0x10'FFFF && (c < 0xD800 || c > 0xDFFF);
    std::string ascii;
    for (const char each : front) ascii += static_cast<char>(each & 0x7f);
    RC_ASSERT((is_utf8(ascii + encode(c)) == scalar));
}

TEST(Base64, encodes_the_examples_of_rfc_4648) {
    const std::array<std::pair<std::string_view, std::string_view>, 7> examples{
        {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
            {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}};
    for (const auto& [plain, encoded] : examples) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded), plain);
    }
}

TEST(Base64, refuses_what_is_not_padded_base64) {
    for (const std::string_view text :
        {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "Zm 9", "=Zm9"}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
}

TEST(Base64, a_wrong_byte_is_named_wherever_it_stands) {
    const std::string good = base64_encode("eighteen bytes, ok");
    for (const char wrong : {'*', '=', '\0', '\xff'}) {
        for (std::size_t i = 0; i + 2 < good.size(); ++i) {
            std::string text = good;
            text[i] = wrong;
            const auto decoded = base64_decode(text);
            ASSERT_FALSE(decoded) << i;
            EXPECT_EQ(decoded.error().detail,
                "byte " + std::to_string(i) + " is not in the base64 alphabet");
        }
    }
}

RC_GTEST_PROP(Base64, gives_back_what_it_encoded, (const std::string& bytes)) {
    RC_ASSERT((base64_decode(base64_encode(bytes)) == bytes));
}

TEST(Rfc3339, writes_utc_with_milliseconds) {
    EXPECT_EQ(to_rfc3339(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(from_unix_ms(1'735'727'400'123)), "2025-01-01T10:30:00.123Z");
    EXPECT_EQ(to_rfc3339(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(to_rfc3339(from_unix_ms(951'782'400'007)), "2000-02-29T00:00:00.007Z");
    EXPECT_EQ(to_rfc3339(from_unix_ms(253'402'300'799'999)), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(to_rfc3339(from_unix_ms(253'402'300'800'000)), "10000-01-01T00:00:00.000Z");
}

TEST(Rfc3339, reads_offsets_and_fractions) {
    const auto expected = from_unix_ms(1'735'727'400'000);
    for (const std::string_view text : {"2025-01-01T10:30:00Z", "2025-01-01T10:30:00.0Z",
             "2025-01-01t10:30:00z", "2025-01-01T12:30:00+02:00", "2025-01-01T05:00:00.000-05:30",
             "2025-01-01 10:30:00Z", "2025-01-01T10:30:00.000999Z"}) {
        EXPECT_EQ(from_rfc3339(text), expected) << text;
    }
    EXPECT_EQ(from_rfc3339("2025-01-01T10:30:00.5Z"), expected + Duration(500));
    EXPECT_TRUE(from_rfc3339("2024-02-29T00:00:00Z"));
}

TEST(Rfc3339, refuses_what_is_no_time) {
    for (const std::string_view text :
        {"", "2025-01-01", "2025-01-01T10:30:00", "2025-13-01T10:30:00Z", "2025-02-29T10:30:00Z",
            "2025-01-01T24:00:00Z", "2025-01-01T10:60:00Z", "2025-01-01T10:30:61Z",
            "2025-01-01T10:30:00.Z", "2025-01-01T10:30:00Zx", "2025-01-01T10:30:00+2:00",
            "2025-01-01T10:30:00+24:00", "25-01-01T10:30:00Z", " 2025-01-01T10:30:00Z"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

RC_GTEST_PROP(Rfc3339, gives_back_the_time_it_wrote, ()) {
    // Years 0001 to 9999.
    const auto time =
        from_unix_ms(*rc::gen::inRange<std::int64_t>(-62'135'596'800'000, 253'402'300'800'000));
    RC_ASSERT((from_rfc3339(to_rfc3339(time)) == time));
}

TEST(Durations, are_read_in_every_unit) {
    EXPECT_EQ(parse_duration("250ms"), Duration(250));
    EXPECT_EQ(parse_duration("30s"), Duration(30'000));
    EXPECT_EQ(parse_duration("5m"), Duration(300'000));
    EXPECT_EQ(parse_duration("2h"), Duration(7'200'000));
    EXPECT_EQ(parse_duration("1d"), Duration(86'400'000));
    EXPECT_EQ(parse_duration("0s"), Duration(0));
}

TEST(Durations, refuse_what_has_no_unit_or_is_negative_or_too_long) {
    for (const std::string_view text : {"", "5", "s", "5 s", "-5s", "5.5s", "5S", "5sx", "+5s",
             "99999999999999999d", "99999999999999999999ms"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

RC_GTEST_PROP(Durations, give_back_what_was_written, ()) {
    const Duration duration(*rc::gen::inRange<std::int64_t>(0, 1LL << 52));
    RC_ASSERT((parse_duration(to_text(duration)) == duration));
}

TEST(NearestName, finds_a_typing_error_and_nothing_far) {
    static constexpr std::array<std::string_view, 3> names{"priority", "content", "headers"};
    EXPECT_EQ(nearest_name("prioriy", names), "priority");
    EXPECT_EQ(nearest_name("Content", names), "content");
    EXPECT_EQ(nearest_name("zzz", names), std::nullopt);
    EXPECT_EQ(nearest_name("x", {}), std::nullopt);
    static constexpr std::array<std::string_view, 1> nothing{""};
    EXPECT_EQ(nearest_name("x", nothing), std::nullopt);
}

}  // namespace
}  // namespace baton
