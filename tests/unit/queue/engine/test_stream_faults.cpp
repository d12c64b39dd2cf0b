// A store that refuses a batch: those who wait for output or for a log wait on, and hear what comes
// next.
#include <gtest/gtest.h>

#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

class StreamFaults : public ::testing::Test {
protected:
    static HarnessOptions with(const std::shared_ptr<StoreProbe>& probe) {
        return {.wrap_store = [probe](auto store) {
            return std::make_unique<ProbeStore>(std::move(store), probe);
        }};
    }
    LeasedMessage lease() {
        must(h.run(h.queues().put_queue(q, {})));
        must(h.run(h.queues().post(q, messages_of({{}}))));
        return must(h.run(h.queues().pop({.queue = q}))).at(0);
    }
    Result<std::uint64_t> append(const Receipt& receipt, const std::string& text) {
        return h.run(h.queues().append_output(receipt, {Bytes(text)}));
    }

    const QueueName q{"q"};
    const SubscriptionName s{"s"};
    std::shared_ptr<StoreProbe> probe = std::make_shared<StoreProbe>();
    QueueHarness h{{.cold = true}, with(probe)};
};

TEST_F(StreamFaults, a_reader_waits_on_when_an_append_is_refused) {
    const auto leased = lease();
    auto reading = h.start(h.queues().read_output(
        {.message = leased.message.id, .from = 1, .wait = Deadline::never()}));
    must(h.run(h.queues().stats(q)));
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(append(leased.receipt, "refused")), "storage_full");
    EXPECT_EQ(must(append(leased.receipt, "first")), 1);
    EXPECT_FALSE(reading.ended());
    EXPECT_EQ(must(append(leased.receipt, "kept")), 2);
    const auto page = must(reading.get());
    ASSERT_EQ(page.events.size(), 1);
    EXPECT_EQ(page.events[0].data.view(), "kept");
}

TEST_F(StreamFaults, a_fetch_waits_on_when_a_post_is_refused) {
    must(h.run(h.queues().put_queue(q, {.mode = QueueMode::log})));
    must(h.run(h.queues().subscribe(q, s, {})));
    auto fetching = h.start(
        h.queues().fetch({.queue = q, .subscription = s, .after = 1, .wait = Deadline::never()}));
    must(h.run(h.queues().stats(q)));
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().post(q, messages_of({{.text = "a"}})))), "storage_full");
    must(h.run(h.queues().post(q, messages_of({{.text = "first"}}))));
    EXPECT_FALSE(fetching.ended());
    must(h.run(h.queues().post(q, messages_of({{.text = "b"}}))));
    const auto views = must(fetching.get());
    ASSERT_EQ(views.size(), 1);
    EXPECT_EQ(views[0].data->content.view(), "b");
    EXPECT_EQ(views[0].id.seq, 2);
}

TEST_F(StreamFaults, a_refused_cursor_stays_where_it_was) {
    must(h.run(h.queues().put_queue(q, {.mode = QueueMode::log})));
    must(h.run(h.queues().post(q, messages_of({{}, {}}))));
    must(h.run(h.queues().subscribe(q, s, {})));
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().commit(q, s, 1))), "storage_full");
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().truncate_before(q, 2))), "storage_full");
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().unsubscribe(q, s))), "storage_full");
    const std::vector<Subscription> expected{{s, 0, 2}};
    EXPECT_EQ(must(h.run(h.queues().subscriptions(q))), expected);
    EXPECT_EQ(must(h.run(h.queues().fetch({.queue = q, .subscription = s}))).size(), 2);
}

TEST_F(StreamFaults, a_mode_whose_change_was_refused_never_changed) {
    const QueueName memory("memory");
    must(h.run(h.queues().put_queue(memory, {.durability = Durability::memory})));
    probe->fail_commit(1, Errc::storage_full);
    auto changing = h.start(
        h.queues().put_queue(memory, {.mode = QueueMode::log, .durability = Durability::memory}));
    EXPECT_EQ(outcome(changing.get()), "storage_full");
    must(h.run(h.queues().post(memory, messages_of({{.text = "m"}}))));
    const auto popped = must(h.run(h.queues().pop({.queue = memory})));
    ASSERT_EQ(popped.size(), 1);
    EXPECT_EQ(popped[0].message.data->content.view(), "m");
}

TEST_F(StreamFaults, a_refused_retention_takes_nothing_out_of_a_log_in_memory) {
    QueueConfig config{.mode = QueueMode::log, .durability = Durability::memory};
    must(h.run(h.queues().put_queue(q, config)));
    must(h.run(h.queues().post(q, messages_of({{}, {}}))));
    const auto try_retention = [&](int seconds) {
        config.retention_period = std::chrono::seconds(seconds);
        return outcome(h.run(h.queues().put_queue(q, config)));
    };
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(try_retention(1), "storage_full");
    h.advance(Duration(5'000));
    EXPECT_EQ(must(h.run(h.queues().stats(q))).ready, 2);
    EXPECT_EQ(try_retention(10), "ok");
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(try_retention(0), "storage_full");
    must(h.run(h.queues().post(q, messages_of({{}}))));
    h.advance(Duration(6'000));
    EXPECT_EQ(must(h.run(h.queues().stats(q))).ready, 1);
}

TEST_F(StreamFaults, events_that_cannot_be_read_are_an_error_and_not_the_end) {
    const auto leased = lease();
    must(append(leased.receipt, "a"));
    probe->fail_reads(true);
    EXPECT_EQ(outcome(h.run(h.queues().read_output({.message = leased.message.id}))), "storage_io");
    probe->fail_reads(false);
    EXPECT_EQ(must(h.run(h.queues().read_output({.message = leased.message.id}))).next, 1);
}

}  // namespace
}  // namespace baton::test
