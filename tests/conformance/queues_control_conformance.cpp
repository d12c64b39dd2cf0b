// Conformance of the Queues port: pauses of keys, rates, owners and their storage quota.
#include "queues_test.h"

namespace baton::test {
namespace {

class Control : public QueuesTest {
protected:
    Result<void> pause(KeyKind kind, const std::string& key, bool paused = true) {
        return h.run(queues().pause_key(q, kind, key, paused));
    }
    StorageQuota quota() { return must(h.run(queues().quota(tenant))); }
    const TenantId tenant{"t"};
};

INSTANTIATE_TEST_SUITE_P(Stores, Control, all_stores, store_name);

TEST_P(Control, messages_of_a_paused_key_stay_where_they_are) {
    make();
    post(
        {{.text = "a1", .order = "a"}, {.text = "b1", .order = "b"}, {.text = "s1", .share = "s"}});
    EXPECT_EQ(outcome(pause(KeyKind::ordering, "a")), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "s")), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::ordering, "s")), "ok");
    post({{.text = "a2", .order = "a"}, {.text = "s2", .share = "s"}, {.text = "x"}});
    EXPECT_EQ(pop_texts(), (Texts{"b1", "x"}));
    h.reopen();
    EXPECT_EQ(pop_texts(), Texts{});
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "s", false)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"s1", "s2"}));
    EXPECT_EQ(outcome(pause(KeyKind::ordering, "a", false)), "ok");
    const auto first = take();
    EXPECT_EQ(text_of(first.message), "a1");
    must(ack(first.receipt));
    EXPECT_EQ(pop_texts(), (Texts{"a2"}));
    expect_stats_match_peek();
}

TEST_P(Control, a_key_resumed_serves_those_who_wait) {
    make();
    post_one({.text = "a", .share = "s"});
    must(pause(KeyKind::fairness, "s"));
    auto waiting = start_pop();
    must(h.run(queues().list_queues()));
    EXPECT_FALSE(waiting.ended());
    must(pause(KeyKind::fairness, "s", false));
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"a"}));
}

TEST_P(Control, what_comes_back_to_a_paused_key_waits_too) {
    make();
    post_one({.text = "a", .order = "k"});
    const auto leased = take();
    must(pause(KeyKind::ordering, "k"));
    must(nack({.receipt = leased.receipt}));
    h.reopen();
    EXPECT_EQ(pop_texts(), Texts{});
    must(pause(KeyKind::ordering, "k", false));
    EXPECT_EQ(pop_texts(), (Texts{"a"}));
}

TEST_P(Control, a_queue_in_memory_keeps_its_pauses_too) {
    make({.durability = Durability::memory});
    must(pause(KeyKind::fairness, "s"));
    h.reopen();
    post({{.text = "s", .share = "s"}, {.text = "x"}});
    EXPECT_EQ(pop_texts(), (Texts{"x"}));
}

TEST_P(Control, ten_thousand_keys_of_a_queue_can_be_paused) {
    if (GetParam().cold) return;  // the same without contents
    make({.durability = Durability::relaxed});
    std::vector<Pending<Result<void>>> pauses;
    for (int i = 0; i < 10'000; ++i) {
        pauses.push_back(
            h.start(queues().pause_key(q, KeyKind::fairness, "k" + std::to_string(i), true)));
    }
    for (auto& one : pauses) EXPECT_EQ(outcome(one.get()), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "one too many")), "queue_full");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "k7")), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "k7", false)), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "one too many")), "ok");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, "")), "invalid_argument");
    EXPECT_EQ(outcome(pause(KeyKind::fairness, std::string(257, 'k'))), "invalid_argument");
}

TEST_P(Control, posts_beyond_the_rate_are_refused_until_it_allows_them) {
    make({.rates = {.post_per_second = 10}});
    post(std::vector<Letter>(10));
    const auto refused = try_post({{}});
    EXPECT_EQ(outcome(refused), "rate_limited");
    EXPECT_EQ(refused.error().retry_after, Duration(100));
    h.advance(Duration(99));
    EXPECT_EQ(outcome(try_post({{}})), "rate_limited");
    h.advance(Duration(1));
    EXPECT_EQ(outcome(try_post({{}})), "ok");
    // A post of more than a second's worth waits for a full bucket, and is paid back afterwards.
    h.advance(Duration(1'000));
    EXPECT_EQ(outcome(try_post(std::vector<Letter>(20))), "ok");
    EXPECT_EQ(try_post({{}}).error().retry_after, Duration(1'100));
    make();
    EXPECT_EQ(outcome(try_post(std::vector<Letter>(100))), "ok");
    EXPECT_EQ(stats().message_count, 131);
}

TEST_P(Control, pops_beyond_the_rate_wait_for_their_turn) {
    make({.rates = {.pop_per_second = 2}});
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}, {.text = "d"}});
    h.reopen();
    EXPECT_EQ(pop_texts(), (Texts{"a", "b"}));
    EXPECT_EQ(pop_texts(), Texts{});
    auto waiting = start_pop();
    must(h.run(queues().list_queues()));
    EXPECT_FALSE(waiting.ended());
    h.advance(Duration(500));
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"c"}));
    waiting = start_pop();
    make();
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"d"}));
}

TEST_P(Control, a_tenants_queues_share_its_quota) {
    const QueueName other("other");
    const QueueName volatile_queue("volatile");
    must(h.run(queues().put_queue(q, {}, tenant)));
    must(h.run(queues().put_queue(other, {}, tenant)));
    must(h.run(queues().put_queue(volatile_queue, {.durability = Durability::memory}, tenant)));
    must(h.run(queues().set_quota(tenant, 10)));
    post_one({.text = "123456"});
    must(h.run(queues().post(other, messages_of({{.text = "7890"}}))));
    must(h.run(queues().post(volatile_queue, messages_of({{.text = "not stored"}}))));
    EXPECT_EQ(quota(), (StorageQuota{.used = 10, .limit = 10}));
    const auto refused = try_post({{.text = "x"}});
    EXPECT_EQ(outcome(refused), "quota_exceeded");
    EXPECT_GT(refused.error().retry_after, Duration(0));
    h.reopen();
    EXPECT_EQ(quota(), (StorageQuota{.used = 10, .limit = 10}));
    EXPECT_EQ(outcome(try_post({{.text = "x"}})), "quota_exceeded");
    must(ack(take().receipt));
    EXPECT_EQ(outcome(try_post({{.text = "1234567"}})), "quota_exceeded");
    EXPECT_EQ(outcome(try_post({{.text = "123"}, {.text = "456"}})), "ok");
    must(h.run(queues().delete_queue(other)));
    EXPECT_EQ(quota().used, 6);
    must(h.run(queues().set_quota(tenant, 0)));
    EXPECT_EQ(outcome(try_post({{.text = "as much as you like"}})), "ok");
    h.reopen();
    EXPECT_EQ(quota(), (StorageQuota{.used = 25, .limit = 0}));
}

TEST_P(Control, replies_and_outputs_count_for_the_quota_until_they_end) {
    must(h.run(queues().put_queue(q, {.reply_ttl = std::chrono::seconds(10)}, tenant)));
    must(h.run(queues().set_quota(tenant, 20)));
    const auto id = post_one({.text = "12345"});
    const auto leased = take();
    const auto append = [&](const std::string& text) {
        return h.run(queues().append_output(leased.receipt, {Bytes(text), Bytes()}));
    };
    const auto expect_used = [&](std::uint64_t bytes) {
        EXPECT_EQ(quota().used, bytes);
        h.reopen();
        EXPECT_EQ(quota().used, bytes) << "after reopening";
    };
    EXPECT_EQ(outcome(append("123456789")), "ok");
    expect_used(14);
    EXPECT_EQ(outcome(append("1234567")), "quota_exceeded");
    EXPECT_GT(append("1234567").error().retry_after, Duration(0));
    EXPECT_EQ(must(h.run(queues().read_output({.message = id}))).next, 2);
    EXPECT_EQ(outcome(reply(id, "1234567")), "quota_exceeded");
    EXPECT_EQ(reply_text(id), "-");
    EXPECT_EQ(outcome(reply(id, "123456")), "ok");
    expect_used(20);
    EXPECT_EQ(outcome(try_post({{.text = "x"}})), "quota_exceeded");
    EXPECT_EQ(outcome(append("x")), "quota_exceeded");
    EXPECT_EQ(outcome(append("")), "ok");
    EXPECT_EQ(outcome(reply(id, "1234567")), "quota_exceeded");
    EXPECT_EQ(reply_text(id), "123456");
    EXPECT_EQ(outcome(reply(id, "12")), "ok");  // it takes the place of the one before
    expect_used(16);
    EXPECT_EQ(stats().used_storage, 5);  // of the queue: its messages

    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    expect_used(11);
    h.advance(Duration(5'000));
    EXPECT_EQ(outcome(reply(id, "1234")), "ok");
    expect_used(13);
    h.advance(Duration(6'000));  // the output's time is over, the reply's is not
    expect_used(4);
    h.advance(Duration(5'000));
    expect_used(0);
    EXPECT_EQ(outcome(try_post({{.text = std::string(20, 'x')}})), "ok");
}

TEST_P(Control, an_output_that_ends_before_its_message_goes_with_it) {
    must(h.run(queues().put_queue(q, {.reply_ttl = std::chrono::seconds(10)}, tenant)));
    post({{.text = "a"}, {.text = "b"}});
    const auto first = take(Duration(100'000));
    const auto second = take(Duration(100'000));
    must(h.run(queues().append_output(first.receipt, {Bytes("12345")})));
    h.advance(Duration(5'000));
    must(h.run(queues().append_output(second.receipt, {Bytes("123")})));
    EXPECT_EQ(outcome(ack(second.receipt)), "ok");
    h.advance(Duration(2'000));
    EXPECT_EQ(outcome(reply(second.message.id, "r")), "ok");
    h.advance(Duration(20'000));
    EXPECT_EQ(quota().used, 6);  // kept as long as its message
    h.reopen();
    EXPECT_EQ(quota().used, 6);
    EXPECT_EQ(outcome(ack(first.receipt)), "ok");
    h.advance(Duration(1'000));
    EXPECT_EQ(quota().used, 0);
    h.reopen();
    EXPECT_EQ(quota().used, 0);
}

TEST_P(Control, what_a_queue_keeps_leaves_the_quota_with_it) {
    must(h.run(queues().put_queue(q, {}, tenant)));
    post({{.text = "123"}, {.text = "4"}});
    const auto done = take();
    const auto working = take();
    for (const auto& leased : {done, working}) {
        must(h.run(queues().append_output(leased.receipt, {Bytes("12345")})));
        must(h.run(queues().reply(leased.message.id, Bytes("123456789"), "")));
    }
    must(h.run(queues().ack(done.receipt)));
    EXPECT_EQ(quota().used, 29);
    must(h.run(queues().put_queue(q, {}, TenantId("another"))));
    EXPECT_EQ(quota().used, 0);
    EXPECT_EQ(must(h.run(queues().quota(TenantId("another")))).used, 29);
    must(h.run(queues().put_queue(q, {}, tenant)));
    h.reopen();
    EXPECT_EQ(quota().used, 29);
    must(h.run(queues().delete_queue(q)));
    EXPECT_EQ(quota().used, 0);
    h.reopen();
    EXPECT_EQ(quota().used, 0);
}

TEST_P(Control, a_queue_moves_between_owners_with_all_it_keeps) {
    make();
    post_one({.text = "12345"});
    EXPECT_EQ(quota().used, 0);
    EXPECT_FALSE(must(h.run(queues().put_queue(q, {}, tenant))));
    EXPECT_EQ(quota().used, 5);
    make();  // without an owner: as it was
    h.reopen();
    EXPECT_EQ(must(h.run(queues().get_queue(q))).owner, tenant);
    EXPECT_EQ(quota().used, 5);
    EXPECT_EQ(outcome(h.run(queues().put_queue(q, {}, TenantId(".bad")))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().set_quota(TenantId(""), 1))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().set_quota(tenant, (1ULL << 53) + 1))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().set_quota(tenant, 1ULL << 53))), "ok");
}

TEST_P(Control, what_is_dropped_makes_room_in_the_quota_first) {
    must(h.run(queues().put_queue(q, {.max_size = 1, .overflow = Overflow::drop_oldest}, tenant)));
    must(h.run(queues().set_quota(tenant, 5)));
    post_one({.text = "12345"});
    EXPECT_EQ(outcome(try_post({{.text = "123456"}})), "quota_exceeded");
    EXPECT_EQ(stats().message_count, 1);
    EXPECT_EQ(outcome(try_post({{.text = "abcde"}})), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"abcde"}));
}

}  // namespace
}  // namespace baton::test
