#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dispatch/preprocessor.h"

namespace baton::dispatch {
namespace {

PreprocessorConfig with(ScoreRule rule) {
    rule.name = "r";
    return {.rules = {std::move(rule)}};
}
std::uint32_t score(const PreprocessorConfig& config, const Subject& subject) {
    return assess(config, subject).score;
}

TEST(Preprocessor, without_rules_everything_is_normal) {
    const auto found = assess({}, {.text = "hello there"});
    EXPECT_EQ(found.level, Level::normal);
    EXPECT_EQ(found.score, 50U);
    EXPECT_TRUE(found.rules.empty());
}

TEST(Preprocessor, keyword_is_found_whatever_its_case) {
    const auto config = with({.keywords = {"Outage", "down"}, .score = 30});
    EXPECT_EQ(score(config, {.text = "OUTAGE in Berlin"}), 80U);
    EXPECT_EQ(score(config, {.text = "it is Down"}), 80U);
    EXPECT_EQ(score(config, {.text = "all is well"}), 50U);
}

TEST(Preprocessor, length_tier_and_urgency_are_conditions) {
    const auto by_length = with({.length_min = 3, .length_max = 5, .score = -10});
    EXPECT_EQ(score(by_length, {.text = "ab"}), 50U);
    EXPECT_EQ(score(by_length, {.text = "abc"}), 40U);
    EXPECT_EQ(score(by_length, {.text = "abcde"}), 40U);
    EXPECT_EQ(score(by_length, {.text = "abcdef"}), 50U);
    const auto by_user = with({.tier = "gold", .urgency = "high", .score = 20});
    EXPECT_EQ(score(by_user, {.tier = "gold"}), 50U);
    EXPECT_EQ(score(by_user, {.tier = "GOLD", .urgency = "high"}), 70U) << "all of them";
}

TEST(Preprocessor, score_gives_the_level) {
    for (const auto& [points, level] : std::vector<std::pair<int, Level>>{{40, Level::realtime},
             {39, Level::high}, {20, Level::high}, {19, Level::normal}, {-20, Level::normal},
             {-21, Level::low}, {-100, Level::low}}) {
        EXPECT_EQ(assess(with({.score = points}), {}).level, level) << points;
    }
}

TEST(Preprocessor, says_why_in_headers) {
    PreprocessorConfig config{.rules = {{.name = "outage", .keywords = {"outage"}, .score = 30},
                                  {.name = "gold", .tier = "gold", .score = 20}}};
    const auto headers = headers_of(assess(config, {.text = "an outage?", .tier = "gold"}));
    EXPECT_EQ(headers, (std::vector<Header>{{"baton-score", "100"}, {"baton-kind", "question"},
                           {"baton-rules", "outage, gold"}}));
}

TEST(Preprocessor, tells_kinds_of_text_apart) {
    const auto kind = [](std::string_view text) { return assess({}, {.text = text}).kind; };
    EXPECT_EQ(kind(""), TextKind::empty);
    EXPECT_EQ(kind(" \n"), TextKind::empty);
    EXPECT_EQ(kind("Why? "), TextKind::question);
    EXPECT_EQ(kind("```c\nint x;\n```"), TextKind::code);
    EXPECT_EQ(kind("Because."), TextKind::statement);
}

TEST(Preprocessor, bad_rules_are_named) {
    const auto field = [](const PreprocessorConfig& config) {
        const auto checked = check_preprocessor(config);
        return checked ? "" : checked.error().field;
    };
    EXPECT_EQ(field({}), "");
    EXPECT_EQ(field({.rules = {{.name = "a"}, {.name = ""}}}), "rules[1].name");
    EXPECT_EQ(field({.rules = {{.name = "a\nb"}}}), "rules[0].name");
    EXPECT_EQ(field({.rules = {{.name = "a", .keywords = {""}}}}), "rules[0].keywords");
    EXPECT_EQ(
        field({.rules = {{.name = "a", .length_min = 5, .length_max = 4}}}), "rules[0].length_max");
    EXPECT_EQ(field({.realtime_from = 10}), "levels");
    PreprocessorConfig many;
    many.rules.assign(PreprocessorConfig::rules_max, {.name = "a"});
    EXPECT_EQ(field(many), "");
    many.rules.push_back({.name = "a"});
    EXPECT_EQ(field(many), "rules");
}

RC_GTEST_PROP(PreprocessorProperty, score_stays_within_its_bounds, ()) {
    PreprocessorConfig config;
    for (const int points : *rc::gen::container<std::vector<int>>(rc::gen::inRange(-100, 101))) {
        config.rules.push_back({.name = "r", .score = points});
    }
    const auto found = assess(config, {.text = "x"});
    RC_ASSERT(found.score <= 100U);
    RC_ASSERT(found.rules.size() == config.rules.size());
}

}  // namespace
}  // namespace baton::dispatch
