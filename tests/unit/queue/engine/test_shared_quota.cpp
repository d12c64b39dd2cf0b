// A tenant's quota that several engines share: what each is told of the others counts like its own.
#include <gtest/gtest.h>

#include "queue/engine/engine.h"
#include "queue/engine/engine_queues.h"
#include "queue/store/memory/memory_store.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"
#include "support/task_thread.h"

namespace baton::test {
namespace {

const TenantId acme("acme");

class SharedQuota : public ::testing::Test {
protected:
    SharedQuota() {
        must(engine.put_queue(q, {}, 1, now, acme));
        must(engine.set_quota(acme, 10));
    }
    std::string post(const std::string& text) {
        return outcome(engine.post(q, messages_of({{.text = text}}), now));
    }
    void finish_one() {
        const auto leased = must(engine.pop({.queue = q}, now)).at(0);
        must(engine.ack(leased.receipt, now));
    }

    const QueueName q{"q"};
    const TimePoint now{Duration(1'000'000)};
    queue::Engine engine{{}};
};

TEST_F(SharedQuota, what_is_kept_elsewhere_counts) {
    static_cast<void>(engine.share_quotas({{acme, 6}}));
    EXPECT_EQ(post("1234"), "ok");
    EXPECT_EQ(post("5"), "quota_exceeded");
    static_cast<void>(engine.share_quotas({{acme, 5}}));
    EXPECT_EQ(post("5"), "ok");
    EXPECT_EQ(post("6"), "quota_exceeded");
}

TEST_F(SharedQuota, each_telling_replaces_the_one_before) {
    static_cast<void>(engine.share_quotas({{acme, 10}}));
    EXPECT_EQ(post("1"), "quota_exceeded");
    static_cast<void>(engine.share_quotas({{TenantId("another"), 10}}));
    EXPECT_EQ(post("1234567890"), "ok");
}

TEST_F(SharedQuota, more_elsewhere_than_the_limit_leaves_nothing_here) {
    EXPECT_EQ(post("1234"), "ok");
    static_cast<void>(engine.share_quotas({{acme, 1ULL << 60}}));
    EXPECT_EQ(post(""), "quota_exceeded");
    EXPECT_EQ(engine.quota(acme), (StorageQuota{.used = 4, .limit = 10}))
        << "who adds up what all engines say must not count it twice";
}

TEST_F(SharedQuota, it_says_what_tenants_with_a_limit_keep_here) {
    EXPECT_EQ(engine.share_quotas({}), (QuotaUsage{.has_limits = true}));
    must(engine.put_queue(QueueName("free"), {}, 2, now, TenantId("free")));
    must(engine.post(QueueName("free"), messages_of({{.text = "free"}}), now));
    post("123");
    post("45");
    EXPECT_EQ(engine.share_quotas({}), (QuotaUsage{true, {{acme, 5}}}));
    finish_one();
    EXPECT_EQ(engine.share_quotas({}), (QuotaUsage{true, {{acme, 2}}}));
    must(engine.set_quota(acme, 0));
    EXPECT_EQ(engine.share_quotas({}), QuotaUsage{});
}

TEST_F(SharedQuota, of_more_tenants_than_can_be_told_those_that_keep_most_are) {
    const auto keep = [&](std::size_t number, const std::string& text) {
        const TenantId tenant("t" + std::to_string(number));
        const QueueName queue(tenant.text);
        must(engine.put_queue(queue, {}, 10 + number, now, tenant));
        must(engine.set_quota(tenant, 100));
        must(engine.post(queue, messages_of({{.text = text}}), now));
    };
    keep(0, "x");
    for (std::size_t i = 1; i < QuotaUsage::tenants_max; ++i) keep(i, "more");
    EXPECT_EQ(engine.share_quotas({}).tenants.size(), QuotaUsage::tenants_max);
    EXPECT_EQ(engine.share_quotas({}).left_out, 0U);
    keep(QuotaUsage::tenants_max, "more");
    const auto usage = engine.share_quotas({});
    EXPECT_EQ(usage.tenants.size(), QuotaUsage::tenants_max);
    EXPECT_EQ(usage.left_out, 1U);
    for (const auto& tenant : usage.tenants) EXPECT_NE(tenant.owner.text, "t0");
}

TEST_F(SharedQuota, nothing_of_it_is_stored) {
    static_cast<void>(engine.take_batch());
    static_cast<void>(engine.take_touched_stored());
    static_cast<void>(engine.share_quotas({{acme, 6}}));
    EXPECT_TRUE(engine.take_batch().records.empty());
    EXPECT_FALSE(engine.take_touched_stored()) << "and no commit is needed to answer it";
}

TEST(PartitionQueues, share_quotas_through_the_pipeline) {
    FakeClock clock;
    MetricRegistry metrics;
    TaskThread thread;
    const auto queues =
        must(queue::make_partition_queues(queue::make_memory_store(), {}, clock, metrics, Log{}));
    must(thread.run(queues->put_queue(QueueName("q"), {}, acme)));
    must(thread.run(queues->set_quota(acme, 10)));
    const auto post = [&] {
        return outcome(thread.run(queues->post(QueueName("q"), messages_of({{.text = "12345"}}))));
    };
    EXPECT_EQ(post(), "ok");
    EXPECT_EQ(must(thread.run(queues->share_quotas({{acme, 1}}))), (QuotaUsage{true, {{acme, 5}}}));
    EXPECT_EQ(post(), "quota_exceeded");
    queues->stop();
    thread.stop();
}

}  // namespace
}  // namespace baton::test
