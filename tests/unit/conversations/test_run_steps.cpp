// Steps of runs, kept beside their message.
#include "base/answer_budget.h"
#include "harness.h"

namespace baton::conversations {
namespace {

class RunStepsTest : public StoreTest {
protected:
    static RunStep step(std::uint32_t number, std::string content = "{}") {
        return {.number = number,
            .kind = StepKind::tool,
            .content = std::move(content),
            .began_at = start,
            .ended_at = start + Duration(7)};
    }
    Result<bool> keep(const RunStep& step, std::uint64_t seq = 1) {
        return run(store_.steps->add_step(id(seq), step));
    }
    std::vector<RunStep> kept(std::uint64_t seq = 1) {
        return run(store_.steps->steps(id(seq))).value();
    }
};

TEST_P(RunStepsTest, come_back_as_they_were_kept_and_in_order) {
    add(message(1));
    add(message(2));
    EXPECT_TRUE(keep(step(0, R"({"a":"Grüße"})")).value());
    EXPECT_TRUE(keep(step(1)).value());
    EXPECT_TRUE(keep(step(0), 2).value());
    open();
    EXPECT_EQ(kept(), (std::vector<RunStep>{step(0, R"({"a":"Grüße"})"), step(1)}));
    EXPECT_EQ(kept(2).size(), 1U);
    EXPECT_TRUE(kept(3).empty());
}

TEST_P(RunStepsTest, first_of_two_stands) {
    add(message(1));
    EXPECT_TRUE(keep(step(0, R"({"a":1})")).value());
    EXPECT_FALSE(keep(step(0, R"({"a":2})")).value());
    EXPECT_EQ(kept().front().content, R"({"a":1})");
}

TEST_P(RunStepsTest, need_their_message) {
    EXPECT_EQ(keep(step(0)).error().code, Errc::message_not_found);
}

TEST_P(RunStepsTest, last_one_and_the_answer_are_one_transaction) {
    add(message(1));
    EXPECT_TRUE(run(store_.steps->finish(id(1), step(0), reply(1))).value());
    EXPECT_EQ(get(1).reply, reply(1));
    EXPECT_EQ(kept().size(), 1U);
    EXPECT_FALSE(run(store_.steps->finish(id(1), step(1), reply(2))).value());
    EXPECT_EQ(get(1).reply, reply(1));
    EXPECT_EQ(kept().size(), 1U) << "the second answer left nothing";
    EXPECT_EQ(
        run(store_.steps->finish(id(2), step(0), reply(2))).error().code, Errc::message_not_found);
}

TEST_P(RunStepsTest, go_with_their_message) {
    add(message(1));
    EXPECT_TRUE(keep(step(0)).value());
    auto connection = plain_->connect().value();
    EXPECT_TRUE(connection->execute_script("DELETE FROM dialog_messages"));
    EXPECT_TRUE(kept().empty());
}

TEST_P(RunStepsTest, come_in_pages_with_the_answer_before_them) {
    add(message(1));
    add(message(2));
    auto answer = step(0, R"({"first":1})");
    answer.kind = StepKind::model;
    EXPECT_TRUE(keep(answer).value());
    for (std::uint32_t i = 1; i < 5; ++i) EXPECT_TRUE(keep(step(i)).value());
    const auto page = [&](std::optional<std::uint32_t> after, std::uint32_t limit) {
        return run(store_.steps->step_page(id(1), after, limit)).value();
    };
    const auto first = page(std::nullopt, 2);
    EXPECT_EQ(first.steps, (std::vector<RunStep>{answer, step(1)}));
    EXPECT_EQ(first.asked, std::nullopt);
    EXPECT_EQ(first.next, 1U);
    const auto rest = page(first.next, 3);
    EXPECT_EQ(rest.steps, (std::vector<RunStep>{step(2), step(3), step(4)}));
    EXPECT_EQ(rest.asked, answer);
    EXPECT_EQ(rest.next, std::nullopt);
    EXPECT_TRUE(page(4, 3).steps.empty());
    EXPECT_TRUE(page(4'294'967'295, 3).steps.empty());
    EXPECT_TRUE(run(store_.steps->step_page(id(2), std::nullopt, 3)).value().steps.empty());
}

TEST_P(RunStepsTest, pages_end_at_their_size) {
    add(message(1));
    const std::string half(AnswerBudget::bytes_max / 2, 'x');
    EXPECT_TRUE(keep(step(0, half)).value());
    EXPECT_TRUE(keep(step(1, half)).value());
    EXPECT_TRUE(keep(step(2, half + half + "x")).value());
    EXPECT_TRUE(keep(step(3, half)).value());
    const auto page = [&](std::optional<std::uint32_t> after) {
        return run(store_.steps->step_page(id(1), after, 100)).value();
    };
    EXPECT_EQ(page(std::nullopt).steps.size(), 2U) << "at the limit";
    EXPECT_EQ(page(std::nullopt).next, 1U);
    EXPECT_EQ(page(0).steps.size(), 1U) << "a byte more";
    EXPECT_EQ(page(1).steps.size(), 1U) << "a long one stands alone";
    EXPECT_EQ(page(1).next, 2U);
    EXPECT_EQ(page(2).next, std::nullopt);
}

TEST_P(RunStepsTest, go_with_the_deleted_message_and_the_ended_conversation) {
    add(message(1));
    add(message(2));
    EXPECT_TRUE(keep(step(0)).value());
    EXPECT_TRUE(keep(step(0), 2).value());
    EXPECT_TRUE(complete(1));
    ASSERT_TRUE(run(store_.keeper->delete_message(id(1))));
    EXPECT_TRUE(kept().empty());
    EXPECT_EQ(kept(2).size(), 1U);
    ASSERT_TRUE(complete(2));
    const auto late = start + std::chrono::hours(1);
    EXPECT_EQ(run(store_.keeper->remove_expired(late, late, 10)).value(), 1U);
    EXPECT_EQ(run(store_.keeper->purge(ConversationId("c1"), 10, start)).value(), 1U);
    EXPECT_TRUE(kept(2).empty());
}

INSTANTIATE_TEST_SUITE_P(Databases, RunStepsTest, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
