// Kept steps as people read them: calls with their arguments, also on a page of their own.
#include <gtest/gtest.h>

#include "agents/run.h"
#include "agents/trace.h"

namespace baton::agents {
namespace {

constexpr TimePoint start{std::chrono::seconds(1'000)};
constexpr agents::Run::Span span{start, start + Duration(5)};
const MessageId posted{.queue_uid = 7, .seq = 9};

/// The model asks twice and waits; the steps as a run keeps them.
std::vector<RunStep> steps_of_a_run() {
    std::vector<RunStep> steps;
    agents::Run run;
    const auto keep = [&](RunStep step) {
        ASSERT_TRUE(run.apply(step));
        steps.push_back(std::move(step));
    };
    keep(run.answered({.content = "let me see",
                          .model = "m",
                          .finish_reason = "tool_calls",
                          .usage = {.input_tokens = 10, .output_tokens = 2},
                          .reasoning = "hm",
                          .tool_calls = {{"1", "a", R"({"x":1})"}, {"2", "b", "broken"}},
                          .cost = 0.25},
        span));
    keep(run.returned({.content = "A", .posted = posted}, span));
    keep(run.waits({.message = posted, .until = start + Duration(9)}, start));
    keep(run.returned({.content = "no", .is_error = true}, span));
    keep(run.answered({.content = "done", .model = "m"}, span));
    return steps;
}

TEST(Trace, names_calls_with_their_arguments_and_results) {
    const auto trace = trace_of({.steps = steps_of_a_run()});
    ASSERT_TRUE(trace) << to_string(trace.error());
    ASSERT_EQ(trace->size(), 5U);
    const auto& steps = *trace;
    EXPECT_EQ(steps[0].kind, StepKind::model);
    EXPECT_EQ(steps[0].answer.usage.input_tokens, 10U);
    EXPECT_EQ(steps[0].answer.cost, 0.25);
    EXPECT_EQ(steps[0].ended_at, start + Duration(5));
    EXPECT_EQ(steps[1].call, (ToolCall{"1", "a", R"({"x":1})"}));
    EXPECT_EQ(steps[1].result, "A");
    EXPECT_EQ(steps[1].message, posted);
    EXPECT_EQ(steps[2].kind, StepKind::wait);
    EXPECT_EQ(steps[2].call.name, "b");
    EXPECT_EQ(steps[2].until, start + Duration(9));
    EXPECT_EQ(steps[3].call.arguments, "broken");
    EXPECT_TRUE(steps[3].is_error);
    EXPECT_EQ(steps[4].answer.content, "done");
}

TEST(Trace, a_page_in_the_middle_reads_the_answer_before_it) {
    const auto all = steps_of_a_run();
    const auto whole = trace_of({.steps = all});
    const auto rest = trace_of({.steps = {all.begin() + 2, all.end()}, .asked = all.front()});
    ASSERT_TRUE(whole && rest);
    EXPECT_EQ(*rest, (std::vector<TracedStep>{whole->begin() + 2, whole->end()}));
}

TEST(Trace, a_step_that_cannot_be_read_is_named) {
    auto steps = steps_of_a_run();
    for (const std::size_t i : {0U, 1U, 2U}) {
        auto broken = steps;
        broken[i].content = "[";
        const auto trace = trace_of({.steps = broken});
        ASSERT_FALSE(trace) << i;
        EXPECT_EQ(trace.error().code, Errc::storage_corrupt);
        EXPECT_TRUE(trace.error().detail.starts_with("step " + std::to_string(i))) << i;
    }
}

}  // namespace
}  // namespace baton::agents
