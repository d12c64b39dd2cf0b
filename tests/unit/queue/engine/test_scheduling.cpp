// The order of ready messages: shares of keys and levels, whatever messages cost.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "queue/engine/engine.h"
#include "queue/engine/ready_messages.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"

namespace baton::queue {
namespace {

/// Everything stands, by its number: key and cost are told of each.
struct Look {
    std::map<std::uint64_t, std::uint32_t> costs{};
    std::map<std::uint32_t, std::uint32_t> weights{};
    std::array<bool, level_count> shut{};
    std::set<std::uint64_t> gone{};
    std::set<std::uint64_t> unwanted{};

    [[nodiscard]] bool holds(std::uint64_t seq, Level) const { return !gone.contains(seq); }
    [[nodiscard]] std::uint32_t weight(std::uint32_t key) const {
        const auto found = weights.find(key);
        return found == weights.end() ? 1 : found->second;
    }
    [[nodiscard]] std::uint32_t cost(std::uint64_t seq) const {
        const auto found = costs.find(seq);
        return found == costs.end() ? 1 : found->second;
    }
    [[nodiscard]] bool open(Level level) const { return !shut[static_cast<std::size_t>(level)]; }
    [[nodiscard]] bool fits(std::uint64_t seq) const { return !unwanted.contains(seq); }
};

/// The share of each key of what `given` sums up to.
std::map<std::uint32_t, double> shares_of(const std::map<std::uint32_t, double>& given) {
    double sum = 0;
    for (const auto& [key, amount] : given) sum += amount;
    std::map<std::uint32_t, double> shares;
    for (const auto& [key, amount] : given) shares[key] = amount / sum;
    return shares;
}

RC_GTEST_PROP(Scheduling, keys_share_tokens_by_weight_within_one_percent, ()) {
    // Estimates are wrong, by another factor for each key; what runs costs is told a while later.
    const auto keys = *rc::gen::inRange<std::uint32_t>(2, 6);
    const bool fair = *rc::gen::arbitrary<bool>();
    const auto in_flight = *rc::gen::inRange<std::size_t>(1, 20);
    std::map<std::uint32_t, double> factor;
    Look look;
    std::uint32_t weights = 0;
    for (std::uint32_t key = 1; key <= keys; ++key) {
        look.weights[key] = *rc::gen::inRange<std::uint32_t>(1, 8);
        weights += look.weights[key];
        factor[key] = *rc::gen::element(0.2, 0.5, 1.0, 2.0, 4.0);
    }
    ReadyMessages ready;
    ready.begin_anew({.strategy = fair ? Strategy::fair : Strategy::strict});
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::uint32_t> key_of;
    const auto post = [&](std::uint32_t key) {
        look.costs[next] = 100 + static_cast<std::uint32_t>(next * 7'919 % 1'900);
        key_of[next] = key;
        ready.set_cost(next, look.costs[next]);
        ready.push(key, next++, Level::normal, TimePoint::max());
    };
    for (std::uint32_t key = 1; key <= keys; ++key) {
        for (int i = 0; i < 5; ++i) post(key);
    }
    std::map<std::uint32_t, double> given;
    std::deque<std::uint64_t> running;
    for (int i = 0; i < 30'000; ++i) {
        const auto seq = ready.pop(look);
        RC_ASSERT(seq.has_value());
        running.push_back(*seq);
        post(key_of[*seq]);
        if (running.size() < in_flight) continue;
        const std::uint64_t done = running.front();
        running.pop_front();
        const std::uint32_t key = key_of[done];
        const auto real = static_cast<std::int64_t>(look.costs[done] * factor[key]);
        ready.charge(key, done, Level::normal, static_cast<std::uint32_t>(real));
        ready.forget_cost(done);
        given[key] += static_cast<double>(real);
        look.costs.erase(done);
        key_of.erase(done);
    }
    for (const auto& [key, share] : shares_of(given)) {
        const double wanted = static_cast<double>(look.weights[key]) / weights;
        RC_ASSERT(std::abs(share - wanted) < 0.01);
    }
}

RC_GTEST_PROP(Scheduling, levels_share_by_weight_within_one_percent_and_none_starves, ()) {
    SchedulingConfig config{.strategy = Strategy::priority_weighted};
    double weights = 0;
    for (auto& weight : config.level_weights) {
        weight = *rc::gen::inRange<std::uint32_t>(1, 20);
        weights += weight;
    }
    const bool costly = *rc::gen::arbitrary<bool>();
    Look look;
    ReadyMessages ready;
    ready.begin_anew(config);
    std::uint64_t next = 1;
    std::map<std::uint64_t, Level> level_of;
    const auto post = [&](Level level) {
        if (costly) look.costs[next] = 1 + static_cast<std::uint32_t>(next * 7'919 % 999);
        level_of[next] = level;
        ready.set_cost(next, look.cost(next));
        ready.push(1 + static_cast<std::uint32_t>(next % 3), next, level, TimePoint::max());
        ++next;
    };
    for (std::size_t i = 0; i < level_count; ++i) {
        for (int n = 0; n < 5; ++n) post(static_cast<Level>(i));
    }
    std::map<std::uint32_t, double> given;
    int since_low = 0;
    int longest = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto seq = ready.pop(look);
        RC_ASSERT(seq.has_value());
        const Level level = level_of[*seq];
        since_low = level == Level::low ? 0 : since_low + 1;
        longest = std::max(longest, since_low);
        given[static_cast<std::uint32_t>(level)] += look.cost(*seq);
        post(level);
    }
    for (const auto& [level, share] : shares_of(given)) {
        RC_ASSERT(std::abs(share - config.level_weights[level] / weights) < 0.01);
    }
    if (!costly) RC_ASSERT(longest < static_cast<int>(weights));
}

TEST(Scheduling, level_that_is_full_takes_no_turn_and_loses_none) {
    Look look;
    ReadyMessages ready;
    ready.begin_anew({.strategy = Strategy::priority_weighted, .level_weights = {2, 1, 1, 1}});
    for (std::uint64_t seq = 1; seq <= 10; ++seq) ready.push(0, seq, Level::realtime, {});
    for (std::uint64_t seq = 11; seq <= 20; ++seq) ready.push(0, seq, Level::low, {});
    look.shut[0] = true;
    for (std::uint64_t seq = 11; seq <= 13; ++seq) EXPECT_EQ(ready.pop(look), seq);
    look.shut[0] = false;
    EXPECT_EQ(ready.pop(look), 1U);
    look.shut = {true, true, true, true};
    EXPECT_EQ(ready.pop(look), std::nullopt);
}

TEST(Scheduling, key_in_debt_that_is_alone_goes_on_at_once) {
    Look look;
    FairLanes lanes;
    lanes.push(1, 1);
    lanes.push(1, 2);
    const auto always = [](std::uint64_t) { return true; };
    const auto one = [](std::uint32_t) { return 1U; };
    EXPECT_EQ(lanes.pop(always, one), 1U);
    lanes.charge(1, 1'000'000'000);
    EXPECT_EQ(lanes.pop(always, one), 2U);
}

TEST(Scheduling, debt_outlives_an_empty_lane_and_ends_with_the_rounds_it_is_worth) {
    FairLanes lanes;
    const auto always = [](std::uint64_t) { return true; };
    const auto one = [](std::uint32_t) { return 1U; };
    std::uint64_t next = 100;
    for (int i = 0; i < 40; ++i) lanes.push(2, next++);
    lanes.push(1, 1);
    EXPECT_EQ(lanes.pop(always, one), 100U);
    EXPECT_EQ(lanes.pop(always, one), 1U);
    lanes.charge(1, 3);  // it cost 4
    lanes.push(1, 2);
    std::vector<std::uint64_t> seqs;
    for (int i = 0; i < 6; ++i) seqs.push_back(*lanes.pop(always, one));
    EXPECT_EQ(seqs, (std::vector<std::uint64_t>{101, 102, 103, 104, 2, 105}));

    lanes.charge(1, 3);
    for (int i = 0; i < 10; ++i) static_cast<void>(lanes.pop(always, one));  // it is away
    lanes.push(1, 3);
    EXPECT_EQ(lanes.pop(always, one), 116U);
    EXPECT_EQ(lanes.pop(always, one), 3U);
}

TEST(Scheduling, mean_of_ones_is_one) {
    MeanCost mean;
    for (int i = 0; i < 1'000; ++i) mean.add(1'000);
    EXPECT_NEAR(static_cast<double>(mean.value()), 1'000, 10);
    for (int i = 0; i < 1'000; ++i) mean.add(1);
    EXPECT_EQ(mean.value(), 1);
}

TEST(Scheduling, message_given_back_without_blame_costs_its_key_nothing) {
    Engine engine{{}};
    const QueueName q{"q"};
    const TimePoint now = test::FakeClock::start;
    QueueConfig config;
    config.scheduling.strategy = Strategy::fair;
    test::must(engine.put_queue(q, config, 1, now));
    std::vector<test::Letter> letters;
    for (int i = 0; i < 20; ++i) {
        letters.push_back({.text = "a", .share = "a", .cost = 10});
        letters.push_back({.text = "b", .share = "b", .cost = 10});
    }
    test::must(engine.post(q, test::messages_of(letters), now));
    std::map<std::string, int> run;
    std::map<std::string, int> returned;
    for (int i = 0; i < 30; ++i) {
        const auto leased = test::must(engine.pop({.queue = q}, now)).at(0);
        const std::string text(leased.message.data->content.view());
        if (text == "a" && returned[text] < 8) {
            ++returned[text];
            test::must(engine.nack({.receipt = leased.receipt, .blame = Blame::none}, now));
        } else {
            ++run[text];
            test::must(engine.ack(leased.receipt, now));
        }
    }
    EXPECT_NEAR(run["a"], run["b"], 2);
}

TEST(Scheduling, one_that_is_not_wanted_stays_the_next_and_no_turn_is_lost) {
    constexpr std::uint64_t count = 240;
    const auto order_of = [&](Strategy strategy, bool refuses) {
        Look look{.weights = {{1, 3}, {2, 1}, {3, 2}}};
        ReadyMessages ready;
        ready.begin_anew({.strategy = strategy});
        std::set<std::uint64_t> all;
        for (std::uint64_t seq = 1; seq <= count; ++seq) {
            look.costs[seq] = 1 + static_cast<std::uint32_t>(seq * 7'919 % 5);
            ready.set_cost(seq, look.costs[seq]);
            const auto due = seq % 5 == 0 ? TimePoint::max() : TimePoint(Duration(seq % 7));
            ready.push(1 + seq % 3, seq, static_cast<Level>(seq % level_count), due);
            all.insert(seq);
        }
        std::vector<std::uint64_t> order;
        while (true) {
            if (refuses) {
                look.unwanted = all;
                EXPECT_EQ(ready.pop(look), std::nullopt);
                look.unwanted.clear();
            }
            const auto seq = ready.pop(look);
            if (!seq) return order;
            order.push_back(*seq);
        }
    };
    for (const auto strategy :
        {Strategy::strict, Strategy::priority_weighted, Strategy::fair, Strategy::deadline}) {
        const auto order = order_of(strategy, false);
        EXPECT_EQ(order.size(), count);
        EXPECT_EQ(order_of(strategy, true), order) << static_cast<int>(strategy);
    }
}

}  // namespace
}  // namespace baton::queue
