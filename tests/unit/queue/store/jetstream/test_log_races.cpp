// Several writers of one log at once, turn by turn, over a server that does its worst: what one of
// them was told to be durable is in every later reading, and nothing that was refused is.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/jetstream/reading_rule.h"
#include "queue/store/jetstream/stored_part.h"
#include "support/fake_jetstream.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using queue::JetStreamLogConfig;
using queue::SharedLog;

class RandomChoices final : public Choices {
public:
    RandomChoices(std::uint64_t seed, std::size_t one_in) : random_(seed), one_in_(one_in) {}
    std::size_t pick(std::size_t count) override { return random_() % count; }
    std::size_t turn(std::size_t others) override { return pick(1 + others); }
    std::size_t mishap(std::size_t count) override {
        return random_() % one_in_ == 0 ? 1 + random_() % count : 0;
    }

private:
    std::mt19937_64 random_;
    std::size_t one_in_;
};

/// All there are, one run after the other, with so many turns and mishaps at most.
class AllChoices final : public Choices {
public:
    AllChoices(std::size_t turns, std::size_t mishaps) : turns_(turns), mishaps_(mishaps) {}
    std::size_t pick(std::size_t count) override {
        if (count == 1) return 0;
        if (at_ == path_.size()) path_.push_back({0, count});
        return path_.at(at_++).taken;
    }
    std::size_t turn(std::size_t others) override { return within(turns_, turns_taken_, others); }
    std::size_t mishap(std::size_t count) override {
        return within(mishaps_, mishaps_taken_, count);
    }
    /// False when nothing is left to be tried.
    bool next() {
        while (!path_.empty() && path_.back().taken + 1 == path_.back().count) path_.pop_back();
        at_ = turns_taken_ = mishaps_taken_ = 0;
        if (path_.empty()) return false;
        ++path_.back().taken;
        return true;
    }

private:
    struct Choice {
        std::size_t taken;
        std::size_t count;
    };
    std::size_t within(std::size_t limit, std::size_t& taken, std::size_t count) {
        if (taken == limit) return 0;
        const auto choice = pick(1 + count);
        if (choice > 0) ++taken;
        return choice;
    }
    std::vector<Choice> path_;
    std::size_t at_ = 0;
    std::size_t turns_;
    std::size_t mishaps_;
    std::size_t turns_taken_ = 0;
    std::size_t mishaps_taken_ = 0;
};

/// Nothing is chosen until it is opened: all goes well.
class Gate final : public Choices {
public:
    explicit Gate(Choices& choices) : choices_(choices) {}
    std::size_t pick(std::size_t count) override { return is_open ? choices_.pick(count) : 0; }
    std::size_t turn(std::size_t others) override { return is_open ? choices_.turn(others) : 0; }
    std::size_t mishap(std::size_t count) override { return is_open ? choices_.mishap(count) : 0; }
    bool is_open = false;

private:
    Choices& choices_;
};

/// Threads of which one runs at a time; who goes on is chosen at each turn.
class Turns {
public:
    explicit Turns(Choices& choices) : choices_(choices) {}

    void run(const std::vector<std::function<void()>>& bodies) {
        for (std::size_t i = 0; i < bodies.size(); ++i) waiting_.push_back(i);
        now_ = waiting_.at(choices_.pick(waiting_.size()));
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            threads.emplace_back([this, i, &body = bodies[i]] {
                await(i);
                body();
                const std::lock_guard lock(mutex_);
                std::erase(waiting_, i);
                if (!waiting_.empty()) now_ = waiting_.at(choices_.pick(waiting_.size()));
                changed_.notify_all();
            });
        }
    }
    /// By a body: another one may go on here.
    void turn() {
        if (waiting_.size() < 2) return;
        const auto me = now_;
        {
            const std::lock_guard lock(mutex_);
            const auto taken = choices_.turn(waiting_.size() - 1);
            if (taken == 0) return;
            const auto place = std::ranges::find(waiting_, me) - waiting_.begin();
            now_ = waiting_.at((static_cast<std::size_t>(place) + taken) % waiting_.size());
            changed_.notify_all();
        }
        await(me);
    }

private:
    void await(std::size_t me) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return now_ == me; });
    }

    Choices& choices_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::size_t> waiting_;
    std::size_t now_ = 0;
};

/// One run.
class Race {
public:
    explicit Race(Choices& choices) : gate_(choices), turns_(gate_) {}

    std::unique_ptr<SharedLog> writer() {
        const auto turn = [this] {
            for (auto& stream : log.streams) stream.land(gate_);
            turns_.turn();
        };
        return queue::make_jetstream_log(std::make_unique<FakeJetStream>(log, gate_, turn), config);
    }
    /// Takes over and reads; nothing if that failed.
    bool begin(SharedLog& writer) {
        const auto before = durable;
        const auto bounds = writer.take_over();
        if (!bounds) {
            EXPECT_NE(bounds.error().code, Errc::storage_corrupt) << to_string(bounds.error());
            return false;
        }
        std::map<std::uint64_t, std::string> read;
        const auto done = writer.read(1, [&](std::uint64_t number, std::string_view entry) {
            read.emplace(number, entry);
            return Result<void>();
        });
        if (!done) {
            EXPECT_TRUE(may_purge) << to_string(done.error());
            return false;
        }
        next = bounds->last + 1;
        for (const auto& [number, entry] : before) {
            if (number < released || number < bounds->first) continue;
            EXPECT_EQ(read[number], entry) << "entry " << number << " was durable";
        }
        for (const auto& [number, entry] : read) {
            EXPECT_FALSE(refused.contains(entry)) << entry << " was refused";
        }
        return true;
    }
    /// Reads what is there at one time, without taking anything over.
    void look(SharedLog& reader) {
        const auto before = durable;
        const auto bounds = reader.look();
        if (!bounds) {
            EXPECT_NE(bounds.error().code, Errc::storage_corrupt) << to_string(bounds.error());
            return;
        }
        const auto done = reader.read(1, [&](std::uint64_t number, std::string_view entry) {
            const auto known = before.find(number);
            EXPECT_TRUE(known == before.end() || known->second == entry) << "entry " << number;
            return Result<void>();
        });
        EXPECT_TRUE(done || may_purge || done.error().code == Errc::unavailable)
            << to_string(done.error());
    }
    /// Appends until it may not any more.
    void append(SharedLog& writer, std::uint64_t number, int count, const std::string& name) {
        for (int i = 0; i < count; ++i, ++number) {
            // Every third takes three parts.
            const auto entry = fmt::format("{}.{:{}}", name, i, i % 3 == 2 ? 20 : 1);
            const auto done = writer.append(number, entry);
            if (done) {
                EXPECT_TRUE(durable.emplace(number, entry).second) << number << " twice";
                if (may_purge && i % 4 == 3 && writer.release_before(number - 1)) {
                    released = std::max(released, number - 1);
                }
                continue;
            }
            const auto code = done.error().code;
            if (code == Errc::unavailable || code == Errc::storage_full) refused.insert(entry);
            return;
        }
    }
    void run(const std::vector<std::function<void()>>& bodies) {
        gate_.is_open = true;
        turns_.run(bodies);
        gate_.is_open = false;
    }

    /// Whatever is still to come comes; then everyone reads the same.
    void finish() {
        for (auto& stream : log.streams) {
            for (auto& sent : std::exchange(stream.late, {})) stream.store(std::move(sent));
            if (!stream.moves.empty()) stream.subject = stream.moves.back();
            for (const auto sequence : std::exchange(stream.purges, {})) stream.purge(sequence);
            stream.silent = 0;
        }
        may_purge = false;
        const auto last = writer();
        EXPECT_TRUE(begin(*last));
        for (const auto& stream : log.streams) begin_anywhere(stream);
    }

    FakeStreams log;
    JetStreamLogConfig config{.stream = "S",
        .subject = "s",
        .retry_wait = Duration(0),
        .tend_interval = Duration(0),
        .exposed_interval = Duration(0),
        .purge_step = 1,
        .message_size_max = 10};
    std::map<std::uint64_t, std::string> durable;  ///< by number
    std::set<std::string> refused;
    std::uint64_t released = 0;  ///< entries before it may have gone
    std::uint64_t next = 1;
    bool may_purge = false;

private:
    /// Whoever begins at a message that certainly counts judges as who has read from the first on.
    static void begin_anywhere(const FakeStream& stream) {
        namespace jetstream = queue::jetstream;
        const auto verdicts = [&](std::uint64_t begin) {
            std::map<std::uint64_t, bool> counts;
            jetstream::ReadingRule rule;
            for (auto sequence = begin; sequence <= stream.messages.size(); ++sequence) {
                const auto message = stream.message(sequence);
                counts[sequence] = must(rule.add(must(jetstream::part_of(*message)), sequence));
            }
            return counts;
        };
        const auto all = verdicts(stream.first);
        for (const auto& [sequence, counts] : all) {
            const auto message = stream.message(sequence);
            if (!is_certain(must(jetstream::part_of(*message)), sequence)) continue;
            EXPECT_TRUE(std::ranges::equal(
                verdicts(sequence), std::ranges::subrange(all.find(sequence), all.end())))
                << "from " << sequence;
        }
    }

    Gate gate_;
    Turns turns_;
};

void race_of_three(std::uint64_t seed, bool may_purge) {
    RandomChoices choices(seed, 4 + seed % 12);
    Race race(choices);
    race.may_purge = may_purge;
    if (may_purge) race.config.max_bytes = 6'000;  // what is written must be purged at times, too
    std::vector<std::function<void()>> bodies;
    for (int id = 0; id < 3; ++id) {
        bodies.emplace_back([&race, id] {
            const auto log = race.writer();
            for (int life = 0; life < 3; ++life) {
                if (!race.begin(*log)) continue;
                race.append(*log, race.next, 6, fmt::format("{}.{}", id, life));
            }
        });
    }
    bodies.emplace_back([&race] {
        const auto log = race.writer();
        for (int i = 0; i < 6; ++i) race.look(*log);
    });
    race.run(bodies);
    race.finish();
}

TEST(LogRaces, three_writers_lose_nothing_that_was_durable) {
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        race_of_three(seed, false);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
}

TEST(LogRaces, nor_when_what_is_not_needed_is_purged) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        race_of_three(seed, true);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
}

/// One appends twice while another takes over and appends.
void race_of_two(AllChoices choices, std::size_t runs_min) {
    std::size_t runs = 0;
    do {
        ++runs;
        Race race(choices);
        const auto first = race.writer();
        const auto second = race.writer();
        ASSERT_TRUE(race.begin(*first));
        race.run({[&] { race.append(*first, 1, 2, "first"); },
            [&] {
                if (race.begin(*second)) race.append(*second, race.next, 1, "second");
            }});
        race.finish();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "run " << runs;
    } while (choices.next());
    EXPECT_GT(runs, runs_min);
    fmt::print("{} runs\n", runs);
}

/// Turns beyond those that each run of the tests takes; every one makes that some ten times as
/// long.
std::size_t further_turns() {
    const char* const text = std::getenv("BATON_RACE_TURNS");
    return text == nullptr ? 0 : std::stoul(text);
}

TEST(LogRaces, two_writers_are_safe_in_every_order_of_four_turns) {
    race_of_two(AllChoices(4 + further_turns(), 0), 50'000);
}

TEST(LogRaces, two_writers_are_safe_with_every_mishap_before_and_after_a_turn) {
    race_of_two(AllChoices(1 + further_turns(), 1), 10'000);
}

}  // namespace
}  // namespace baton::test
