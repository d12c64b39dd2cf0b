// The Queues port on every store: who comes when. Ordering keys, fairness, concurrency, aging,
// time.
#include <map>

#include "conformance/queues_test.h"

namespace baton::test {
namespace {

class Order : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Order, all_stores, store_name);

QueueConfig with_level(Level level, LevelConfig config) {
    QueueConfig queue;
    queue.levels[static_cast<std::size_t>(level)] = config;
    return queue;
}

TEST_P(Order, one_message_of_an_ordering_key_at_a_time) {
    make();
    post({{.text = "a1", .order = "a"}, {.text = "a2", .order = "a"}, {.text = "b1", .order = "b"},
        {.text = "a3", .order = "a"}, {.text = "free"}});
    auto popped = pop(10);
    EXPECT_EQ(texts_of(popped), (Texts{"a1", "b1", "free"}));
    EXPECT_TRUE(pop(10).empty());
    EXPECT_EQ(outcome(ack(popped[0].receipt)), "ok");
    popped = pop(10);
    EXPECT_EQ(texts_of(popped), (Texts{"a2"}));
    EXPECT_EQ(outcome(ack(popped[0].receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"a3"}));
}

TEST_P(Order, a_delayed_nack_holds_its_key_back) {
    make();
    post({{.text = "1", .order = "k"}, {.text = "2", .order = "k"},
        {.text = "other", .order = "o"}});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .delay = Duration(1'000)})), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"other"}));
    h.advance(Duration(1'000));
    const auto again = pop(10);
    EXPECT_EQ(texts_of(again), (Texts{"1"}));
    EXPECT_EQ(outcome(ack(again[0].receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"2"}));
}

TEST_P(Order, a_key_keeps_its_order_through_reopening) {
    make();
    post({{.text = "1", .order = "k"}, {.text = "2", .order = "k"}, {.text = "3", .order = "k"}});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .delay = Duration(1'000)})), "ok");
    h.reopen();
    EXPECT_TRUE(pop().empty());
    h.advance(Duration(1'000));
    for (const auto* text : {"1", "2", "3"}) {
        const auto leased = take();
        EXPECT_EQ(text_of(leased.message), text);
        h.reopen();
        EXPECT_TRUE(pop().empty());
        EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    }
}

TEST_P(Order, taking_out_the_middle_of_a_key_leaves_the_rest_in_order) {
    make();
    const auto posted = post({{.text = "1", .order = "k"}, {.text = "2", .order = "k"},
        {.text = "3", .order = "k"}, {.text = "4", .order = "k"}});
    EXPECT_EQ(outcome(h.run(queues().cancel(posted[1].id))), "ok");
    EXPECT_EQ(stats().ready, 3);
    EXPECT_EQ(state_of(posted[1].id), "message_not_found");
    EXPECT_EQ(peek_texts(), (Texts{"1", "3", "4"}));
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    EXPECT_EQ(outcome(h.run(queues().cancel(posted[2].id))), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"4"}));
    expect_stats_match_peek();
}

TEST_P(Order, purge_empties_the_line_of_a_key_and_spares_the_leased) {
    make();
    post({{.text = "1", .order = "k"}, {.text = "2", .order = "k"}, {.text = "3", .order = "k"}});
    const auto first = take();
    EXPECT_EQ(must(h.run(queues().purge(q))), 2);
    post_one({.text = "4", .order = "k"});
    EXPECT_TRUE(pop().empty());
    expect_stats_match_peek();
    EXPECT_EQ(outcome(ack(first.receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"4"}));
}

TEST_P(Order, a_dead_letter_frees_its_key) {
    make({.max_failures = 1});
    post({{.text = "1", .order = "k"}, {.text = "2", .order = "k"}});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt})), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"2"}));
    h.reopen();
    EXPECT_EQ(stats().leased, 1);
    EXPECT_EQ(stats().dead, 1);
}

TEST_P(Order, a_key_spans_levels_in_order_of_posting) {
    make();
    post({{.text = "low", .level = Level::low, .order = "k"},
        {.text = "high", .level = Level::high, .order = "k"}});
    const auto first = take();
    EXPECT_EQ(text_of(first.message), "low");
    EXPECT_EQ(outcome(ack(first.receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"high"}));
}

TEST_P(Order, a_scheduled_message_takes_its_place_when_due) {
    make();
    post({{.text = "later", .order = "k", .delay = Duration(10)}, {.text = "now", .order = "k"}});
    const auto first = take();
    EXPECT_EQ(text_of(first.message), "now");
    h.advance(Duration(10));
    EXPECT_TRUE(pop().empty());
    EXPECT_EQ(outcome(ack(first.receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"later"}));
}

TEST_P(Order, fairness_keys_share_by_weight_over_full_rounds) {
    make({.fairness_weights = {{"three", 3}, {"two", 2}}});
    std::vector<Letter> letters;
    for (int i = 0; i < 60; ++i) letters.push_back({.text = "three", .share = "three"});
    for (int i = 0; i < 60; ++i) letters.push_back({.text = "two", .share = "two"});
    for (int i = 0; i < 60; ++i) letters.push_back({.text = "one", .share = "one"});
    for (int i = 0; i < 60; ++i) letters.push_back({.text = "none"});
    post(letters);
    std::map<std::string, int> counts;
    for (int round = 1; round <= 10; ++round) {
        for (const auto& text : pop_texts(7)) ++counts[text];
        EXPECT_EQ(counts["three"], 3 * round);
        EXPECT_EQ(counts["two"], 2 * round);
        EXPECT_EQ(counts["one"], round);
        EXPECT_EQ(counts["none"], round);
    }
}

TEST_P(Order, a_fairness_key_is_fifo_and_a_newcomer_waits_one_round_at_most) {
    make();
    post({{.text = "a1", .share = "a"}, {.text = "a2", .share = "a"}, {.text = "a3", .share = "a"},
        {.text = "a4", .share = "a"}});
    EXPECT_EQ(pop_texts(2), (Texts{"a1", "a2"}));
    post({{.text = "b1", .share = "b"}, {.text = "b2", .share = "b"}});
    EXPECT_EQ(pop_texts(), (Texts{"a3", "b1", "a4", "b2"}));
}

TEST_P(Order, max_concurrent_limits_the_leases_of_a_level) {
    make(with_level(Level::high, {.max_concurrent = 2}));
    post({{.text = "h1", .level = Level::high}, {.text = "h2", .level = Level::high},
        {.text = "h3", .level = Level::high}, {.text = "n1"}});
    auto popped = pop(10);
    EXPECT_EQ(texts_of(popped), (Texts{"h1", "h2", "n1"}));
    EXPECT_TRUE(pop(10).empty());
    auto waiting = start_pop();
    EXPECT_EQ(outcome(ack(popped[0].receipt)), "ok");
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"h3"}));
}

TEST_P(Order, waiting_too_long_moves_a_message_up) {
    QueueConfig config = with_level(Level::low, {.max_wait_time = Duration(100)});
    config.levels[static_cast<std::size_t>(Level::normal)].max_wait_time = Duration(200);
    make(config);
    const auto id = post_one({.text = "old", .level = Level::low});
    h.advance(Duration(99));
    EXPECT_EQ(must(get(id)).level, Level::low);
    h.advance(Duration(1));
    EXPECT_EQ(must(get(id)).level, Level::normal);
    post_one({.text = "young"});
    EXPECT_EQ(peek().at(0).data->priority, Level::low);
    h.advance(Duration(199));
    EXPECT_EQ(must(get(id)).level, Level::normal);
    h.advance(Duration(1));
    EXPECT_EQ(must(get(id)).level, Level::high);
    expect_stats_match_peek();
    h.advance(std::chrono::hours(1));
    EXPECT_EQ(must(get(id)).level, Level::high);  // high has no limit
    EXPECT_EQ(pop_texts(), (Texts{"old", "young"}));
}

TEST_P(Order, aged_messages_come_in_the_order_of_posting_with_their_new_level) {
    make(with_level(Level::low, {.max_wait_time = Duration(100)}));
    post_one({.text = "low", .level = Level::low});
    post_one({.text = "normal1"});
    h.advance(Duration(100));
    post_one({.text = "normal2"});
    EXPECT_EQ(pop_texts(), (Texts{"low", "normal1", "normal2"}));
}

TEST_P(Order, aging_changes_with_the_configuration_and_survives_reopening) {
    make();
    const auto id = post_one({.level = Level::low});
    h.advance(Duration(1'000));
    make(with_level(Level::low, {.max_wait_time = Duration(500)}));
    EXPECT_EQ(must(get(id)).level, Level::normal);
    h.reopen();
    EXPECT_EQ(must(get(id)).level, Level::normal);
    make();
    EXPECT_EQ(must(get(id)).level, Level::low);
    expect_stats_match_peek();
    EXPECT_EQ(pop(10).size(), 1);
    EXPECT_TRUE(pop(10).empty());
}

TEST_P(Order, delayed_messages_come_when_due) {
    make();
    const auto ids = post({{.text = "late", .delay = Duration(200)},
        {.text = "soon", .delay = Duration(100)}, {.text = "now"}});
    EXPECT_EQ(state_of(ids[0].id), "scheduled");
    EXPECT_EQ(must(get(ids[0].id)).due_at, h.now() + Duration(200));
    EXPECT_EQ(pop_texts(), (Texts{"now"}));
    h.advance(Duration(99));
    EXPECT_TRUE(pop().empty());
    h.advance(Duration(1));
    EXPECT_EQ(pop_texts(), (Texts{"soon"}));
    h.reopen();
    EXPECT_TRUE(pop().empty());
    h.advance(Duration(100));
    EXPECT_EQ(pop_texts(), (Texts{"late"}));
}

TEST_P(Order, deliver_at_wins_over_delay_and_a_past_time_is_now) {
    make();
    auto messages = messages_of({{.text = "at", .delay = Duration(1)}, {.text = "past"}});
    messages[0].deliver_at = h.now() + Duration(50);
    messages[1].deliver_at = h.now() - std::chrono::hours(1);
    must(h.run(queues().post(q, messages)));
    EXPECT_EQ(pop_texts(), (Texts{"past"}));
    h.advance(Duration(50));
    EXPECT_EQ(pop_texts(), (Texts{"at"}));
}

}  // namespace
}  // namespace baton::test
