// The Queues port on every store: limits, overflow, expiry, deduplication, replies.
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

class Limits : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Limits, all_stores, store_name);

TEST_P(Limits, a_full_queue_rejects_a_whole_post) {
    make({.max_size = 3});
    post({{.text = "a"}, {.text = "b"}});
    const auto refused = try_post({{.text = "c"}, {.text = "d"}});
    EXPECT_EQ(outcome(refused), "queue_full");
    EXPECT_GT(refused.error().retry_after.count(), 0);
    EXPECT_EQ(peek_texts(), (Texts{"a", "b"}));
    post_one({.text = "c"});
    EXPECT_EQ(outcome(try_post({{.text = "d"}})), "queue_full");
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    EXPECT_EQ(outcome(try_post({{.text = "d"}})), "ok");
    EXPECT_EQ(peek_texts(), (Texts{"b", "c", "d"}));
}

TEST_P(Limits, scheduled_and_leased_count_towards_max_size_and_dead_ones_do_not) {
    make({.max_size = 2, .max_failures = 1});
    post({{}, {.delay = Duration(10)}});
    const auto leased = take();
    EXPECT_EQ(outcome(try_post({{}})), "queue_full");
    EXPECT_EQ(outcome(nack({.receipt = leased.receipt})), "ok");
    EXPECT_EQ(outcome(try_post({{}})), "ok");
}

TEST_P(Limits, max_bytes_holds_at_the_limit_and_one_byte_more) {
    make({.max_bytes = 10, .max_failures = 1});
    EXPECT_EQ(outcome(try_post({{.text = "12345"}, {.text = "123456"}})), "queue_full");
    EXPECT_EQ(outcome(try_post({{.text = "12345"}, {.text = "12345"}})), "ok");
    EXPECT_EQ(outcome(try_post({{.text = "1"}})), "queue_full");
    EXPECT_EQ(outcome(nack({.receipt = take().receipt})), "ok");  // dead: no longer counted
    EXPECT_EQ(outcome(try_post({{.text = "12345"}})), "ok");
    EXPECT_EQ(outcome(try_post({{.text = "1"}})), "queue_full");
    expect_stats_match_peek();
    h.reopen();
    EXPECT_EQ(outcome(try_post({{.text = "1"}})), "queue_full");
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    EXPECT_EQ(outcome(try_post({{.text = "12345"}})), "ok");
}

TEST_P(Limits, drop_oldest_makes_room_and_spares_the_leased) {
    make({.max_size = 3, .overflow = Overflow::drop_oldest});
    post({{.text = "leased"}, {.text = "a"}, {.text = "b", .level = Level::realtime}});
    pop(1, Duration(1'000), Level::normal);
    post_one({.text = "c"});
    EXPECT_EQ(peek_texts(), (Texts{"leased", "b", "c"}));
    EXPECT_EQ(outcome(try_post({{.text = "d"}, {.text = "e"}, {.text = "f"}})), "queue_full");
    EXPECT_EQ(peek_texts(), (Texts{"leased", "b", "c"}));
    post({{.text = "d"}, {.text = "e"}});
    EXPECT_EQ(peek_texts(), (Texts{"leased", "d", "e"}));
    expect_stats_match_peek();
    h.reopen();
    EXPECT_EQ(peek_texts(), (Texts{"leased", "d", "e"}));
}

TEST_P(Limits, drop_oldest_by_bytes) {
    make({.max_bytes = 10, .overflow = Overflow::drop_oldest});
    post({{.text = "aaaa"}, {.text = "bbbb"}, {.text = "cc"}});
    post_one({.text = "d"});
    EXPECT_EQ(peek_texts(), (Texts{"bbbb", "cc", "d"}));
    EXPECT_EQ(outcome(try_post({{.text = "123456"}, {.text = "12345"}})), "queue_full");
    EXPECT_EQ(peek_texts(), (Texts{"bbbb", "cc", "d"}));
}

TEST_P(Limits, max_message_size_holds_for_each_content_and_names_it) {
    make({.max_message_size = 4});
    EXPECT_EQ(outcome(try_post({{.text = "1234"}})), "ok");
    const auto refused = try_post({{.text = "1"}, {.text = "12345"}});
    EXPECT_EQ(outcome(refused), "message_too_large");
    EXPECT_EQ(refused.error().field, "messages[1].content");
    EXPECT_EQ(peek_texts(), (Texts{"1234"}));
}

TEST_P(Limits, content_that_an_empty_queue_has_no_room_for_is_too_large_and_not_worth_a_wait) {
    for (const auto overflow : {Overflow::reject, Overflow::drop_oldest}) {
        make({.max_bytes = 10, .overflow = overflow});
        const auto refused = try_post({{.text = "1"}, {.text = "12345678901"}});
        EXPECT_EQ(outcome(refused), "message_too_large");
        EXPECT_EQ(refused.error().field, "messages[1].content");
        EXPECT_EQ(refused.error().retry_after.count(), 0);
    }
    EXPECT_EQ(outcome(try_post({{.text = "1234567890"}})), "ok");
}

TEST_P(Limits, a_message_expires_by_its_ttl_or_the_queues_retention_whichever_is_first) {
    make({.retention_period = std::chrono::seconds(10)});
    const auto ids = post({{.text = "ttl", .ttl = Duration(1'000)}, {.text = "retention"},
        {.text = "long", .ttl = Duration(60'000)}});
    EXPECT_EQ(must(get(ids[0].id)).expires_at, h.now() + Duration(1'000));
    EXPECT_EQ(must(get(ids[2].id)).expires_at, h.now() + Duration(10'000));
    h.advance(Duration(999));
    EXPECT_EQ(stats().ready, 3);
    h.advance(Duration(1));
    EXPECT_EQ(peek_texts(), (Texts{"retention", "long"}));
    h.reopen();
    h.advance(Duration(9'000));
    EXPECT_TRUE(peek().empty());
    EXPECT_EQ(outcome(get(ids[1].id)), "message_not_found");
    EXPECT_EQ(stats().expired_total, 2);
    EXPECT_TRUE(pop().empty());
}

TEST_P(Limits, a_leased_message_expires_when_it_comes_back) {
    make();
    const auto id = post_one({.ttl = Duration(1'000)});
    const auto leased = take(Duration(5'000));
    h.advance(Duration(2'000));
    EXPECT_EQ(state_of(id), "leased");
    EXPECT_EQ(must(nack({.receipt = leased.receipt})), queue::NackOutcome::returned);
    EXPECT_EQ(state_of(id), "message_not_found");
    const auto second = post_one({.ttl = Duration(1'000)});
    take(Duration(5'000));
    h.advance(Duration(5'000));
    EXPECT_EQ(state_of(second), "message_not_found");
    expect_stats_match_peek();
}

TEST_P(Limits, a_message_returned_in_time_still_expires) {
    make();
    const auto id = post_one({.ttl = Duration(1'000)});
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .delay = Duration(5'000)})), "ok");
    h.advance(Duration(999));
    EXPECT_EQ(state_of(id), "scheduled");
    h.advance(Duration(1));
    EXPECT_EQ(state_of(id), "message_not_found");
}

TEST_P(Limits, nothing_expired_is_handed_out_however_many_expire_at_once) {
    make();
    post(std::vector<Letter>(5'000, Letter{.ttl = Duration(10)}));
    h.clock().advance(Duration(10));
    EXPECT_TRUE(pop(1'000).empty());
}

TEST_P(Limits, a_known_dedup_key_gives_the_first_id_and_stores_nothing) {
    make({.dedup_window = std::chrono::seconds(60)});
    const auto first =
        post({{.text = "a", .dedup = "k"}, {.text = "b", .dedup = "k"}, {.text = "c"}});
    EXPECT_FALSE(first[0].duplicate);
    EXPECT_TRUE(first[1].duplicate);
    EXPECT_EQ(first[1].id, first[0].id);
    EXPECT_FALSE(first[2].duplicate);
    EXPECT_EQ(first[2].id.seq, first[0].id.seq + 1);
    EXPECT_EQ(peek_texts(), (Texts{"a", "c"}));
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");  // finished or not: the key is known
    EXPECT_EQ(post({{.dedup = "k"}}), (std::vector{PostedMessage{first[0].id, true}}));
    h.reopen();
    h.advance(Duration(59'999));
    EXPECT_EQ(post({{.dedup = "k"}}), (std::vector{PostedMessage{first[0].id, true}}));
    h.advance(Duration(1));
    const auto anew = post({{.text = "d", .dedup = "k"}});
    EXPECT_FALSE(anew[0].duplicate);
    EXPECT_NE(anew[0].id, first[0].id);
    h.advance(Duration(1'000));
    EXPECT_EQ(post({{.dedup = "k"}}), (std::vector{PostedMessage{anew[0].id, true}}));
    h.reopen();
    EXPECT_EQ(post({{.dedup = "k"}}), (std::vector{PostedMessage{anew[0].id, true}}));
}

TEST_P(Limits, a_refused_post_leaves_no_dedup_key_behind) {
    make({.max_size = 1});
    EXPECT_EQ(outcome(try_post({{.dedup = "a"}, {.dedup = "b"}})), "queue_full");
    EXPECT_FALSE(post({{.dedup = "a"}}).front().duplicate);
    EXPECT_TRUE(post({{.dedup = "a"}}).front().duplicate);  // a duplicate needs no room
}

TEST_P(Limits, reply_is_kept_for_its_ttl_finished_or_not) {
    make({.reply_ttl = std::chrono::seconds(10)});
    const auto id = post_one();
    EXPECT_EQ(reply_text(id), "-");
    EXPECT_EQ(must(h.run(queues().wait_reply(id, Deadline::after(Duration(0))))), std::nullopt);
    const auto leased = take();
    EXPECT_EQ(outcome(h.run(queues().reply(id, Bytes("one"), R"({"a":1})"))), "ok");
    const auto kept = must(h.run(queues().get_reply(id)));
    ASSERT_TRUE(kept);
    EXPECT_EQ(*kept, (Reply{id, Bytes("one"), R"({"a":1})", h.now()}));
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    EXPECT_EQ(reply_text(id), "one");
    EXPECT_EQ(state_of(id), "done");
    EXPECT_EQ(must(get(id)).data, nullptr);
    EXPECT_EQ(outcome(reply(id, "two")), "ok");  // the last one wins
    h.reopen();
    EXPECT_EQ(reply_text(id), "two");
    EXPECT_EQ(state_of(id), "done");
    h.advance(Duration(9'999));
    EXPECT_EQ(reply_text(id), "two");
    h.advance(Duration(1));
    EXPECT_EQ(reply_text(id), "-");
    EXPECT_EQ(outcome(get(id)), "message_not_found");
    EXPECT_EQ(outcome(reply(id, "three")), "ok");
    h.advance(Duration(2'000));
    EXPECT_EQ(reply_text(id), "three");
}

TEST_P(Limits, an_empty_reply_is_a_reply_and_a_large_one_is_refused) {
    make({.max_message_size = 4});
    const auto id = post_one();
    EXPECT_EQ(outcome(reply(id, "12345")), "message_too_large");
    EXPECT_EQ(reply_text(id), "-");
    EXPECT_EQ(outcome(reply(id, "")), "ok");
    EXPECT_EQ(reply_text(id), "");
    h.reopen();
    EXPECT_EQ(reply_text(id), "");
}

}  // namespace
}  // namespace baton::test
