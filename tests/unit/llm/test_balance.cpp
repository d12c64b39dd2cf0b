#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "llm/balance.h"

namespace baton::llm {
namespace {

constexpr std::size_t picks = 20'000;

std::vector<Candidate> endpoints(const std::vector<std::uint32_t>& weights) {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        all.push_back({.endpoint = i,
            .name_hash = stable_hash("endpoint-" + std::to_string(i)),
            .weight = weights[i]});
    }
    return all;
}

class Picker {
public:
    Picker(Algorithm algorithm, std::size_t size, std::uint32_t seed = 1)
        : turns(size), algorithm_(algorithm), random_(seed) {}

    std::size_t next(const std::vector<Candidate>& from, std::uint64_t session = 0) {
        const PickInput input{.algorithm = algorithm_,
            .session_hash = session,
            .draw = even_(random_),
            .second_draw = even_(random_)};
        return from[pick(from, input, turns)].endpoint;
    }
    std::vector<std::size_t> share(const std::vector<Candidate>& from, std::size_t times = picks) {
        std::vector<std::size_t> counts(turns.credit.size());
        for (std::size_t i = 0; i < times; ++i) ++counts[next(from)];
        return counts;
    }

    Turns turns;

private:
    Algorithm algorithm_;
    std::mt19937 random_;
    std::uniform_real_distribution<double> even_{0, 1};
};

TEST(Balance, round_robin_goes_around) {
    Picker picker(Algorithm::round_robin, 3);
    const auto all = endpoints({1, 5, 9});
    std::vector<std::size_t> order;
    for (int i = 0; i < 6; ++i) order.push_back(picker.next(all));
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Balance, round_robin_spreads_the_share_of_a_missing_endpoint_evenly) {
    Picker picker(Algorithm::round_robin, 4);
    auto all = endpoints({1, 1, 1, 1});
    all.erase(all.begin() + 1);
    const auto counts = picker.share(all, 300);
    EXPECT_EQ(counts, (std::vector<std::size_t>{100, 0, 100, 100}));
}

RC_GTEST_PROP(Balance, weighted_round_robin_is_never_off_by_more_than_one, ()) {
    const auto weights = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 20)));
    RC_PRE(weights.size() <= 8U);
    const auto all = endpoints(weights);
    double total = 0;
    for (const auto weight : weights) total += weight;
    Picker picker(Algorithm::weighted_round_robin, all.size());
    std::vector<double> counts(all.size());
    for (std::size_t turn = 1; turn <= 200; ++turn) {
        counts[picker.next(all)] += 1;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const double fair = static_cast<double>(turn) * weights[i] / total;
            RC_ASSERT(std::abs(counts[i] - fair) <= static_cast<double>(all.size()));
        }
    }
    const auto round = static_cast<std::size_t>(total);
    Picker fresh(Algorithm::weighted_round_robin, all.size());
    const auto whole = fresh.share(all, round);
    for (std::size_t i = 0; i < all.size(); ++i) RC_ASSERT(whole[i] == weights[i]);
}

TEST(Balance, weighted_round_robin_is_smooth) {
    Picker picker(Algorithm::weighted_round_robin, 3);
    const auto all = endpoints({5, 1, 1});
    std::string order;
    for (int i = 0; i < 7; ++i) order += static_cast<char>('a' + picker.next(all));
    EXPECT_EQ(order, "aabacaa");
}

RC_GTEST_PROP(Balance, weighted_random_follows_the_weights, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    Picker picker(Algorithm::weighted_random, 3, seed);
    const auto counts = picker.share(endpoints({1, 2, 7}));
    for (const auto& [place, share] : std::map<std::size_t, double>{{0, .1}, {1, .2}, {2, .7}}) {
        const double seen = static_cast<double>(counts[place]) / picks;
        RC_ASSERT(std::abs(seen - share) < 0.03);
    }
}

TEST(Balance, least_connections_fills_up_by_weight) {
    Picker picker(Algorithm::least_connections, 3);
    auto all = endpoints({1, 2, 1});
    for (int i = 0; i < 400; ++i) ++all[picker.next(all)].in_flight;
    EXPECT_EQ(all[0].in_flight, 100U);
    EXPECT_EQ(all[1].in_flight, 200U);
    EXPECT_EQ(all[2].in_flight, 100U);
}

TEST(Balance, least_connections_takes_turns_while_nothing_runs) {
    Picker picker(Algorithm::least_connections, 3);
    const auto counts = picker.share(endpoints({1, 1, 1}), 300);
    EXPECT_EQ(counts, (std::vector<std::size_t>{100, 100, 100}));
}

TEST(Balance, peak_ewma_never_takes_the_worse_of_two) {
    Picker picker(Algorithm::peak_ewma, 2);
    auto all = endpoints({1, 1});
    all[0].delay_ms = 20;
    all[1].delay_ms = 500;
    EXPECT_EQ(picker.share(all, 1000), (std::vector<std::size_t>{1000, 0}));
    all[0].in_flight = 30;  // 31 x 20 > 500
    EXPECT_EQ(picker.share(all, 1000), (std::vector<std::size_t>{0, 1000}));
}

TEST(Balance, peak_ewma_spreads_over_equals_and_spares_the_worst_of_three) {
    Picker picker(Algorithm::peak_ewma, 3);
    auto all = endpoints({1, 1, 1});
    for (auto& one : all) one.delay_ms = 100;
    for (const auto count : picker.share(all)) {
        EXPECT_NEAR(static_cast<double>(count), picks / 3.0, picks * 0.03);
    }
    all[2].delay_ms = 5000;
    EXPECT_EQ(picker.share(all)[2], 0U);
}

TEST(Balance, peak_ewma_tries_what_it_does_not_know_once) {
    Picker picker(Algorithm::peak_ewma, 2);
    auto all = endpoints({1, 1});
    all[0].delay_ms = 20;
    EXPECT_EQ(picker.next(all), 1U);
    all[1].in_flight = 1;
    EXPECT_EQ(picker.share(all, 100)[1], 0U);
}

TEST(Balance, peak_ewma_looks_again_at_what_it_has_left_alone) {
    Picker picker(Algorithm::peak_ewma, 2);
    auto all = endpoints({1, 1});
    all[0].delay_ms = 20;
    all[1].delay_ms = 500;
    all[1].idle_ms = 600;
    EXPECT_EQ(picker.next(all), 1U);
    all[0].idle_ms = 100;
    EXPECT_EQ(picker.next(all), 0U) << "few requests come at all";
}

RC_GTEST_PROP(Balance, slow_endpoint_gets_nothing_while_others_do_better, ()) {
    const auto algorithm = static_cast<Algorithm>(*rc::gen::inRange(0, 6));
    const auto session = *rc::gen::arbitrary<std::uint64_t>();
    Picker picker(algorithm, 3);
    auto all = endpoints({1, 3, 1});
    for (auto& one : all) one.delay_ms = 20;
    all[1].delay_ms = 5000;
    all[1].is_slow = true;
    for (int i = 0; i < 100; ++i) RC_ASSERT(picker.next(all, session) != 1U);
    all[1].idle_ms = 600;
    RC_ASSERT(picker.next(all, session) == 1U);
    all.erase(all.begin() + 2);
    all.erase(all.begin());
    RC_ASSERT(picker.next(all, session) == 1U);
}

TEST(Balance, session_stays_with_its_endpoint) {
    Picker picker(Algorithm::session_affinity, 3);
    const auto all = endpoints({1, 1, 1});
    for (std::uint64_t session = 1; session <= 100; ++session) {
        const auto home = picker.next(all, session);
        for (int i = 0; i < 5; ++i) EXPECT_EQ(picker.next(all, session), home);
    }
}

TEST(Balance, sessions_spread_by_weight) {
    Picker picker(Algorithm::session_affinity, 3);
    const auto all = endpoints({1, 2, 1});
    std::vector<double> counts(3);
    for (std::size_t i = 0; i < picks; ++i) {
        ++counts[picker.next(all, stable_hash("conversation " + std::to_string(i)))];
    }
    EXPECT_NEAR(counts[0] / picks, 0.25, 0.02);
    EXPECT_NEAR(counts[1] / picks, 0.5, 0.02);
    EXPECT_NEAR(counts[2] / picks, 0.25, 0.02);
}

TEST(Balance, only_the_sessions_of_an_endpoint_that_goes_move) {
    Picker picker(Algorithm::session_affinity, 4);
    const auto all = endpoints({1, 1, 1, 1});
    auto fewer = all;
    fewer.erase(fewer.begin() + 2);
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        const auto session = stable_hash(std::to_string(i));
        const auto home = picker.next(all, session);
        if (home == 2) continue;
        EXPECT_EQ(picker.next(fewer, session), home);
    }
}

TEST(Balance, chats_without_a_session_go_by_weight) {
    Picker picker(Algorithm::session_affinity, 2);
    const auto counts = picker.share(endpoints({1, 3}), 400);
    EXPECT_EQ(counts, (std::vector<std::size_t>{100, 300}));
}

}  // namespace
}  // namespace baton::llm
