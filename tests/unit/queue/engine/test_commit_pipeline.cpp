// The commit pipeline: what it groups, when it answers, what it refuses, how it ends.
#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

using Posting = Pending<Result<std::vector<PostedMessage>>>;

class Pipeline : public ::testing::Test {
protected:
    explicit Pipeline(queue::PipelineConfig config = {})
        : h({}, {.pipeline = config, .wrap_store = [this](auto store) {
                     return std::make_unique<ProbeStore>(std::move(store), probe);
                 }}) {
        must(h.run(h.queues().put_queue(q, {})));
    }

    Posting start_post(const Letter& letter = {}) {
        return h.start(h.queues().post(q, messages_of({letter})));
    }
    Pending<Result<std::vector<LeasedMessage>>> start_pop(Deadline wait = Deadline::never()) {
        return h.start(h.queues().pop({.queue = q, .wait = wait}));
    }

    const QueueName q{"q"};
    std::shared_ptr<StoreProbe> probe = std::make_shared<StoreProbe>();
    QueueHarness h;
};

class SmallPipeline : public Pipeline {
protected:
    SmallPipeline() : Pipeline({.commands_max = 3, .waits_max = 2}) {}
};

TEST_F(Pipeline, commands_that_come_during_a_commit_form_the_next_batch) {
    probe->hold();
    std::vector<Posting> posts;
    posts.push_back(start_post());
    probe->wait_held();
    const auto before = probe->commits().size();
    for (int i = 0; i < 50; ++i) posts.push_back(start_post());
    probe->release();
    for (auto& post : posts) EXPECT_EQ(outcome(post.get()), "ok");
    EXPECT_EQ(probe->commits().size(), before + 1);
    EXPECT_EQ(probe->commits().back(), 50);
}

TEST_F(Pipeline, answers_come_only_after_the_commit) {
    probe->hold();
    auto post = start_post();
    probe->wait_held();
    auto stats = h.start(h.queues().stats(q));
    EXPECT_FALSE(post.ended());
    EXPECT_FALSE(stats.ended());
    probe->release();
    EXPECT_EQ(outcome(post.get()), "ok");
    EXPECT_EQ(must(stats.get()).ready, 1);
}

TEST_F(Pipeline, a_parked_pop_gets_its_message_after_post_and_lease_are_committed_together) {
    auto pop = start_pop();
    must(h.run(h.queues().stats(q)));
    const auto before = probe->commits().size();
    probe->hold();
    auto post = start_post();
    probe->wait_held();
    EXPECT_FALSE(pop.ended());
    probe->release();
    EXPECT_EQ(must(pop.get()).size(), 1);
    EXPECT_EQ(outcome(post.get()), "ok");
    EXPECT_EQ(probe->commits().size(), before + 1);
    EXPECT_EQ(probe->commits().back(), 2);
}

TEST_F(Pipeline, what_changes_nothing_is_not_committed) {
    const auto before = probe->commits().size();
    must(h.run(h.queues().stats(q)));
    EXPECT_TRUE(must(h.run(h.queues().pop({.queue = q}))).empty());
    EXPECT_EQ(probe->commits().size(), before);
}

TEST_F(Pipeline, a_large_batch_is_committed_in_parts) {
    probe->hold();
    auto first = start_post();
    probe->wait_held();
    std::vector<Posting> posts;
    for (int i = 0; i < 3; ++i) {
        posts.push_back(h.start(h.queues().post(q, messages_of(std::vector<Letter>(3'000)))));
    }
    probe->release();
    for (auto& post : posts) EXPECT_EQ(outcome(post.get()), "ok");
    const auto commits = probe->commits();
    ASSERT_GE(commits.size(), 2);
    EXPECT_EQ(commits[commits.size() - 2], 6'000);  // a post is never split
    EXPECT_EQ(commits.back(), 3'000);
    EXPECT_EQ(outcome(first.get()), "ok");
}

TEST_F(Pipeline, stop_finishes_what_was_taken) {
    probe->hold();
    std::vector<Posting> posts;
    for (int i = 0; i < 20; ++i) posts.push_back(start_post());
    probe->wait_held();
    std::thread stopping([this] { h.queues().stop(); });
    probe->release();
    stopping.join();
    for (auto& post : posts) EXPECT_EQ(outcome(post.get()), "ok");
    EXPECT_EQ(outcome(start_post().get()), "shutting_down");
    h.reopen();
    EXPECT_EQ(must(h.run(h.queues().stats(q))).ready, 20);
}

/// Keeps the messages of errors.
class ErrorSink final : public LogSink {
public:
    bool enabled(LogLevel) const noexcept override { return true; }
    void write(LogLevel level, std::string_view, std::string_view message,
        std::span<const LogField>) noexcept override {
        if (level == LogLevel::error) errors.emplace_back(message);
    }
    std::vector<std::string> errors;
};

TEST(PipelineEnd, a_stop_closes_the_store_once_and_logs_what_that_fails_with) {
    for (const bool fails : {false, true}) {
        const auto probe = std::make_shared<StoreProbe>();
        const auto sink = std::make_shared<ErrorSink>();
        FakeClock clock;
        MetricRegistry metrics;
        auto store = std::make_unique<ProbeStore>(queue::make_memory_store(), probe);
        auto queues = must(
            queue::make_engine_queues(std::move(store), {}, clock, metrics, Log(sink, "queue")));
        if (fails) probe->fail_close(Errc::storage_io);
        EXPECT_EQ(probe->closings(), 0);
        queues->stop();
        queues.reset();
        EXPECT_EQ(probe->closings(), 1);
        EXPECT_EQ(sink->errors.size(), fails ? 1 : 0);
    }
}

TEST_F(SmallPipeline, one_command_too_many_is_refused_and_leaves_the_others) {
    probe->hold();
    auto first = start_post();
    probe->wait_held();
    std::vector<Posting> posts;
    for (int i = 0; i < 3; ++i) posts.push_back(start_post());
    const auto refused = start_post().get();
    EXPECT_EQ(outcome(refused), "overloaded");
    EXPECT_GT(refused.error().retry_after.count(), 0);
    probe->release();
    for (auto& post : posts) EXPECT_EQ(outcome(post.get()), "ok");
    EXPECT_EQ(must(h.run(h.queues().stats(q))).ready, 4);
}

TEST_F(SmallPipeline, one_wait_too_many_is_refused) {
    auto first = start_pop();
    must(h.run(h.queues().stats(q)));
    auto second = start_pop();
    must(h.run(h.queues().stats(q)));
    EXPECT_EQ(outcome(start_pop().get()), "overloaded");
    EXPECT_TRUE(must(start_pop(Deadline::after(Duration(0))).get()).empty());  // it does not wait
    second.cancel();
    EXPECT_EQ(outcome(second.get()), "cancelled");
    auto third = start_pop();
    start_post({.text = "a"});
    start_post({.text = "b"});
    EXPECT_EQ(must(first.get()).at(0).message.data->content.view(), "a");
    EXPECT_EQ(must(third.get()).at(0).message.data->content.view(), "b");
}

TEST_F(Pipeline, ten_thousand_waiting_pops_are_served_in_the_order_they_came) {
    constexpr int count = 10'000;
    std::vector<Pending<Result<std::vector<LeasedMessage>>>> pops;
    for (int i = 0; i < count; ++i) pops.push_back(start_pop());
    std::vector<Letter> letters;
    for (int i = 0; i < count; ++i) letters.push_back({.text = std::to_string(i)});
    must(h.run(h.queues().post(q, messages_of(letters))));
    for (int i = 0; i < count; ++i) {
        const auto popped = must(pops[static_cast<std::size_t>(i)].get());
        ASSERT_EQ(popped.at(0).message.data->content.view(), std::to_string(i));
    }
}

TEST_F(Pipeline, a_pop_waits_on_when_its_queue_is_made_anew_in_one_batch) {
    auto pop = start_pop();
    must(h.run(h.queues().stats(q)));
    probe->hold();
    auto blocker = start_post({.delay = Duration(1)});
    probe->wait_held();
    auto deleting = h.start(h.queues().delete_queue(q));
    auto making = h.start(h.queues().put_queue(q, {}));
    probe->release();
    EXPECT_EQ(outcome(blocker.get()), "ok");
    EXPECT_EQ(outcome(deleting.get()), "ok");
    EXPECT_TRUE(must(making.get()));
    must(start_post({.text = "new"}).get());
    EXPECT_EQ(must(pop.get()).at(0).message.data->content.view(), "new");
}

TEST_F(Pipeline, time_that_goes_back_brings_nothing_back) {
    must(start_post({.delay = Duration(1'000)}).get());
    h.advance(Duration(1'000));
    h.clock().step(-std::chrono::hours(1));
    const auto leased = must(start_pop().get()).at(0);
    EXPECT_EQ(leased.message.lease_expires_at, FakeClock::start + Duration(31'000));
    EXPECT_EQ(outcome(h.run(h.queues().ack(leased.receipt))), "ok");
}

TEST_F(Pipeline, a_relaxed_post_forces_nothing_by_itself) {
    const auto post_as = [&](Durability durability, const Letter& letter) {
        return must(h.run(h.queues().post(q, messages_of({letter}), {.durability = durability})));
    };
    post_as(Durability::relaxed, {.text = "a", .dedup = "k"});
    EXPECT_EQ(probe->durabilities().back(), Durability::relaxed);
    // Nothing new to store, but the first one is promised to be on disk now.
    const auto commits = probe->commits().size();
    EXPECT_TRUE(post_as(Durability::fsync, {.text = "a", .dedup = "k"}).messages[0].duplicate);
    EXPECT_EQ(probe->commits().size(), commits + 1);
    EXPECT_EQ(probe->durabilities().back(), Durability::fsync);
    EXPECT_TRUE(post_as(Durability::fsync, {.text = "a", .dedup = "k"}).messages[0].duplicate);
    EXPECT_EQ(probe->commits().size(), commits + 1);
}

TEST_F(Pipeline, a_batch_is_forced_when_one_of_it_asks_for_it_wherever_it_stands) {
    using enum Durability;
    for (const auto& order : {std::vector{relaxed, fsync}, {fsync, relaxed}, {relaxed, relaxed}}) {
        probe->hold();
        auto first = start_post();
        probe->wait_held();
        auto one = h.start(h.queues().post(q, messages_of({{}}), {.durability = order[0]}));
        auto other = h.start(h.queues().post(q, messages_of({{}}), {.durability = order[1]}));
        probe->release();
        EXPECT_EQ(outcome(first.get()), "ok");
        EXPECT_EQ(outcome(one.get()), "ok");
        EXPECT_EQ(outcome(other.get()), "ok");
        EXPECT_EQ(probe->commits().back(), 2);
        const bool forced = order[0] == fsync || order[1] == fsync;
        EXPECT_EQ(probe->durabilities().back(), forced ? fsync : relaxed);
    }
}

TEST_F(Pipeline, an_ack_and_pop_that_waits_fails_when_its_acks_are_not_stored) {
    must(start_post({.text = "a"}).get());
    const auto leased = must(start_pop().get()).at(0);
    probe->hold();
    auto blocker = start_post({.delay = Duration(1'000)});
    probe->wait_held();
    auto waiting =
        h.start(h.queues().ack_and_pop({leased.receipt}, {.queue = q, .wait = Deadline::never()}));
    probe->fail_commit(2, Errc::storage_full);
    probe->release();
    must(blocker.get());
    EXPECT_EQ(outcome(waiting.get()), "storage_full");
    EXPECT_EQ(outcome(h.run(h.queues().ack(leased.receipt))), "ok");
}

TEST_F(Pipeline, a_cancel_is_told_after_the_commit_and_not_when_it_fails) {
    must(start_post({.text = "a"}).get());
    const auto leased = must(start_pop().get()).at(0);
    std::atomic<int> told = 0;
    const auto watch = h.queues().watch_cancels([&](const MessageId&) { ++told; });
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().cancel(leased.message.id))), "storage_full");
    EXPECT_EQ(told, 0);
    probe->hold();
    auto cancel = h.start(h.queues().cancel(leased.message.id));
    probe->wait_held();
    EXPECT_EQ(told, 0);
    probe->release();
    EXPECT_EQ(outcome(cancel.get()), "ok");
    must(h.run(h.queues().list_queues()));
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace baton::test
