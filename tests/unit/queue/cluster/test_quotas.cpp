// A tenant's quota over all partitions: who is told what, for how long it counts, and how soon.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "queue/cluster/quota_book.h"
#include "queue/cluster/quota_exchange.h"
#include "queue/engine/engine.h"
#include "support/queue_letters.h"

namespace baton::queue::cluster {
namespace {

using test::messages_of;
using test::must;
using test::outcome;

const TenantId acme("acme");
const TenantId beta("beta");

SteadyTime at(int ms) { return SteadyTime(Duration(ms)); }
bool yes(Partition) { return true; }
bool no(Partition) { return false; }
QuotaUsage limited(std::vector<TenantUsage> tenants) { return {true, std::move(tenants)}; }
using Usages = std::vector<TenantUsage>;

TEST(QuotaBook, what_all_other_partitions_keep_is_added_up) {
    QuotaBook book(3);
    book.heard(0, {{acme, 1}, {beta, 10}}, at(0));
    book.heard(1, {{acme, 2}}, at(0));
    EXPECT_TRUE(book.counted(2, limited({{acme, 4}}), at(0)));
    EXPECT_EQ(book.elsewhere(0), (Usages{{acme, 6}}));
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 5}, {beta, 10}}));
    EXPECT_EQ(book.elsewhere(2), (Usages{{acme, 3}, {beta, 10}}));
}

TEST(QuotaBook, a_partition_that_moves_counts_once) {
    QuotaBook book(2);
    book.heard(0, {{acme, 5}}, at(0));  // of one leader
    book.heard(0, {{acme, 5}}, at(9));  // of the next
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 5}}));
    EXPECT_TRUE(book.counted(0, limited({{acme, 6}}), at(20)));  // and now it is led here
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 6}}));
    EXPECT_EQ(book.elsewhere(0), Usages{}) << "it does not count against itself";
}

TEST(QuotaBook, who_keeps_nothing_any_more_no_longer_counts) {
    QuotaBook book(2);
    book.heard(0, {{acme, 5}, {beta, 1}}, at(0));
    book.heard(0, {{beta, 1}}, at(1));
    EXPECT_EQ(book.elsewhere(1), (Usages{{beta, 1}}));
    book.heard(0, {}, at(2));
    EXPECT_EQ(book.elsewhere(1), Usages{});
}

TEST(QuotaBook, silence_ends_what_counts_only_while_somebody_serves_the_partition) {
    const QuotaTiming timing;
    QuotaBook book(2, timing);
    book.heard(0, {{acme, 5}}, at(0));
    const auto end = at(0) + timing.silence_max;
    EXPECT_TRUE(book.is_due(end - Duration(1), yes));
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 5}}));
    EXPECT_TRUE(book.is_due(end + Duration(1'000), no));
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 5}})) << "nobody leads it, its messages are there";
    EXPECT_TRUE(book.is_due(end + Duration(2'000), yes));
    EXPECT_EQ(book.elsewhere(1), Usages{});
}

TEST(QuotaBook, changes_are_told_at_once_and_the_rest_now_and_then) {
    const QuotaTiming timing;
    QuotaBook book(1, timing);
    EXPECT_FALSE(book.counted(0, {}, at(0))) << "nobody has a limit: nothing is told";
    EXPECT_TRUE(book.counted(0, limited({}), at(0)));
    EXPECT_TRUE(book.counted(0, limited({{acme, 1}}), at(1)));
    EXPECT_FALSE(book.counted(0, limited({{acme, 1}}), at(2)));
    EXPECT_TRUE(book.counted(0, limited({{acme, 1}}), at(1) + timing.tell_interval));
    EXPECT_TRUE(book.counted(0, limited({}), at(2) + timing.tell_interval));
}

TEST(QuotaBook, engines_are_asked_at_the_interval) {
    const QuotaTiming timing;
    QuotaBook book(1, timing);
    EXPECT_TRUE(book.is_due(at(0), yes));
    EXPECT_FALSE(book.is_due(at(0) + timing.ask_interval - Duration(1), yes));
    EXPECT_TRUE(book.is_due(at(0) + timing.ask_interval, yes));
}

TEST(QuotaBook, what_is_told_has_bounds) {
    QuotaBook book(2);
    book.heard(2, {{acme, 1}}, at(0));  // the cluster has no such partition
    EXPECT_EQ(book.elsewhere(1), Usages{});
    Usages many;
    for (std::size_t i = 0; i <= QuotaUsage::tenants_max; ++i) {
        many.push_back({TenantId("t" + std::to_string(i)), UINT64_MAX});
    }
    book.heard(0, many, at(0));
    const auto usage = book.elsewhere(1);
    EXPECT_EQ(usage.size(), QuotaUsage::tenants_max);
    EXPECT_EQ(usage.front().used, TenantUsage::used_max) << "sums of these don't overflow";
    book.heard(0, {{acme, 1}, {acme, 2}}, at(0));
    EXPECT_EQ(book.elsewhere(1), (Usages{{acme, 1}}));
}

/// Daemons with real engines; what they tell takes a while.
class SharedQuotas : public ::testing::Test {
protected:
    static constexpr std::uint32_t partitions = 3;
    static constexpr Duration step{50};
    static constexpr Duration transit{20};

    struct Daemon {
        std::unique_ptr<QuotaExchange> exchange;
        std::vector<Partition> led;
        bool is_heard = true;
    };

    SharedQuotas() {
        for (Partition i = 0; i < partitions; ++i) start_engine(i);
        for (Partition i = 0; i < partitions; ++i) daemons_.push_back(make_daemon(i));
    }

    void start_engine(Partition partition) {
        auto& engine = engines_[partition];
        engine = std::make_unique<Engine>(EngineConfig{});
        must(engine->put_queue(queue_, {}, partition + 1, wall(), acme));
        must(engine->set_quota(acme, limit_));
    }
    /// It leads the partition of its number.
    Daemon make_daemon(Partition number) {
        QuotaExchange::Ports ports{.now = [this] { return now_; },
            .is_served = yes,
            .ask =
                [this](Partition partition, const Usages& elsewhere,
                    const QuotaExchange::Answer& answer) {
                    answer(engines_[partition]->share_quotas(elsewhere));
                },
            .tell =
                [this, number](const Bytes& event) {
                    if (daemons_[number].is_heard) bus_.emplace_back(now_ + transit, event);
                }};
        return {std::make_unique<QuotaExchange>(partitions, std::move(ports), metrics_), {number}};
    }
    void run(Duration time) {
        for (const auto end = now_ + time; now_ < end; now_ += step) {
            for (auto event = bus_.begin(); event != bus_.end();) {
                if (event->first > now_) {
                    ++event;
                    continue;
                }
                for (auto& daemon : daemons_) daemon.exchange->heard(event->second.view());
                event = bus_.erase(event);
            }
            for (auto& daemon : daemons_) daemon.exchange->step(daemon.led);
        }
    }
    std::string post(Partition partition, std::size_t bytes) {
        return outcome(engines_[partition]->post(
            queue_, messages_of({{.text = std::string(bytes, 'x')}}), wall()));
    }
    void finish_one(Partition partition) {
        auto& engine = *engines_[partition];
        const auto leased = must(engine.pop({.queue = queue_}, wall())).at(0);
        must(engine.ack(leased.receipt, wall()));
    }
    [[nodiscard]] TimePoint wall() const { return TimePoint(now_.time_since_epoch()); }

    MetricRegistry metrics_;
    const QueueName queue_{"q"};
    const std::uint64_t limit_ = 100;
    SteadyTime now_{Duration(1'000'000)};
    std::map<Partition, std::unique_ptr<Engine>> engines_;
    std::vector<Daemon> daemons_;
    std::vector<std::pair<SteadyTime, Bytes>> bus_;
};

TEST_F(SharedQuotas, a_quota_holds_within_a_second_for_all_partitions) {
    EXPECT_EQ(post(0, 60), "ok");
    EXPECT_EQ(post(1, 60), "ok") << "so much more may come in: nobody has told it yet";
    run(Duration(1'000));
    for (Partition i = 0; i < partitions; ++i) EXPECT_EQ(post(i, 1), "quota_exceeded") << i;
    finish_one(0);
    EXPECT_EQ(post(0, 40), "ok") << "what was freed here is known here at once";
    finish_one(1);
    run(Duration(1'000));
    for (Partition i = 0; i < partitions; ++i) EXPECT_EQ(post(i, 20), "ok") << i;
    run(Duration(1'000));
    EXPECT_EQ(post(2, 1), "quota_exceeded");
}

TEST_F(SharedQuotas, who_comes_later_knows_it_within_a_second) {
    EXPECT_EQ(post(0, 100), "ok");
    run(Duration(1'000));
    daemons_[2] = make_daemon(2);
    start_engine(2);  // it has forgotten what it was told
    run(Duration(1'000));
    EXPECT_EQ(post(2, 1), "quota_exceeded");
}

TEST_F(SharedQuotas, a_daemon_that_was_not_heard_for_a_while_catches_up) {
    daemons_[0].is_heard = false;
    EXPECT_EQ(post(0, 100), "ok");
    run(Duration(5'000));
    EXPECT_EQ(post(1, 1), "ok");
    daemons_[0].is_heard = true;
    run(Duration(1'000));
    EXPECT_EQ(post(1, 1), "quota_exceeded");
}

TEST_F(SharedQuotas, a_partition_that_moved_counts_once) {
    EXPECT_EQ(post(0, 50), "ok");
    run(Duration(1'000));
    daemons_[0].led = {};
    daemons_[1].led = {0, 1};
    run(Duration(20'000));
    EXPECT_EQ(post(2, 50), "ok");
    run(Duration(1'000));
    EXPECT_EQ(post(0, 1), "quota_exceeded");
}

TEST_F(SharedQuotas, events_of_other_kinds_and_damaged_ones_are_passed_over) {
    daemons_[1].exchange->heard("");
    daemons_[1].exchange->heard("\x01\x01nonsense");
    run(Duration(1'000));
    EXPECT_EQ(post(1, 100), "ok");
}

}  // namespace
}  // namespace baton::queue::cluster
