// The small structures the engine is built of.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "queue/engine/aging.h"
#include "queue/engine/fair_lanes.h"
#include "queue/engine/key_table.h"
#include "queue/engine/memory_return.h"
#include "queue/engine/message_table.h"
#include "queue/engine/recall.h"
#include "queue/engine/timers.h"
#include "support/fake_clock.h"

namespace baton::queue {
namespace {

constexpr TimePoint start = test::FakeClock::start;
TimePoint at(int ms) { return start + Duration(ms); }
bool always(std::uint64_t) { return true; }
std::uint32_t one(std::uint32_t) { return 1; }

RC_GTEST_PROP(SeqLane, gives_what_came_smallest_first, ()) {
    SeqChunks chunks;
    SeqLane lane;
    std::multiset<std::uint64_t> model;
    const auto steps = *rc::gen::resize(
        3'000, rc::gen::container<std::vector<int>>(rc::gen::inRange(-300, 1'000)));
    std::uint64_t next = 1'000;
    for (const int step : steps) {
        if (step < 0 && !model.empty()) {
            RC_ASSERT(lane.front(chunks) == *model.begin());
            model.erase(model.begin());
            lane.pop(chunks);
        } else {  // mostly ascending, now and then one that comes back
            const std::uint64_t seq = step % 7 == 0 ? static_cast<std::uint64_t>(step) : next++;
            model.insert(seq);
            lane.push(seq, chunks);
        }
        RC_ASSERT(lane.size() == model.size());
        RC_ASSERT(lane.empty() == model.empty());
    }
    lane.shrink([](std::uint64_t seq) { return seq % 2 == 0; }, chunks);
    const std::set<std::uint64_t> once(model.begin(), model.end());
    for (const auto seq : once) {
        if (seq % 2 != 0) continue;
        RC_ASSERT(lane.front(chunks) == seq);
        lane.pop(chunks);
    }
    RC_ASSERT(lane.empty());
}

TEST(SeqLane, lanes_of_the_same_chunks_keep_apart) {
    SeqChunks chunks;
    std::vector<SeqLane> lanes(50);
    for (int round = 0; round < 3; ++round) {  // the chunks are used again
        for (std::uint64_t seq = 0; seq < 2'000; ++seq) lanes[seq * 7 % 50].push(seq, chunks);
        for (std::uint64_t seq = 0; seq < 2'000; ++seq) {
            SeqLane& lane = lanes[seq * 7 % 50];
            ASSERT_EQ(lane.front(chunks), seq);
            lane.pop(chunks);
        }
        for (const auto& lane : lanes) EXPECT_TRUE(lane.empty());
    }
}

TEST(FairLanes, lanes_take_turns_by_weight) {
    FairLanes lanes;
    for (std::uint64_t i = 1; i <= 30; ++i) {
        lanes.push(1, i);
        lanes.push(2, 100 + i);
    }
    const auto weight = [](std::uint32_t key) { return key == 1 ? 3U : 1U; };
    std::vector<std::uint64_t> seqs;
    for (int i = 0; i < 8; ++i) seqs.push_back(*lanes.pop(always, weight));
    EXPECT_EQ(seqs, (std::vector<std::uint64_t>{1, 2, 3, 101, 4, 5, 6, 102}));
}

TEST(FairLanes, entries_that_fell_away_cost_no_turn) {
    FairLanes lanes;
    for (std::uint64_t i = 1; i <= 4; ++i) lanes.push(1, i);
    lanes.push(2, 5);
    const auto holds = [](std::uint64_t seq) { return seq > 2; };
    EXPECT_EQ(lanes.pop(holds, one), 3);
    EXPECT_EQ(lanes.pop(holds, one), 5);
    EXPECT_EQ(lanes.pop(holds, one), 4);
    EXPECT_EQ(lanes.pop(holds, one), std::nullopt);
    EXPECT_EQ(lanes.lanes(), 0);
    EXPECT_EQ(lanes.size(), 0);
}

TEST(FairLanes, shrink_drops_what_fell_away_and_what_stands_twice) {
    FairLanes lanes;
    for (std::uint32_t key = 0; key < 10; ++key) {
        for (std::uint64_t i = 1; i <= 10; ++i) lanes.push(key, 100 * key + i);
    }
    lanes.push(3, 301);
    EXPECT_EQ(lanes.size(), 101);
    lanes.shrink([](std::uint64_t seq) { return seq / 100 == 3 && seq % 2 == 1; });
    EXPECT_EQ(lanes.lanes(), 1);
    EXPECT_EQ(lanes.size(), 5);
    for (const std::uint64_t seq : {301, 303, 305, 307, 309})
        EXPECT_EQ(lanes.pop(always, one), seq);
    EXPECT_EQ(lanes.pop(always, one), std::nullopt);
    lanes.push(7, 1);
    EXPECT_EQ(lanes.pop(always, one), 1);
}

RC_GTEST_PROP(FairLanes, shares_are_exact_over_full_rounds, ()) {
    const auto weights = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 20)));
    const int rounds = *rc::gen::inRange(1, 5);
    FairLanes lanes;
    std::uint64_t seq = 0;
    std::map<std::uint64_t, std::uint32_t> key_of;
    std::uint32_t total = 0;
    for (std::uint32_t key = 0; key < weights.size(); ++key) {
        total += weights[key];
        for (std::uint32_t i = 0; i < weights[key] * 5; ++i) {
            key_of[++seq] = key;
            lanes.push(key, seq);
        }
    }
    const auto weight = [&](std::uint32_t key) { return weights[key]; };
    std::vector<std::uint32_t> given(weights.size(), 0);
    for (int round = 1; round <= rounds; ++round) {
        for (std::uint32_t i = 0; i < total; ++i) ++given[key_of.at(*lanes.pop(always, weight))];
        for (std::uint32_t key = 0; key < weights.size(); ++key) {
            RC_ASSERT(given[key] == weights[key] * static_cast<std::uint32_t>(round));
        }
    }
}

TEST(Expiring, finds_until_the_end_and_drops_once) {
    Expiring<std::string, int> map;
    EXPECT_EQ(map.put("a", 1, at(10)), std::nullopt);
    EXPECT_EQ(map.put("b", 2, at(20)), std::nullopt);
    EXPECT_EQ(
        map.put("a", 3, at(30)), 1);  // what it replaces comes back, for its owner to account for
    EXPECT_EQ(*map.find(std::string_view("a"), at(29)), 3);
    EXPECT_EQ(map.find(std::string_view("a"), at(30)), nullptr);
    std::vector<int> dropped;
    const auto note = [&](int value) { dropped.push_back(value); };
    map.drop_ended(at(20), note);
    EXPECT_EQ(dropped, (std::vector{2}));
    EXPECT_EQ(map.next_end(), at(30));
    map.drop_ended(at(30), note);
    EXPECT_EQ(dropped, (std::vector{2, 3}));
    EXPECT_EQ(map.next_end(), std::nullopt);
    EXPECT_EQ(map.put("a", 4, at(40)), std::nullopt);
}

TEST(Expiring, an_end_before_the_last_ones_is_kept_longer_but_not_found) {
    Expiring<std::uint64_t, int> map;
    map.put(1, 1, at(100));
    map.put(2, 2, at(10));
    EXPECT_EQ(map.find(std::uint64_t{2}, at(10)), nullptr);
    int dropped = 0;
    map.drop_ended(at(50), [&](int) { ++dropped; });
    EXPECT_EQ(dropped, 0);
    map.drop_ended(at(100), [&](int) { ++dropped; });
    EXPECT_EQ(dropped, 2);
}

TEST(Expiring, sorted_ends_come_up_in_their_order) {
    Expiring<std::uint64_t, int, SortedEnds<std::uint64_t>> map;
    map.put(1, 1, at(100));
    map.put(2, 2, at(10));
    map.put(3, 3, at(50));
    map.put(2, 4, at(60));
    EXPECT_EQ(map.next_end(), at(10));
    std::vector<int> dropped;
    const auto note = [&](int value) { dropped.push_back(value); };
    map.drop_ended(at(59), note);
    EXPECT_EQ(dropped, (std::vector{3}));
    EXPECT_EQ(*map.find_kept(2), 4);
    map.drop_ended(at(100), note);
    EXPECT_EQ(dropped, (std::vector{3, 4, 1}));
    EXPECT_EQ(map.find_kept(2), nullptr);
}

TEST(KeyTable, a_key_lives_as_long_as_its_uses) {
    KeyTable<int> keys;
    EXPECT_EQ(keys.acquire(""), 0);
    EXPECT_EQ(keys.name(0), "");
    keys.release(0);
    const auto a = keys.acquire("a");
    EXPECT_EQ(keys.acquire("a"), a);
    keys.entry(a) = 7;
    const auto b = keys.acquire("b");
    EXPECT_NE(a, b);
    keys.release(a);
    EXPECT_EQ(keys.entry(a), 7);
    EXPECT_EQ(keys.size(), 2);
    keys.release(a);
    EXPECT_EQ(keys.size(), 1);
    const auto again = keys.acquire("a");
    EXPECT_EQ(keys.entry(again), 0);  // entries start afresh
    EXPECT_EQ(keys.name(again), "a");
    EXPECT_EQ(keys.size(), 2);
}

TEST(KeyTable, keys_without_a_use_do_not_pile_up) {
    KeyTable<int> keys;
    const auto kept = keys.acquire("kept");
    for (int i = 0; i < 100'000; ++i) {
        const auto number = keys.acquire("key-" + std::to_string(i));
        EXPECT_LT(number, 2'000);  // numbers are used again
        keys.release(number);
    }
    EXPECT_EQ(keys.size(), 1);
    EXPECT_EQ(keys.acquire("kept"), kept);
}

TEST(KeyTable, keys_that_share_places_are_found_after_others_went) {
    KeyTable<int> keys;
    const auto name = [](int i) { return "key-" + std::to_string(i); };
    std::map<int, std::uint32_t> numbers;
    for (int i = 0; i < 5'000; ++i) numbers[i] = keys.acquire(name(i));
    for (int i = 0; i < 5'000; i += 3) keys.release(numbers[i]);
    for (int i = 0; i < 5'000; ++i) {
        if (i % 3 == 0) continue;
        EXPECT_EQ(keys.acquire(name(i)), numbers[i]);
        keys.release(numbers[i]);
        keys.release(numbers[i]);
    }
    EXPECT_EQ(keys.size(), 0);
    EXPECT_LT(keys.acquire("anew"), 2'000);
}

TEST(MemoryReturn, is_due_when_more_went_than_is_left_and_not_too_often) {
    MemoryReturn memory;
    MemoryReturn::Time now{};
    memory.note_gone(MemoryReturn::gone_min - 1);
    EXPECT_FALSE(memory.is_due(0, now));
    memory.note_gone(1);
    EXPECT_TRUE(memory.is_due(MemoryReturn::gone_min - 1, now));
    EXPECT_FALSE(memory.is_due(MemoryReturn::gone_min, now));
    memory.trim(now);
    memory.note_gone(10 * MemoryReturn::gone_min);
    EXPECT_FALSE(memory.is_due(0, now + MemoryReturn::pause - std::chrono::nanoseconds(1)));
    EXPECT_TRUE(memory.is_due(0, now + MemoryReturn::pause));
}

RC_GTEST_PROP(KeyTable, names_stay_with_their_numbers, ()) {
    KeyTable<int> keys;
    std::map<std::uint32_t, std::pair<std::string, int>> model;
    for (const int step :
        *rc::gen::resize(500, rc::gen::container<std::vector<int>>(rc::gen::inRange(-20, 20)))) {
        const std::string name = "key number " + std::to_string(std::abs(step));  // some beyond SSO
        if (step >= 0) {
            auto& [text, uses] = model[keys.acquire(name)];
            text = name;
            ++uses;
        } else {
            const auto found = std::ranges::find_if(
                model, [&](const auto& entry) { return entry.second.first == name; });
            if (found == model.end()) continue;
            keys.release(found->first);
            if (--found->second.second == 0) model.erase(found);
        }
        RC_ASSERT(keys.size() == model.size());
        for (const auto& [number, entry] : model) RC_ASSERT(keys.name(number) == entry.first);
    }
}

RC_GTEST_PROP(MessageTable, holds_what_a_map_holds, ()) {
    MessageTable table;
    std::map<std::uint64_t, std::uint32_t> model;
    std::uint64_t next = *rc::gen::inRange<std::uint64_t>(1, 1'000);
    const auto steps = *rc::gen::resize(1'000,
        rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 1'000)));
    for (const auto step : steps) {
        if (step % 2 == 0) {
            Slot& slot = table.insert(next);
            slot.state = MessageState::ready;
            slot.attempts = step;
            model[next] = step;
            next += step % 10 == 0 ? step + 1 : 1;
        } else if (!model.empty()) {
            auto victim = model.lower_bound(step * next / 1'000);
            if (victim == model.end()) victim = model.begin();
            table.erase(victim->first);
            RC_ASSERT(table.find(victim->first) == nullptr);
            model.erase(victim);
        }
        RC_ASSERT(table.size() == model.size());
    }
    for (const std::uint64_t after : {std::uint64_t{0}, next / 2, next, UINT64_MAX}) {
        auto expected = model.upper_bound(after);
        table.for_each_after(after, [&](std::uint64_t seq, const Slot& slot) {
            RC_ASSERT(expected != model.end());
            RC_ASSERT(seq == expected->first);
            RC_ASSERT(slot.attempts == expected->second);
            ++expected;
            return true;
        });
        RC_ASSERT(after == UINT64_MAX || expected == model.end());
    }
}

TEST(MessageTable, a_slot_is_as_small_as_promised) { EXPECT_EQ(sizeof(Slot), 80); }

TEST(Timers, come_by_time_then_queue_seq_and_kind) {
    Timers timers;
    const auto timer = [](int ms, std::uint32_t queue, std::uint64_t seq, Timer::Kind kind) {
        return Timer{at(ms), {QueueNumber{queue}, seq}, kind};
    };
    const std::vector<Timer> ordered{timer(1, 9, 9, Timer::Kind::age),
        timer(2, 1, 5, Timer::Kind::due), timer(2, 2, 1, Timer::Kind::due),
        timer(2, 2, 1, Timer::Kind::expiry), timer(2, 2, 3, Timer::Kind::due),
        timer(5, 1, 1, Timer::Kind::due)};
    for (const std::size_t i : {3, 5, 0, 4, 2, 1}) timers.add(ordered[i]);
    EXPECT_EQ(timers.next(), at(1));
    std::vector<Timer> taken;
    while (const auto due = timers.take_due(at(4))) taken.push_back(*due);
    EXPECT_EQ(taken, (std::vector<Timer>(ordered.begin(), ordered.end() - 1)));
    EXPECT_EQ(timers.next(), at(5));
}

TEST(Timers, shrink_keeps_what_holds_once_and_in_order) {
    Timers timers;
    for (int i = 0; i < 100'000; ++i) {
        timers.add({at(100'000 - i), {QueueNumber{1}, static_cast<std::uint64_t>(i)}, {}});
        timers.add({at(50), {QueueNumber{1}, 7}, Timer::Kind::lease});
    }
    const auto holds = [](const Timer& timer) {
        return timer.kind == Timer::Kind::lease || timer.message.seq % 1'000 == 0;
    };
    timers.shrink(1'000'000, holds);
    EXPECT_EQ(timers.size(), 200'000);  // few beside so many live ones
    timers.shrink(100, holds);
    EXPECT_EQ(timers.size(), 101);
    EXPECT_EQ(timers.take_due(at(100'000))->message.seq, 7);
    for (std::uint64_t seq = 99'000; seq > 0; seq -= 1'000) {
        EXPECT_EQ(timers.take_due(at(100'000))->message.seq, seq);
    }
}

TEST(Aging, rises_a_level_each_time_its_wait_is_over) {
    std::array<LevelConfig, level_count> levels{};
    levels[3].max_wait_time = Duration(10);
    levels[2].max_wait_time = Duration(20);
    const auto level_at = [&](int ms) {
        return aged_level(Level::low, start, at(ms), levels).level;
    };
    EXPECT_EQ(level_at(-5), Level::low);
    EXPECT_EQ(level_at(9), Level::low);
    EXPECT_EQ(level_at(10), Level::normal);
    EXPECT_EQ(level_at(29), Level::normal);
    EXPECT_EQ(level_at(30), Level::high);
    EXPECT_EQ(level_at(1'000'000), Level::high);
    levels[1].max_wait_time = Duration(5);
    EXPECT_EQ(level_at(35), Level::realtime);
    EXPECT_EQ(aged_level(Level::low, start, at(35), levels).next_at, TimePoint::max());
}

RC_GTEST_PROP(Aging, the_next_rise_is_known_from_the_level_reached, ()) {
    std::array<LevelConfig, level_count> levels{};
    for (auto& level : levels) level.max_wait_time = Duration(*rc::gen::inRange(0, 50));
    const auto priority = static_cast<Level>(*rc::gen::inRange(0, 4));
    const auto now = at(*rc::gen::inRange(0, 200));
    const Aged aged = aged_level(priority, start, now, levels);
    RC_ASSERT(aged.next_at == rises_at(priority, aged.level, start, levels));
    RC_ASSERT(aged.next_at > now);
    if (aged.next_at == TimePoint::max()) return;
    RC_ASSERT(aged_level(priority, start, aged.next_at, levels).level < aged.level);
    RC_ASSERT(aged_level(priority, start, aged.next_at - Duration(1), levels).level == aged.level);
}

}  // namespace
}  // namespace baton::queue
