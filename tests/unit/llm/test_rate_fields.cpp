#include <gtest/gtest.h>

#include "llm/rate_fields.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now = from_unix_ms(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

net::Fields fields_of(std::vector<std::pair<std::string, std::string>> pairs) {
    net::Fields fields;
    for (auto& [name, value] : pairs) fields.set(name, value);
    return fields;
}

std::optional<std::chrono::milliseconds> wait_of(std::string name, std::string value) {
    return parse_retry_after(fields_of({{std::move(name), std::move(value)}}), now);
}

TEST(RetryAfter, retry_after_is_read_in_all_its_forms) {
    EXPECT_EQ(wait_of("retry-after-ms", "1500"), 1500ms);
    EXPECT_EQ(wait_of("Retry-After", "7"), 7s);
    EXPECT_EQ(wait_of("Retry-After", "0.5"), 500ms);
    EXPECT_EQ(wait_of("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"), 30s);
    EXPECT_EQ(wait_of("Retry-After", "Sun, 06 Nov 1994 08:49:00 GMT"), 0s);
    EXPECT_EQ(wait_of("Retry-After", "999999999999"), std::chrono::days(7));
    for (const std::string bad : {"", "-1", "soon", "nan", "1s", "Sun, 99 Nov 1994 08:49:37 GMT"}) {
        EXPECT_EQ(wait_of("Retry-After", bad), std::nullopt) << bad;
    }
}

TEST(RetryAfter, milliseconds_win_over_seconds) {
    const auto fields = fields_of({{"Retry-After", "9"}, {"retry-after-ms", "20"}});
    EXPECT_EQ(parse_retry_after(fields, now), 20ms);
}

TEST(RateReport, openai_fields_are_read) {
    const auto report = parse_rate_report(
        fields_of({{"x-ratelimit-limit-requests", "60"}, {"x-ratelimit-remaining-requests", "59"},
            {"x-ratelimit-reset-requests", "1s"}, {"x-ratelimit-remaining-tokens", "149984"},
            {"x-ratelimit-reset-tokens", "6m0s"}}),
        now);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->requests, (RateWindow{.remaining = 59, .reset = 1s}));
    EXPECT_EQ(report->input_tokens, (RateWindow{.remaining = 149'984, .reset = 6min}));
    EXPECT_EQ(report->output_tokens, RateWindow{});
}

TEST(RateReport, resets_come_in_many_forms) {
    const auto reset_of = [](std::string text) {
        const auto report = parse_rate_report(fields_of({{"x-ratelimit-remaining-requests", "1"},
                                                  {"x-ratelimit-reset-requests", text}}),
            now);
        return report->requests.reset;
    };
    EXPECT_EQ(reset_of("12ms"), 12ms);
    EXPECT_EQ(reset_of("2m59.56s"), 179'560ms);
    EXPECT_EQ(reset_of("1h2m3s"), 3'723s);
    EXPECT_EQ(reset_of("500us"), 1ms) << "rounded up";
    EXPECT_EQ(reset_of("7.66"), 7'660ms) << "seconds";
    EXPECT_EQ(reset_of("1000d"), 168h) << "a week at most";
    for (const std::string bad : {"", "s", "1x", "-1s", "1s2", "soon", "1..s"}) {
        EXPECT_EQ(reset_of(bad), 0s) << bad;
    }
}

TEST(RateReport, anthropic_fields_are_read_by_the_providers_clock) {
    const auto report =
        parse_rate_report(fields_of({{"date", "Sun, 06 Nov 1994 09:00:00 GMT"},
                              {"anthropic-ratelimit-requests-remaining", "999"},
                              {"anthropic-ratelimit-requests-reset", "1994-11-06T09:00:01Z"},
                              {"anthropic-ratelimit-input-tokens-remaining", "80000"},
                              {"anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:59:59Z"},
                              {"anthropic-ratelimit-output-tokens-remaining", "0"},
                              {"anthropic-ratelimit-output-tokens-reset", "1994-11-06T09:01:00Z"},
                              {"anthropic-ratelimit-tokens-remaining", "96000"}}),
            now);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->requests, (RateWindow{.remaining = 999, .reset = 1s}));
    EXPECT_EQ(report->input_tokens, (RateWindow{.remaining = 80'000, .reset = 0s}));
    EXPECT_EQ(report->output_tokens, (RateWindow{.remaining = 0, .reset = 60s}));
}

TEST(RateReport, tokens_counted_together_stand_for_the_input) {
    const auto report =
        parse_rate_report(fields_of({{"anthropic-ratelimit-tokens-remaining", "96000"},
                              {"anthropic-ratelimit-tokens-reset", "1994-11-06T08:49:47Z"}}),
            now);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->input_tokens, (RateWindow{.remaining = 96'000, .reset = 10s}));
}

TEST(RateReport, answer_that_says_nothing_has_none) {
    EXPECT_EQ(parse_rate_report({}, now), std::nullopt);
    EXPECT_EQ(parse_rate_report(fields_of({{"x-ratelimit-remaining-requests", "many"}}), now),
        std::nullopt);
}

}  // namespace
}  // namespace baton::llm
