// What all parts of the simulated cluster share: time, chance, the servers, and who may reach whom.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "queue/cluster/cluster_node.h"
#include "support/sim_bucket.h"

namespace baton::test {

using SimTime = queue::cluster::SteadyTime;  ///< true time, which nobody in the cluster knows

/// Every decision of a run, from one number.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    std::uint64_t number() { return random_(); }
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool one_in(std::uint64_t n) { return random_() % n == 0; }
    Duration between(std::int64_t min_ms, std::int64_t max_ms) {
        return Duration(min_ms + static_cast<std::int64_t>(
                                     below(static_cast<std::uint64_t>(max_ms - min_ms + 1))));
    }

private:
    std::mt19937_64 random_;
};

/// What is going to happen, in the order of time.
class Agenda {
public:
    [[nodiscard]] SimTime now() const { return now_; }
    void after(Duration time, std::function<void()> what) {
        events_.emplace(now_ + time, std::move(what));
    }
    void run(Duration time) {
        const auto end = now_ + time;
        while (!events_.empty() && events_.begin()->first <= end) {
            now_ = events_.begin()->first;
            const auto what = std::move(events_.begin()->second);
            events_.erase(events_.begin());
            what();
        }
        now_ = end;
    }

private:
    SimTime now_{Duration(1'000'000)};
    std::multimap<SimTime, std::function<void()>> events_;
};

/// A mistake that is made on purpose, to see that it is found.
enum class Mistake : std::uint8_t {
    none,
    // of the log,
    no_fencing,           ///< it takes entries of whoever comes
    opens_early,          ///< a leader reads what a lagging replica has
    loses_entries,        ///< it says yes to some and does not store them
    forgets_lost_answer,  ///< no answer is taken for not written
    // of leaders,
    goes_on_after_close,  ///< one says that it has closed, and goes on
    no_lease,             ///< answers without commits are given at any time
    answers_early,        ///< answers leave before the log has the records
    // of what is asked of the engine
    no_dedup,     ///< it forgets what was posted
    no_order,     ///< it does not hear of keys
    loses_acks,   ///< they are answered, and not done
    lends_twice,  ///< leases are extended in words only
};

/// A stream: what was written by whom, in one order.
struct SimStream {
    struct Message {
        std::uint64_t number = 0;  ///< of the entry; 0: someone took over
        std::string entry{};
        SimTime at{};
    };
    std::map<std::uint64_t, Message> messages;  ///< by sequence
    std::uint64_t last = 0;
    bool is_away = false;  ///< it has no leader

    [[nodiscard]] std::uint64_t add(Message message) {
        messages.emplace(++last, std::move(message));
        return last;
    }
};

struct SimWorld {
    SimWorld(std::uint64_t seed, Mistake mistake_in)
        : chance(seed), mistake(mistake_in), bucket(queue::cluster::ClusterTiming{}.ttl) {}

    Agenda agenda;
    Chance chance;
    const Mistake mistake;
    SimBucket bucket;
    bool is_bucket_away = false;
    double server_drift = 0;  ///< of the clock that entries expire by
    std::vector<SimStream> streams;
    bool is_calm = false;  ///< no message is lost or late any more
    /// A run of much reading and few changes, in which daemons lose the bucket and nothing else:
    /// there it shows who answers without knowing.
    bool is_about_reading = false;
    std::uint64_t trace = 14'695'981'039'346'656'037ULL;  ///< of everything that happened
    std::vector<std::string> violations;
    std::function<void(const std::string&)> log = [](const std::string&) {};

    [[nodiscard]] SimTime server_time() const {
        const auto since = agenda.now().time_since_epoch().count();
        return SimTime(
            Duration(since + static_cast<std::int64_t>(static_cast<double>(since) * server_drift)));
    }
    /// How long a message is on its way.
    Duration travel_time() {
        if (!is_calm && chance.one_in(100)) return chance.between(100, 2'500);
        return chance.between(1, 12);
    }
    bool loses_message() { return !is_calm && chance.one_in(150); }
    bool doubles_message() { return !is_calm && chance.one_in(150); }
    void note(const std::string& what) {
        trace = (trace ^ queue::cluster::stable_hash(what)) * 1'099'511'628'211ULL;
        log(what);
    }
    void violated(std::string what) {
        note("VIOLATION " + what);
        if (violations.size() < 10) violations.push_back(std::move(what));
    }
};

}  // namespace baton::test
