// Steps of runs, kept beside their message.
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

INSTANTIATE_TEST_SUITE_P(Databases, RunStepsTest, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
