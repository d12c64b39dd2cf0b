#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "llm/sse_parser.h"

namespace baton::llm {
namespace {

/// What came of a stream: its events, and the error that ended it.
struct Parsed {
    std::vector<SseEvent> events;
    std::optional<Error> error;
    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string_view>& pieces, SseLimits limits = {}) {
    SseParser parser(limits);
    Parsed parsed;
    const SseSink sink = [&](SseEvent event) { parsed.events.push_back(std::move(event)); };
    for (const auto piece : pieces) {
        const auto fed = parser.feed(piece, sink);
        if (!fed) parsed.error = fed.error();
    }
    if (auto last = parser.finish()) parsed.events.push_back(*std::move(last));
    return parsed;
}

std::vector<SseEvent> events_of(std::string_view text) { return parse({text}).events; }

using Events = std::vector<SseEvent>;

TEST(SseParser, blank_line_ends_an_event) {
    EXPECT_EQ(events_of("data: one\n\ndata: two\n\n"), (Events{{"", "one"}, {"", "two"}}));
}

TEST(SseParser, every_line_ending_of_the_standard_counts) {
    EXPECT_EQ(events_of("data: a\r\n\r\ndata: b\r\rdata: c\n\n"),
        (Events{{"", "a"}, {"", "b"}, {"", "c"}}));
    EXPECT_EQ(parse({"data: a\r", "\n\r", "\ndata: b\n\n"}).events, (Events{{"", "a"}, {"", "b"}}));
}

TEST(SseParser, data_lines_join_with_a_line_feed) {
    EXPECT_EQ(events_of("data: a\ndata:\ndata: b\n\n"), (Events{{"", "a\n\nb"}}));
}

TEST(SseParser, one_space_after_the_colon_is_dropped) {
    EXPECT_EQ(events_of("data:  x\n\ndata:y\n\n"), (Events{{"", " x"}, {"", "y"}}));
}

TEST(SseParser, comments_ids_and_unknown_fields_are_ignored) {
    EXPECT_EQ(
        events_of(": keep-alive\n\nid: 7\nretry: 10\nfoo: bar\ndata: x\n\n"), (Events{{"", "x"}}));
}

TEST(SseParser, event_field_names_one_event_only) {
    EXPECT_EQ(
        events_of("event: error\ndata: x\n\ndata: y\n\n"), (Events{{"error", "x"}, {"", "y"}}));
}

TEST(SseParser, event_without_data_is_none_and_leaves_no_type_behind) {
    EXPECT_EQ(events_of("event: ping\n\ndata: x\n\n"), (Events{{"", "x"}}));
}

TEST(SseParser, field_without_colon_is_empty_data) {
    EXPECT_EQ(events_of("data\n\n"), (Events{{"", ""}}));
}

TEST(SseParser, byte_order_mark_in_front_is_skipped) {
    EXPECT_EQ(parse({"\xEF", "\xBB",
                        "\xBF"
                        "data: x\n\n"})
                  .events,
        (Events{{"", "x"}}));
    EXPECT_EQ(events_of("data: \xEF\xBB\xBFx\n\n"), (Events{{"", "\xEF\xBB\xBFx"}}));
}

TEST(SseParser, end_of_stream_completes_an_event_but_not_a_line) {
    EXPECT_EQ(events_of("data: [DONE]\n"), (Events{{"", "[DONE]"}}));
    EXPECT_EQ(events_of("data: {\"cut"), Events{});
    EXPECT_EQ(events_of("data: a\ndata: {\"cut"), Events{});
}

TEST(SseParser, line_at_its_limit_passes_and_one_byte_more_fails) {
    const SseLimits limits{.line_max = 10, .event_max = 100};
    EXPECT_EQ(parse({"data: 1234\n\n"}, limits).events, (Events{{"", "1234"}}));
    const auto over = parse({"data: ok\n\ndata: 12345\n\n"}, limits);
    EXPECT_EQ(over.events, (Events{{"", "ok"}}));
    ASSERT_TRUE(over.error);
    EXPECT_EQ(over.error->code, Errc::provider_protocol);
}

TEST(SseParser, event_at_its_limit_passes_and_one_byte_more_fails) {
    const SseLimits limits{.line_max = 100, .event_max = 5};
    EXPECT_EQ(parse({"data: ab\ndata: cd\n\n"}, limits).events, (Events{{"", "ab\ncd"}}));
    const auto over = parse({"data: ab\ndata: cde\n\n"}, limits);
    ASSERT_TRUE(over.error);
    EXPECT_EQ(over.error->code, Errc::provider_protocol);
    EXPECT_FALSE(parse({"data: abcde\n\n"}, limits).error);
}

TEST(SseParser, error_stays) {
    SseParser parser({.line_max = 4, .event_max = 4});
    const SseSink sink = [](const SseEvent&) { FAIL() << "no event after an error"; };
    EXPECT_FALSE(parser.feed("data: long\n\n", sink));
    EXPECT_FALSE(parser.feed("\n\n", sink));
    EXPECT_FALSE(parser.finish());
}

/// Streams made of what matters to the parser, so that short ones hit its corners.
rc::Gen<std::string> stream_text() {
    const auto token =
        rc::gen::elementOf(std::vector<std::string>{"data", "event", "id", ":", ": ", " ", "\n",
            "\r", "\r\n", "\n\n", "x", "\xEF\xBB\xBF", "\xEF", "data: {}", std::string(1, '\0')});
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(token),
        [](const std::vector<std::string>& tokens) {
            std::string text;
            for (const auto& t : tokens) text += t;
            return text;
        });
}

RC_GTEST_PROP(SseParserProperty, any_cut_gives_the_same_events_and_error, ()) {
    const std::string text = *stream_text();
    const auto line_max = *rc::gen::inRange<std::size_t>(1, 24);
    const auto event_max = *rc::gen::inRange<std::size_t>(1, 24);
    const SseLimits limits{.line_max = line_max, .event_max = event_max};
    std::vector<std::string_view> pieces{""};
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto size = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
        pieces.push_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < text.size(); ++i)
        bytes.push_back(std::string_view(text).substr(i, 1));

    const Parsed whole = parse({text}, limits);
    RC_ASSERT(parse(pieces, limits) == whole);
    RC_ASSERT(parse(bytes, limits) == whole);
}

}  // namespace
}  // namespace baton::llm
