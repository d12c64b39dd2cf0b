// Daemons that share the limits of one endpoint, their log, their clocks and their faults: one
// thread, one number that all chance comes from.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "llm/share_node.h"
#include "llm/shared_books.h"
#include "spending_table.h"

namespace baton::llm {

struct ShareFaults {
    double lost = 0;         ///< of tellings: not stored, or long after; of claims too
    double slow = 0;         ///< of claims: takes up to half a second
    double stall = 0;        ///< a second, of a daemon's reading, for up to 6 s
    double pause = 0;        ///< a second, of a daemon, for up to 6 s
    double cut = 0;          ///< a second, of a daemon from the log, for up to 20 s
    double death = 0;        ///< a second; another one comes in its place
    double rate_spread = 0;  ///< clocks run so much faster or slower at most
    Duration skew{0};        ///< … and show another time of day
};

/// What the simulation has to find.
enum class ShareMistake : std::uint8_t {
    none,
    uses_before_the_log_shows,
    lowers_after_telling,  ///< … or never
    holds_too_long,
    forgets_who_died,  ///< who comes later does not read what was told before
    claims_too_little,
    // Of money:
    spends_before_it_is_written,
    takes_back_what_is_in_force,
    forgets_what_the_dead_have_spent,
    reads_in_another_transaction,
};

/// What a minute of one daemon asks for.
struct ShareLoad {
    double per_second = 0;  ///< requests offered; what cannot be sent is given up
    Duration longest{500};  ///< a request takes up to so long
    std::uint64_t tokens_max = 1;
    double cost_max = 0;
};

class ShareWorld {
public:
    using Time = std::chrono::milliseconds;  ///< true time

    ShareWorld(std::uint64_t seed, Limits limits, ShareFaults faults = {},
        ShareMistake mistake = ShareMistake::none)
        : chance_(seed), limits_(limits), faults_(faults), mistake_(mistake) {}

    std::size_t add(ShareLoad load) {
        daemons_.push_back(fresh());
        daemons_.back()->load = load;
        return daemons_.size() - 1;
    }
    void set_load(std::size_t daemon, ShareLoad load) { daemons_[daemon]->load = load; }
    /// It is gone, and nobody comes in its place.
    void kill(std::size_t daemon) { daemons_[daemon]->is_dead = true; }
    void forget_counts() {
        for (auto& daemon : daemons_) daemon->sent = 0, daemon->sent_tokens = 0;
        tellings_ = claims_ = 0;
        sent_ = 0;
    }

    void run_for(Time time);

    [[nodiscard]] std::uint64_t sent(std::size_t daemon) const { return daemons_[daemon]->sent; }
    [[nodiscard]] std::uint64_t sent_tokens(std::size_t daemon) const {
        return daemons_[daemon]->sent_tokens;
    }
    /// By all, also by those that are dead.
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    /// The most that was ever seen beyond a limit; 0: nothing.
    [[nodiscard]] std::uint64_t overshoot() const { return overshoot_; }
    [[nodiscard]] std::uint64_t tellings() const { return tellings_; }
    /// Of the days so far, in their order.
    [[nodiscard]] const std::map<std::chrono::sys_days, double>& spent() const { return spent_; }
    [[nodiscard]] std::uint64_t claims() const { return claims_; }
    [[nodiscard]] double even() { return std::uniform_real_distribution<double>(0, 1)(chance_); }

private:
    static constexpr Time step{5};
    static constexpr Time minute{60'000};
    static constexpr Time remembered{66'000};
    /// Midnight is two and a half minutes after the begin.
    static constexpr TimePoint day{std::chrono::sys_days(std::chrono::days(20'454))};
    static constexpr Time midnight{1'150'000};

    struct Told {
        std::string daemon;
        ShareEntry entry;
        Time at{};
    };
    /// A claim on its way to the database, and back.
    struct Put {
        std::string spender;
        PurseClaim claim;
        PurseGrant read;  ///< when it was sent
        PurseGrant grant;
        Time lands_at{};
        Time answered_at{};
        bool lands = true;
        bool is_answered = true;
    };
    struct Busy {
        Need estimate;
        Need fact;
        SteadyTime began{};
        SteadyTime ends{};
    };
    struct Daemon {
        std::string id;
        double rate = 1;
        Duration offset{0};
        LimitBook book;
        SharedBooks books;
        std::unique_ptr<ShareNode> node;
        ShareLoad load;
        double owed = 0;
        std::vector<Busy> busy;
        std::size_t next_read = 0;
        Time reads_at{};
        bool is_complete = false;  ///< it has read what was told before it came
        bool is_dead = false;
        Time awake_at{};
        Time writes_until{};  ///< its thread waits for an answer
        Time cut_until{};
        SteadyTime allowed_until{};
        Duration skew{0};
        std::shared_ptr<Put> put;
        std::uint64_t sent = 0;
        std::uint64_t sent_tokens = 0;
    };
    struct Late {
        Time at{};
        Told told;
    };

    bool happens(double a_second);
    Time within(Time most);

    std::unique_ptr<Daemon> fresh();

    SteadyTime clock(const Daemon& daemon) const;
    Now both_clocks(const Daemon& daemon) const;

    void act(std::unique_ptr<Daemon>& daemon);

    void land();

    void read(Daemon& daemon);

    void tell(Daemon& daemon);

    void keep_money(Daemon& daemon);

    void end_requests(Daemon& daemon);

    void offer(Daemon& daemon);

    void exceeds(std::uint64_t amount, std::uint64_t limit);
    void check(std::uint64_t tokens);
    void check_money(const Daemon& daemon, double cost);

    std::mt19937_64 chance_;
    const Limits limits_;
    const ShareFaults faults_;
    const ShareMistake mistake_;
    Time now_{1'000'000};
    std::uint64_t made_ = 0;
    std::vector<std::unique_ptr<Daemon>> daemons_;
    std::vector<Told> log_;
    std::size_t first_read_ = 0;
    std::vector<Late> late_;
    std::map<std::string, std::uint64_t> newest_;
    std::deque<std::pair<Time, std::uint64_t>> minute_;
    std::uint64_t minute_tokens_ = 0;
    std::uint64_t overshoot_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t tellings_ = 0;
    SpendingTable table_;
    std::vector<std::shared_ptr<Put>> puts_;
    std::map<std::chrono::sys_days, double> spent_;
    std::uint64_t claims_ = 0;
};

}  // namespace baton::llm
