// The Queues port on every store: taking messages and queues away.
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

using queue::Blame;
using queue::NackOutcome;

class Removal : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Removal, all_stores, store_name);

TEST_P(Removal, cancel_takes_a_message_out_in_any_state) {
    make({.max_failures = 1});
    const auto waiting = post_one();
    EXPECT_EQ(outcome(h.run(queues().cancel(waiting))), "ok");
    EXPECT_EQ(outcome(h.run(queues().cancel(waiting))), "message_not_found");
    const auto scheduled = post_one({.delay = Duration(10)});
    EXPECT_EQ(outcome(h.run(queues().cancel(scheduled))), "ok");
    post_one();
    const auto leased = take();
    EXPECT_EQ(outcome(h.run(queues().cancel(leased.message.id))), "ok");
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");
    post_one();
    const auto dead = take();
    EXPECT_EQ(must(nack({.receipt = dead.receipt})), NackOutcome::dead);
    EXPECT_EQ(outcome(h.run(queues().cancel(dead.message.id))), "ok");
    h.advance(std::chrono::hours(24));
    EXPECT_TRUE(pop().empty());
    EXPECT_TRUE(peek().empty());
    expect_stats_match_peek();
}

TEST_P(Removal, purge_takes_what_waits_and_leaves_leased_and_dead) {
    make({.max_failures = 2});
    const auto dead = post_one({.text = "dead"});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .blame = Blame::fatal})), "ok");
    post_one({.text = "leased"});
    const auto leased = take();
    const auto returned = post_one({.text = "returned"});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .delay = Duration(50)})), "ok");
    post({{.text = "ready"}, {.text = "scheduled", .delay = Duration(100)}});
    EXPECT_EQ(must(h.run(queues().purge(q))), 3);
    EXPECT_EQ(must(h.run(queues().purge(q))), 0);
    EXPECT_EQ(peek_texts(), (Texts{"dead", "leased"}));
    EXPECT_EQ(outcome(get(returned)), "message_not_found");
    EXPECT_EQ(state_of(dead), "dead");
    expect_stats_match_peek();
    EXPECT_EQ(must(nack({.receipt = leased.receipt})), NackOutcome::returned);
    post_one({.text = "new"});
    h.advance(Duration(1'000));
    EXPECT_EQ(pop_texts(), (Texts{"leased", "new"}));
}

TEST_P(Removal, delete_voids_everything_and_the_name_starts_anew) {
    make();
    post_one({.text = "old", .dedup = "k"});
    const auto leased = take();
    EXPECT_EQ(outcome(reply(leased.message.id, "r")), "ok");
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");
    EXPECT_EQ(outcome(get(leased.message.id)), "message_not_found");
    EXPECT_EQ(outcome(h.run(queues().get_reply(leased.message.id))), "message_not_found");
    EXPECT_TRUE(make());
    EXPECT_FALSE(post({{.text = "new", .dedup = "k"}}).front().duplicate);
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");
    EXPECT_EQ(pop_texts(), (Texts{"new"}));
}

}  // namespace
}  // namespace baton::test
