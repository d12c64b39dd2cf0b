// The Queues port on every store: what is there after closing and opening again.
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

class Recovery : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Recovery, all_stores, store_name);

QueueConfig everything_set() {
    QueueConfig config{.max_size = 1ULL << 40,
        .max_bytes = 1ULL << 50,
        .max_message_size = 12'345,
        .durability = Durability::relaxed,
        .retention_period = std::chrono::hours(24 * 365),
        .dedup_window = std::chrono::seconds(1),
        .max_failures = 17,
        .reply_ttl = std::chrono::seconds(86'399),
        .overflow = Overflow::drop_oldest,
        .rates = {.post_per_second = 1, .pop_per_second = RateConfig::rate_max},
        .fairness_weights = {{"a", 1}, {"b \"quoted\" ü", 1'000}}};
    for (std::size_t i = 0; i < level_count; ++i) {
        config.levels[i] = {.max_wait_time = Duration(1'001 * static_cast<int>(i)),
            .max_concurrent = static_cast<std::uint32_t>(i) * 3};
    }
    return config;
}

TEST_P(Recovery, configuration_pause_and_time_of_making_come_back) {
    const auto made_at = h.now();
    make(everything_set());
    h.advance(Duration(5'000));
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, true))), "ok");
    h.reopen();
    const auto info = must(h.run(queues().get_queue(q)));
    EXPECT_EQ(info, (QueueInfo{.name = q,
                        .uid = info.uid,
                        .config = everything_set(),
                        .created_at = made_at,
                        .paused = true}));
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, false))), "ok");
    h.reopen();
    EXPECT_FALSE(must(h.run(queues().get_queue(q))).paused);
}

TEST_P(Recovery, every_state_comes_back_as_it_was) {
    make({.max_failures = 2});
    post({{.text = "dead", .level = Level::high, .order = "o", .share = "s"},
        {.text = "leased", .ttl = Duration(90'000)}, {.text = "returned"}});
    EXPECT_EQ(
        outcome(nack({.receipt = take().receipt, .reason = "r", .blame = queue::Blame::fatal})),
        "ok");
    const auto leased = take(Duration(60'000));
    EXPECT_EQ(
        outcome(nack({.receipt = take().receipt, .delay = Duration(500), .reason = "no"})), "ok");
    post({{.text = "ready", .level = Level::low}, {.text = "scheduled", .delay = Duration(700)}});
    const auto before = apart(peek());
    h.reopen();
    EXPECT_EQ(apart(peek()), before);
    expect_stats_match_peek();
    h.reopen();
    EXPECT_EQ(apart(peek()), before);
    EXPECT_EQ(outcome(h.run(queues().extend(leased.receipt, Duration(1'000)))), "ok");
    h.advance(Duration(500));
    EXPECT_EQ(pop_texts(), (Texts{"returned", "ready"}));
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    h.advance(Duration(200));
    EXPECT_EQ(pop_texts(), (Texts{"scheduled"}));
    EXPECT_EQ(peek(MessageState::dead).at(0).history.at(0).reason, "r");
}

TEST_P(Recovery, a_lease_that_ended_meanwhile_is_a_failure) {
    make();
    post_one();
    const auto leased = take(Duration(1'000));
    h.close();
    h.clock().advance(Duration(5'000));
    h.open();
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");
    EXPECT_EQ(take().message.failures, 1);
}

TEST_P(Recovery, acked_never_comes_back_and_seqs_are_never_used_again) {
    make();
    const auto posted = post(std::vector<Letter>(5));
    for (const auto& leased : pop(10)) EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    h.reopen();
    EXPECT_TRUE(peek().empty());
    const auto next = post_one();
    EXPECT_EQ(next.queue_uid, posted[0].id.queue_uid);
    EXPECT_EQ(next.seq, posted[4].id.seq + 1);
    h.reopen();
    make({.max_size = 100});
    h.reopen();
    EXPECT_EQ(post_one().seq, next.seq + 1);
}

TEST_P(Recovery, a_purged_and_a_deleted_queue_stay_so) {
    make();
    post(std::vector<Letter>(3));
    EXPECT_EQ(must(h.run(queues().purge(q))), 3);
    h.reopen();
    EXPECT_EQ(stats().message_count, 0);
    post_one();
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    h.reopen();
    EXPECT_EQ(outcome(h.run(queues().get_queue(q))), "queue_not_found");
    EXPECT_TRUE(make());
    EXPECT_TRUE(peek().empty());
}

TEST_P(Recovery, a_queue_in_memory_is_empty_and_its_old_ids_mean_nothing) {
    make({.max_size = 9, .durability = Durability::memory});
    post({{.text = "a", .dedup = "k"}, {.text = "b"}});
    const auto leased = take();
    EXPECT_EQ(text_of(leased.message), "a");
    EXPECT_EQ(outcome(reply(leased.message.id, "r")), "ok");
    EXPECT_EQ(reply_text(leased.message.id), "r");
    h.reopen();
    EXPECT_EQ(must(h.run(queues().get_queue(q))).config.max_size, 9);
    EXPECT_TRUE(peek().empty());
    EXPECT_FALSE(post({{.text = "new", .dedup = "k"}}).front().duplicate);
    const auto fresh = take();
    EXPECT_NE(fresh.message.id, leased.message.id);
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");  // never the new message's receipt
    EXPECT_EQ(outcome(h.run(queues().get_reply(leased.message.id))), "message_not_found");
    EXPECT_EQ(outcome(ack(fresh.receipt)), "ok");
}

TEST_P(Recovery, durability_moves_to_and_from_memory_only_when_empty) {
    make();
    const auto stored = post_one({.dedup = "k"});
    EXPECT_EQ(
        outcome(h.run(queues().put_queue(q, {.durability = Durability::memory}))), "conflict");
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    EXPECT_FALSE(make({.durability = Durability::memory}));
    const auto unstored = post_one({.dedup = "k"});
    EXPECT_NE(unstored, stored);
    EXPECT_EQ(outcome(h.run(queues().put_queue(q, {}))), "conflict");
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    make({.durability = Durability::relaxed});
    h.reopen();
    const auto last = post_one({.text = "last"});
    EXPECT_NE(last, stored);
    EXPECT_NE(last, unstored);
    h.reopen();
    EXPECT_EQ(pop_texts(), (Texts{"last"}));
}

TEST_P(Recovery, many_messages_with_keys_come_back_in_order) {
    make();
    std::vector<Letter> letters;
    for (int i = 0; i < 1'000; ++i) {
        letters.push_back({.text = std::to_string(i), .order = i % 3 == 0 ? "k" : ""});
    }
    post(letters);
    h.reopen();
    Texts keyed;
    std::size_t others = 0;
    for (auto popped = pop(1'000); !popped.empty(); popped = pop(1'000)) {
        for (const auto& leased : popped) {
            if (leased.message.data->ordering_key == "k") {
                keyed.push_back(text_of(leased.message));
            } else {
                ++others;
            }
        }
        if (keyed.size() >= 20) break;
        for (const auto& leased : popped) must(ack(leased.receipt));
    }
    EXPECT_EQ(others, 666);
    ASSERT_EQ(keyed.size(), 20);
    for (std::size_t i = 0; i < keyed.size(); ++i) EXPECT_EQ(keyed[i], std::to_string(3 * i));
}

/// The daemon starts where the clock is behind: after a restart, or on another machine.
TEST_P(Recovery, messages_keep_their_order_when_the_clock_is_behind_afterwards) {
    make();
    post({{.text = "1", .order = "k"}, {.text = "2"}});
    h.close();
    h.clock().advance(Duration(-5'000));
    h.open();
    post({{.text = "3", .order = "k"}, {.text = "4"}});
    EXPECT_EQ(pop_texts(), (Texts{"1", "2", "4"}));
}

TEST_P(Recovery, time_goes_on_while_the_clock_is_behind) {
    make();
    post({{.text = "1"}});
    h.close();
    h.clock().advance(Duration(-3'600'000));
    h.open();
    const auto first = take(Duration(10'000));
    EXPECT_EQ(pop_texts(), Texts{});
    // At half the pace of the clock.
    h.advance(Duration(19'000));
    EXPECT_EQ(pop_texts(), Texts{});
    h.advance(Duration(1'001));
    EXPECT_EQ(pop_texts(), Texts{"1"});
}

}  // namespace
}  // namespace baton::test
