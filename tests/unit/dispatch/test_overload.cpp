// What becomes of work when there is more of it than models can do: queue, limit and models in one
// simulated time.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dispatch/adaptive_limit.h"
#include "queue/engine/engine.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"

namespace baton::dispatch {
namespace {

using test::must;

/// Messages come, are taken while fewer run than may, take their time, and are charged what they
/// used. Made of its seed.
class Simulation {
public:
    struct Done {
        Level level = Level::normal;
        std::string tenant;
        Duration answered_after{0};
        std::uint32_t tokens = 0;
    };
    /// Models that answer so many at a time, and refuse the rest.
    std::uint32_t models_take = 1'000;
    std::vector<Done> done;
    std::uint64_t refused = 0;

    Simulation(const SchedulingConfig& scheduling, const AdaptiveConfig& workers,
        std::map<std::string, std::uint32_t> weights = {})
        : limit_(workers) {
        QueueConfig config;
        config.durability = Durability::memory;
        config.max_failures = 0;
        config.scheduling = scheduling;
        config.fairness_weights = std::move(weights);
        must(engine_.put_queue(queue_, config, 1, now_));
    }

    [[nodiscard]] Duration time() const { return now_ - test::FakeClock::start; }
    [[nodiscard]] std::uint32_t limit() const { return limit_.limit(); }
    [[nodiscard]] std::uint32_t draw(std::uint32_t from, std::uint32_t to) {
        return std::uniform_int_distribution<std::uint32_t>(from, to)(random_);
    }
    /// Of a Poisson process.
    [[nodiscard]] Duration next_arrival(double per_second) {
        return Duration(static_cast<std::int64_t>(
            1'000 * std::exponential_distribution<double>(per_second)(random_)));
    }

    void post(Level level, const std::string& tenant, std::uint32_t tokens, std::uint32_t guess) {
        const test::Letter letter{
            .text = std::to_string(tokens), .level = level, .share = tenant, .cost = guess};
        must(engine_.post(queue_, test::messages_of({letter}), now_));
        settle();
        take();
    }
    /// Lets runs end until `then`.
    void pass(TimePoint then) {
        while (!running_.empty() && running_.begin()->first <= then) {
            auto run = running_.extract(running_.begin());
            now_ = run.key();
            while (engine_.advance(now_)) {
            }
            end(run.mapped());
            take();
        }
        now_ = then;
        while (engine_.advance(now_)) {
        }
        take();
    }
    [[nodiscard]] TimePoint now() const { return now_; }

private:
    struct Run {
        LeasedMessage leased;
        TimePoint began;
        bool is_refused = false;
    };
    static SteadyTime steady(TimePoint time) { return SteadyTime(time.time_since_epoch()); }

    void settle() {
        static_cast<void>(engine_.take_batch());
        static_cast<void>(engine_.take_news());
    }
    void take() {
        while (running_.size() < limit_.limit()) {
            auto popped =
                must(engine_.pop({.queue = queue_, .lease = std::chrono::hours(1)}, now_));
            settle();
            if (popped.empty()) return;
            const bool is_refused = answering_ >= models_take;
            if (!is_refused) ++answering_;
            const Duration takes(is_refused ? 5 : draw(500, 1'500));
            running_.emplace(now_ + takes, Run{std::move(popped.front()), now_, is_refused});
        }
    }
    void end(const Run& run) {
        const MessageView& message = run.leased.message;
        if (run.is_refused) {
            ++refused;
            must(engine_.nack(
                {.receipt = run.leased.receipt, .delay = Duration(50), .blame = queue::Blame::none},
                now_));
            static_cast<void>(limit_.refused(steady(run.began), steady(now_)));
        } else {
            --answering_;
            const auto tokens =
                static_cast<std::uint32_t>(std::stoul(std::string(message.data->content.view())));
            must(engine_.charge(run.leased.receipt, tokens));
            must(engine_.ack(run.leased.receipt, now_));
            done.push_back({.level = message.data->priority,
                .tenant = message.data->fairness_key,
                .answered_after = now_ - message.posted_at,
                .tokens = tokens});
            static_cast<void>(limit_.answered(steady(run.began), now_ - run.began, steady(now_)));
        }
        settle();
    }

    const QueueName queue_{"llm"};
    TimePoint now_ = test::FakeClock::start;
    queue::Engine engine_{{}};
    AdaptiveLimit limit_;
    std::multimap<TimePoint, Run> running_;
    std::uint32_t answering_ = 0;
    std::mt19937 random_{7};
};

/// Messages of each level at so many a second, for ten minutes.
void offer(Simulation& simulation, const std::array<double, level_count>& per_second) {
    std::array<TimePoint, level_count> next{};
    for (std::size_t i = 0; i < level_count; ++i) {
        next[i] = per_second[i] > 0 ? simulation.now() + simulation.next_arrival(per_second[i])
                                    : TimePoint::max();
    }
    while (simulation.time() < std::chrono::minutes(10)) {
        const auto first = static_cast<std::size_t>(std::ranges::min_element(next) - next.begin());
        simulation.pass(next[first]);
        simulation.post(static_cast<Level>(first), "", 100, 100);
        next[first] += simulation.next_arrival(per_second[first]);
    }
}

double p99_of(const Simulation& simulation, Level level) {
    std::vector<std::int64_t> times;
    for (const auto& one : simulation.done) {
        if (one.level == level) times.push_back(one.answered_after.count());
    }
    std::ranges::sort(times);
    return static_cast<double>(times.at(times.size() * 99 / 100));
}

TEST(Overload, threefold_leaves_realtime_as_it_is_and_low_still_moves) {
    // Twenty at a time that take a second each: twenty a second. Sixty come.
    const SchedulingConfig scheduling{.strategy = Strategy::priority_weighted};
    Simulation quiet(scheduling, {.min = 20, .max = 20});
    offer(quiet, {4, 0, 0, 0});
    Simulation loaded(scheduling, {.min = 20, .max = 20});
    offer(loaded, {4, 12, 20, 24});
    const double unloaded = p99_of(quiet, Level::realtime);
    EXPECT_LE(p99_of(loaded, Level::realtime), 1.1 * unloaded);
    EXPECT_GE(p99_of(loaded, Level::realtime), unloaded);

    std::map<Level, std::size_t> answered;
    for (const auto& one : loaded.done) ++answered[one.level];
    const double low = static_cast<double>(answered[Level::low]) / 600;
    EXPECT_GT(low, 16.0 / 7 * 0.95) << "a seventh of what realtime leaves, each second";
    EXPECT_GT(answered[Level::normal], answered[Level::low] * 19 / 10);
}

TEST(Overload, strict_order_would_let_low_starve) {
    Simulation loaded({.strategy = Strategy::strict}, {.min = 20, .max = 20});
    offer(loaded, {4, 12, 20, 24});
    const auto low = std::ranges::count(loaded.done, Level::low, &Simulation::Done::level);
    EXPECT_LT(low, 30) << "those of the first second, of fourteen thousand";
}

TEST(Overload, tenants_share_tokens_by_weight_within_one_percent) {
    const std::map<std::string, std::uint32_t> weights{{"a", 1}, {"b", 2}, {"c", 5}};
    Simulation simulation({.strategy = Strategy::fair}, {.min = 20, .max = 20}, weights);
    // Each has always some that wait; answers differ by tenant, and so do the guesses' faults.
    std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> sizes{
        {"a", {100, 4'000}}, {"b", {50, 300}}, {"c", {1'000, 1'200}}};
    const auto post = [&](const std::string& tenant) {
        const auto [from, to] = sizes[tenant];
        const std::uint32_t tokens = simulation.draw(from, to);
        simulation.post(Level::normal, tenant, tokens, tenant == "b" ? 3 * tokens : 600);
    };
    for (int i = 0; i < 40; ++i) {
        for (const auto& [tenant, weight] : weights) post(tenant);
    }
    std::size_t seen = 0;
    while (simulation.time() < std::chrono::minutes(60)) {
        simulation.pass(simulation.now() + Duration(100));
        for (; seen < simulation.done.size(); ++seen) {
            const std::string tenant = simulation.done[seen].tenant;
            post(tenant);
        }
    }
    std::map<std::string, double> tokens;
    double sum = 0;
    for (const auto& one : simulation.done) {
        tokens[one.tenant] += one.tokens;
        sum += one.tokens;
    }
    for (const auto& [tenant, weight] : weights) {
        EXPECT_NEAR(tokens[tenant] / sum, weight / 8.0, 0.01) << tenant;
    }
}

TEST(Overload, number_of_runs_finds_what_models_take) {
    Simulation simulation({.strategy = Strategy::fair}, {.min = 1, .max = 64});
    simulation.models_take = 10;
    for (int i = 0; i < 20'000; ++i) simulation.post(Level::normal, "", 100, 100);
    const TimePoint start = simulation.now();
    simulation.pass(start + std::chrono::minutes(5));
    const std::size_t before = simulation.done.size();
    EXPECT_GT(before, 300 * 10 * 7 / 10) << "of three thousand that could be";
    EXPECT_LE(simulation.limit(), 12U);
    EXPECT_LT(simulation.refused, before / 10);

    simulation.models_take = 40;
    simulation.pass(start + std::chrono::minutes(10));
    EXPECT_GT(simulation.limit(), 25U) << "and follows when they take more";
    EXPECT_GT(simulation.done.size() - before, 2 * before);
}

}  // namespace
}  // namespace baton::dispatch
