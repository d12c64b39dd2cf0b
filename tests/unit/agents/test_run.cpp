// A run is what its steps say.
#include <gtest/gtest.h>

#include "agents/run.h"

namespace baton::agents {
namespace {

constexpr TimePoint start{std::chrono::seconds(1'000)};
constexpr agents::Run::Span span{start, start + Duration(5)};

ChatResult wants(std::vector<ToolCall> calls, std::string text = {}) {
    return {.content = std::move(text),
        .model = "m",
        .finish_reason = "tool_calls",
        .usage = {.input_tokens = 10, .output_tokens = 2},
        .tool_calls = std::move(calls),
        .endpoint = "main",
        .cost = 0.25};
}

class RunTest : public testing::Test {
protected:
    void keep(RunStep step) {
        steps.push_back(step);
        ASSERT_TRUE(run.apply(step));
    }

    std::vector<RunStep> steps;
    agents::Run run;
};

TEST_F(RunTest, asks_first_and_ends_with_an_answer_that_wants_nothing) {
    EXPECT_EQ(run.next(), agents::Run::Next::ask);
    keep(run.answered({.content = "hi", .model = "m"}, span));
    EXPECT_EQ(run.next(), agents::Run::Next::answer);
    EXPECT_EQ(run.last_answer().content, "hi");
    EXPECT_EQ(run.began_at(), start);
}

TEST_F(RunTest, calls_tools_in_order_and_asks_again_after_the_last) {
    keep(run.answered(wants({{"1", "a", "{}"}, {"2", "b", "{}"}}, "let me see"), span));
    ASSERT_EQ(run.next(), agents::Run::Next::call);
    EXPECT_EQ(run.open_call().name, "a");
    EXPECT_EQ(run.open_call_name(), "0/0");
    keep(run.returned({.content = "A"}, span));
    EXPECT_EQ(run.open_call().name, "b");
    EXPECT_EQ(run.open_call_name(), "0/1");
    keep(run.returned({.content = "B", .is_error = true}, span));
    EXPECT_EQ(run.next(), agents::Run::Next::ask);
    const std::vector<ChatMessage> seen{{.role = Role::assistant,
                                            .content = "let me see",
                                            .tool_calls = {{"1", "a", "{}"}, {"2", "b", "{}"}}},
        {.role = Role::tool, .content = "A", .tool_call_id = "1"},
        {.role = Role::tool, .content = "B", .tool_call_id = "2"}};
    EXPECT_EQ(run.messages(), seen);
    EXPECT_EQ(run.usage().input_tokens, 10U);
    EXPECT_EQ(run.cost(), 0.25);
}

TEST_F(RunTest, is_the_same_from_its_steps) {
    const MessageId other{1, 7};
    keep(run.answered(wants({{"1", "a", "{}"}}, "let me see"), span));
    keep(run.waits({.message = other, .until = start + Duration(500)}, start));
    EXPECT_EQ(run.waiting(), (ToolWait{other, start + Duration(500)}));
    const auto again = agents::Run::of(steps);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->next(), agents::Run::Next::call);
    EXPECT_EQ(again->waiting(), run.waiting());
    EXPECT_EQ(again->messages(), run.messages());
    EXPECT_EQ(again->texts(), (std::vector<std::string>{"let me see"}));
    EXPECT_EQ(again->posted(), (std::vector<MessageId>{other}));
    EXPECT_EQ(again->cost(), run.cost());
    keep(run.returned({.content = "A", .posted = MessageId{1, 8}}, span));
    EXPECT_FALSE(run.waiting());
    EXPECT_EQ(agents::Run::of(steps)->posted().size(), 2U);
}

TEST_F(RunTest, steps_that_make_no_sense_are_corrupt) {
    const auto code = [](const std::vector<RunStep>& given) {
        return agents::Run::of(given).error().code;
    };
    const RunStep answer = run.answered({.content = "hi"}, span);
    auto second = answer;
    second.number = 1;
    EXPECT_EQ(code({second}), Errc::storage_corrupt) << "the first is missing";
    EXPECT_EQ(code({answer, second}), Errc::storage_corrupt) << "nobody asked";
    auto garbled = answer;
    garbled.content = "{";
    EXPECT_EQ(code({garbled}), Errc::storage_corrupt);
    auto tool = answer;
    tool.kind = conversations::StepKind::tool;
    EXPECT_EQ(code({tool}), Errc::storage_corrupt) << "no call is open";
}

TEST_F(RunTest, calls_beyond_the_limit_are_not_allowed) {
    std::vector<ToolCall> calls(tool_calls_max + 1, ToolCall{"1", "a", "{}"});
    keep(run.answered(wants(calls), span));
    for (std::size_t i = 0; i < tool_calls_max; ++i) {
        EXPECT_TRUE(run.is_open_call_allowed());
        keep(run.returned({}, span));
    }
    EXPECT_FALSE(run.is_open_call_allowed());
}

TEST_F(RunTest, each_limit_names_itself) {
    keep(run.answered(wants({{"1", "a", "{}"}}), span));
    const auto field = [&](RunLimits limits, TimePoint now = start) {
        const auto over = over_limit(limits, run, now);
        if (!over) return std::string("none");
        EXPECT_EQ(over->code, Errc::run_limit_exceeded);
        return over->field;
    };
    EXPECT_EQ(field({}), "none");
    EXPECT_EQ(field({.max_steps = 1}), "max_steps");
    EXPECT_EQ(field({.max_steps = 2}), "none");
    EXPECT_EQ(field({.max_tokens = 12}), "max_tokens");
    EXPECT_EQ(field({.max_tokens = 13}), "none");
    EXPECT_EQ(field({.max_cost = 0.25}), "max_cost");
    EXPECT_EQ(field({.max_cost = 0.26}), "none");
    EXPECT_EQ(field({.max_time = Duration(50)}, start + Duration(50)), "max_time");
    EXPECT_EQ(field({.max_time = Duration(50)}, start + Duration(49)), "none");
}

TEST(FittedResult, is_cut_between_characters_and_says_so) {
    const std::string fits(tool_result_max, 'x');
    EXPECT_EQ(fitted_result(fits), fits);
    std::string wide = "x";
    while (wide.size() <= tool_result_max) wide += "世";
    const std::string cut = fitted_result(wide);
    EXPECT_LE(cut.size(), tool_result_max);
    EXPECT_TRUE(cut.ends_with("bytes long]"));
    EXPECT_TRUE(cut.contains("世\n[cut: this was "));
}

TEST(Focus, names_the_tools_that_are_left) {
    EXPECT_FALSE(focus_of(""));
    EXPECT_FALSE(focus_of(R"({"other":1})"));
    EXPECT_EQ(focus_of(R"({"focus":["a",1,"b"]})"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(focus_of(R"({"focus":[]})"), std::vector<std::string>());
}

}  // namespace
}  // namespace baton::agents
