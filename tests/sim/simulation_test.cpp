// Deterministic simulation: long runs of producers, consumers, crashes and jumps of time against
// the engine and the reference model at once, each made of one number.
//   BATON_TEST_SEED=N replays the run of that seed; BATON_SIM_SECONDS=N goes on for that long.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "sim_environment.h"
#include "support/queue_run.h"
#include "support/stream_run.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

RunStep step_of(std::mt19937_64& random) {
    const auto number = [&] { return static_cast<std::uint32_t>(random() % 10'000); };
    RunStep step{.kind = number(), .queue = number()};
    for (auto& die : step.dice) die = number();
    return step;
}

template <class Run>
void run(std::mt19937_64& random, const QueueTwin::Open& open, std::size_t steps_max) {
    const std::uint64_t memory_budget = random() % 3 == 0 ? 10 : 1 << 20;
    const std::size_t steps = 1 + random() % steps_max;
    Run simulated(open, memory_budget);
    for (std::size_t i = 0; i < steps; ++i) simulated.step(step_of(random));
    simulated.finish();
}

/// The run of one seed over what `open` opens: of queues, or of logs and outputs.
void run(std::uint64_t seed, const QueueTwin::Open& open, std::size_t steps_max) {
    std::mt19937_64 random(seed);
    if (seed % 3 == 0) {
        run<StreamRun>(random, open, steps_max);
    } else {
        run<QueueRun>(random, open, steps_max);
    }
}

/// Why the run failed; empty when it did not.
std::string failure(const std::function<void()>& simulated) {
    try {
        simulated();
        return {};
    } catch (const rc::detail::CaseResult& result) {
        std::ostringstream text;
        text << result;
        return text.str();
    } catch (const std::exception& error) {
        return error.what();
    }
}

/// Runs seed after seed until the time is over, or the one that was given.
void simulate(double share, const std::function<void(std::uint64_t)>& one) {
    const auto replay = given("BATON_TEST_SEED");
    const double seconds =
        static_cast<double>(given("BATON_SIM_SECONDS").value_or(60)) * (replay ? 0 : share);
    const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
    std::uint64_t seed = replay.value_or(std::random_device{}());
    std::size_t runs = 0;
    do {
        const auto why = failure([&] { one(seed); });
        ASSERT_EQ(why, "") << "after " << runs << " runs; BATON_TEST_SEED=" << seed
                           << " replays this one";
        ++seed;
        ++runs;
    } while (SteadyClock::now() < end);
    testing::Test::RecordProperty("runs", std::to_string(runs));
}

TEST(Simulation, engine_in_memory_does_what_the_model_does) {
    simulate(0.4, [](std::uint64_t seed) {
        const auto disk = queue::make_memory_disk();
        run(seed, [&] { return queue::make_memory_store(disk); }, 3'000);
    });
}

TEST(Simulation, engine_on_sqlite_does_what_the_model_does) {
    simulate(0.3, [](std::uint64_t seed) {
        const TempDir dir(fast_place());
        std::unique_ptr<db::Database> database;
        const auto open = [&] {
            database = db::make_sqlite_database({.file = dir / "queues.db"});
            return must(queue::make_sqlite_store(*database));
        };
        run(seed, open, 500);
    });
}

/// Segments so small that they are compacted and freed all the time.
TEST(Simulation, engine_on_the_journal_does_what_the_model_does) {
    simulate(0.3, [](std::uint64_t seed) {
        const TempDir dir(fast_place());
        const auto open = [&] {
            return must(queue::make_journal_store(
                dir.path(), {.segment_size = queue::JournalConfig::segment_size_min}));
        };
        run(seed, open, 3'000);
    });
}

}  // namespace
}  // namespace baton::test
