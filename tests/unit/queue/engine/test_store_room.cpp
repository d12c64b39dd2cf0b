// A store without room: what adds content is refused before it changes anything, all else goes on,
// and nothing is read back for it.
#include <gtest/gtest.h>

#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

using queue::Blame;

class StoreRoom : public ::testing::Test {
protected:
    StoreRoom() {
        must(h.run(h.queues().put_queue(q, {.max_failures = 1})));
        must(h.run(h.queues().put_queue(memory, {.durability = Durability::memory})));
    }

    Result<std::vector<PostedMessage>> post(const QueueName& name, const Letter& letter = {}) {
        return h.run(h.queues().post(name, messages_of({letter})));
    }
    LeasedMessage take() { return must(h.run(h.queues().pop({.queue = q}))).at(0); }
    QueueStats stats() { return must(h.run(h.queues().stats(q))); }
    void fill() { probe->set_room(0); }
    /// The time for which a refusal is taken as the answer to all.
    void wait_a_moment() { h.advance(Duration(100)); }

    const QueueName q{"q"};
    const QueueName memory{"memory"};
    std::shared_ptr<StoreProbe> probe = std::make_shared<StoreProbe>();
    QueueHarness h{{}, {.wrap_store = [this](auto store) {
                       return std::make_unique<ProbeStore>(std::move(store), probe);
                   }}};
};

TEST_F(StoreRoom, what_adds_content_is_refused_and_changes_nothing) {
    must(post(q, {.text = "a"}));
    const auto leased = take();
    const auto before = stats();
    const auto commits = probe->commits().size();
    fill();
    const auto refused = post(q, {.text = "b", .dedup = "k"});
    EXPECT_EQ(outcome(refused), "storage_full");
    EXPECT_GT(refused.error().retry_after.count(), 0);
    EXPECT_EQ(outcome(h.run(h.queues().reply(leased.message.id, Bytes("r"), ""))), "storage_full");
    EXPECT_EQ(
        outcome(h.run(h.queues().append_output(leased.receipt, {Bytes("o")}))), "storage_full");
    EXPECT_EQ(outcome(h.run(h.queues().put_queue(QueueName("new"), {}))), "storage_full");
    EXPECT_EQ(stats(), before);
    EXPECT_EQ(outcome(h.run(h.queues().get_queue(QueueName("new")))), "queue_not_found");
    EXPECT_FALSE(must(h.run(h.queues().get_reply(leased.message.id))));
    EXPECT_EQ(probe->commits().size(), commits);
    probe->set_room(UINT64_MAX);
    wait_a_moment();
    EXPECT_FALSE(must(post(q, {.text = "b", .dedup = "k"})).front().duplicate);
    EXPECT_EQ(must(h.run(h.queues().append_output(leased.receipt, {Bytes("o")}))), 1);
    EXPECT_EQ(stats().posted_total, 2);
    EXPECT_EQ(probe->recoveries(), 1);
}

TEST_F(StoreRoom, what_makes_room_goes_on_and_so_do_queues_in_memory) {
    for (int i = 0; i < 4; ++i) must(post(q, {.text = std::to_string(i)}));
    fill();
    EXPECT_EQ(outcome(h.run(h.queues().ack(take().receipt))), "ok");
    const auto second = take();
    EXPECT_EQ(outcome(h.run(h.queues().extend(second.receipt, Duration(60'000)))), "ok");
    EXPECT_EQ(
        outcome(h.run(h.queues().nack({.receipt = second.receipt, .blame = Blame::fatal}))), "ok");
    EXPECT_EQ(must(h.run(h.queues().redrive({.queue = q}))), 1);
    EXPECT_EQ(outcome(h.run(h.queues().cancel(take().message.id))), "ok");
    EXPECT_EQ(outcome(h.run(h.queues().put_queue(q, {.max_size = 10}))), "ok");
    EXPECT_EQ(outcome(post(memory)), "ok");
    EXPECT_EQ(must(h.run(h.queues().purge(q))), 2);
    EXPECT_EQ(outcome(h.run(h.queues().delete_queue(q))), "ok");
    EXPECT_EQ(probe->recoveries(), 1);
}

TEST_F(StoreRoom, many_refused_posts_cost_one_question_and_no_reading_back) {
    std::vector<Letter> letters(1'000);
    for (int i = 0; i < 50; ++i) must(h.run(h.queues().post(q, messages_of(letters))));
    fill();
    const auto asked = probe->asked();
    for (int i = 0; i < 200; ++i) EXPECT_EQ(outcome(post(q)), "storage_full");
    EXPECT_EQ(probe->asked(), asked + 1);
    wait_a_moment();
    for (int i = 0; i < 200; ++i) EXPECT_EQ(outcome(post(q)), "storage_full");
    EXPECT_EQ(probe->asked(), asked + 2);
    EXPECT_EQ(probe->recoveries(), 1);
    EXPECT_EQ(stats().ready, 50'000);
    EXPECT_EQ(stats().posted_total, 50'000);
}

TEST_F(StoreRoom, room_is_shared_by_the_commands_of_a_batch) {
    probe->hold();
    auto blocker = h.start(h.queues().put_queue(q, {}));
    probe->wait_held();
    probe->set_room(5'000);
    std::vector<Pending<Result<std::vector<PostedMessage>>>> posts;
    for (int i = 0; i < 4; ++i) {
        posts.push_back(
            h.start(h.queues().post(q, messages_of({{.text = std::string(2'000, 'x')}}))));
    }
    probe->release();
    must(blocker.get());
    EXPECT_EQ(outcome(posts[0].get()), "ok");
    EXPECT_EQ(outcome(posts[1].get()), "ok");
    EXPECT_EQ(outcome(posts[2].get()), "storage_full");
    EXPECT_EQ(outcome(posts[3].get()), "storage_full");
    EXPECT_EQ(outcome(post(q, {.text = std::string(2'000, 'x')})), "ok");  // in the next batch
    EXPECT_EQ(stats().ready, 3);
}

TEST_F(StoreRoom, what_needs_more_than_is_at_hand_gets_it_when_the_store_can_make_it) {
    must(post(q, {.text = "first"}));
    const auto leased = take();
    probe->set_room(100'000, 10);
    const std::string large(20'000, 'x');
    auto messages = messages_of({{.text = large, .dedup = "k"}});
    messages.front().data.headers = {{"h", "v"}};
    const auto id = must(h.run(h.queues().post(q, std::move(messages)))).front().id;
    const auto view = must(h.run(h.queues().get(id)));
    EXPECT_EQ(view.data->content.view(), large);
    EXPECT_EQ(view.data->headers, (std::vector<Header>{{"h", "v"}}));
    EXPECT_EQ(view.data->dedup_key, "k");
    EXPECT_EQ(must(h.run(h.queues().append_output(leased.receipt, {Bytes(large)}))), 1);
    const auto page = must(h.run(h.queues().read_output({.message = leased.message.id})));
    EXPECT_EQ(page.events.at(0).data.view(), large);
    EXPECT_EQ(outcome(post(q, {.text = std::string(100'000, 'x')})), "storage_full");
}

TEST_F(StoreRoom, a_duplicate_needs_no_room) {
    const auto first = must(post(q, {.dedup = "k"})).front().id;
    fill();
    EXPECT_EQ(must(post(q, {.dedup = "k"})), (std::vector{PostedMessage{first, true}}));
}

TEST_F(StoreRoom, a_store_that_was_away_is_not_taken_for_a_full_one) {
    probe->fail_commits_that_grow(Errc::unavailable);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome(post(q)), "unavailable");
    probe->fail_commits_that_grow(std::nullopt);
    EXPECT_EQ(outcome(post(q)), "ok");
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(StoreRoom, a_batch_refused_all_the_same_leaves_the_totals) {
    for (int i = 0; i < 4; ++i) must(post(q, {.ttl = Duration(i == 3 ? 1 : 0)}));
    EXPECT_EQ(outcome(h.run(h.queues().ack(take().receipt))), "ok");
    const auto leased = take();
    h.advance(Duration(5));
    const auto before = stats();
    EXPECT_EQ(before.posted_total, 4);
    EXPECT_EQ(before.acked_total, 1);
    EXPECT_EQ(before.expired_total, 1);
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(post(q)), "storage_full");
    EXPECT_EQ(stats(), before);
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().ack(leased.receipt))), "storage_full");
    EXPECT_EQ(stats(), before);
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().delete_queue(q))), "storage_full");
    EXPECT_EQ(stats(), before);
    EXPECT_EQ(outcome(h.run(h.queues().ack(leased.receipt))), "ok");
    EXPECT_EQ(stats().acked_total, 2);
    EXPECT_EQ(probe->recoveries(), 4);
}

TEST_F(StoreRoom, a_store_that_promises_room_it_has_not_is_read_back_ever_more_seldom) {
    must(post(q));
    probe->fail_commits_that_grow(Errc::storage_full);
    int refused = 0;
    for (int i = 0; i < 1'000; ++i) {
        refused += outcome(post(q)) == "storage_full" ? 1 : 0;
        h.advance(Duration(10));
    }
    EXPECT_EQ(refused, 1'000);
    EXPECT_LE(probe->recoveries(), 10);  // in ten seconds
    EXPECT_EQ(outcome(h.run(h.queues().ack(take().receipt))), "ok");
    probe->fail_commits_that_grow(std::nullopt);
    h.advance(Duration(10'000));
    EXPECT_EQ(outcome(post(q)), "ok");
    EXPECT_EQ(outcome(post(q)), "ok");
}

}  // namespace
}  // namespace baton::test
