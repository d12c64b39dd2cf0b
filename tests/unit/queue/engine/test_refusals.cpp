// Every limit of the engine has a number that goes up when it is hit.
#include <gtest/gtest.h>

#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

class Refusals : public ::testing::Test {
protected:
    explicit Refusals(queue::PipelineConfig config = {})
        : h({}, {.pipeline = config, .wrap_store = [this](auto store) {
                     return std::make_unique<ProbeStore>(std::move(store), probe);
                 }}) {}

    void make(QueueConfig config) { must(h.run(h.queues().put_queue(q, std::move(config)))); }
    Result<std::vector<PostedMessage>> post(const Letter& letter = {}) {
        return h.run(h.queues().post(q, messages_of({letter})));
    }
    /// The metric's value; -1: there is no such code.
    int refused(std::string_view code) {
        const std::string line = "\nbaton_queue_refused_total{code=\"" + std::string(code) + "\"} ";
        const std::string text = h.metrics().render();
        const auto at = text.find(line);
        return at == std::string::npos ? -1 : std::stoi(text.substr(at + line.size()));
    }
    /// Expects `result` to fail with `code` and to have been counted once.
    template <class T>
    void expect_counted(const Result<T>& result, const char* code) {
        EXPECT_EQ(outcome(result), code);
        EXPECT_EQ(refused(code), 1) << code;
    }

    const QueueName q{"q"};
    std::shared_ptr<StoreProbe> probe = std::make_shared<StoreProbe>();
    QueueHarness h;
};

class SmallRefusals : public Refusals {
protected:
    SmallRefusals() : Refusals({.commands_max = 2, .waits_max = 1}) {}
};

TEST_F(Refusals, each_limit_of_a_queue_is_counted_under_its_code) {
    make({.max_size = 2, .max_message_size = 10, .rates = {.post_per_second = 3}});
    for (const auto* code : {"queue_full", "message_too_large", "payload_too_large", "rate_limited",
             "quota_exceeded", "storage_full", "overloaded"}) {
        EXPECT_EQ(refused(code), 0) << code;
    }
    expect_counted(post({.text = "12345678901"}), "message_too_large");
    must(post());
    must(post());
    expect_counted(post(), "queue_full");
    const auto leased = must(h.run(h.queues().pop({.queue = q}))).at(0);
    must(h.run(h.queues().ack(leased.receipt)));
    must(post());
    expect_counted(post(), "rate_limited");
    h.advance(Duration(1'000));
    must(h.run(h.queues().set_quota(TenantId(std::string(default_tenant)), 2)));
    must(h.run(h.queues().purge(q)));
    expect_counted(post({.text = "123"}), "quota_exceeded");
    probe->set_room(0);
    expect_counted(post(), "storage_full");
    EXPECT_EQ(refused("overloaded"), 0);
}

TEST_F(Refusals, the_limits_of_an_output_and_of_paused_keys_are_counted) {
    make({});
    must(post());
    const auto leased = must(h.run(h.queues().pop({.queue = q}))).at(0);
    const auto append = [&](std::size_t events) {
        return h.run(h.queues().append_output(leased.receipt, std::vector<Bytes>(events)));
    };
    for (std::size_t i = 0; i < MessageLimits::output_events_max / 1'000; ++i) must(append(1'000));
    expect_counted(append(1), "payload_too_large");
    const auto pause = [&](int i) {
        return h.run(h.queues().pause_key(q, KeyKind::ordering, std::to_string(i), true));
    };
    for (int i = 0; i < 10'000; ++i) must(pause(i));
    must(pause(5));  // it is already
    expect_counted(pause(10'000), "queue_full");
}

TEST_F(Refusals, what_is_no_limit_is_not_counted) {
    make({});
    EXPECT_EQ(outcome(h.run(h.queues().post(QueueName("missing"), messages_of({{}})))),
        "queue_not_found");
    must(post());
    EXPECT_EQ(h.metrics().render().find("code=\"queue_not_found\""), std::string::npos);
    EXPECT_EQ(refused("queue_full"), 0);
}

TEST_F(Refusals, a_refused_batch_counts_each_call_in_it) {
    make({});
    probe->hold();
    auto blocker = h.start(h.queues().put_queue(q, {}));
    probe->wait_held();
    auto first = h.start(h.queues().post(q, messages_of({{}})));
    auto second = h.start(h.queues().post(q, messages_of({{}})));
    probe->fail_commit(2, Errc::storage_full);
    probe->release();
    must(blocker.get());
    EXPECT_EQ(outcome(first.get()), "storage_full");
    EXPECT_EQ(outcome(second.get()), "storage_full");
    EXPECT_EQ(refused("storage_full"), 2);
}

TEST_F(SmallRefusals, one_command_and_one_wait_too_many_are_counted) {
    make({});
    probe->hold();
    auto blocker = h.start(h.queues().put_queue(q, {}));
    probe->wait_held();
    std::vector<Pending<Result<std::vector<PostedMessage>>>> posts;
    for (int i = 0; i < 3; ++i) posts.push_back(h.start(h.queues().post(q, messages_of({{}}))));
    EXPECT_EQ(outcome(posts.back().get()), "overloaded");
    EXPECT_EQ(refused("overloaded"), 1);
    probe->release();
    must(blocker.get());
    must(posts[0].get());
    must(posts[1].get());
    must(h.run(h.queues().purge(q)));
    const queue::PopRequest request{.queue = q, .wait = Deadline::never()};
    auto parked = h.start(h.queues().pop(request));
    must(h.run(h.queues().stats(q)));
    EXPECT_EQ(outcome(h.run(h.queues().pop(request))), "overloaded");
    EXPECT_EQ(refused("overloaded"), 2);
    must(post());
    must(parked.get());
}

}  // namespace
}  // namespace baton::test
