// What a pool does by itself: it looks whether endpoints work, and keeps its records.
#pragma once

#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "base/log.h"
#include "llm/attempt.h"
#include "llm/pool_records.h"
#include "llm/provider.h"
#include "runtime/task_group.h"

namespace baton::llm {

/// Lives on one executor; all calls happen there. The references must outlive it.
class Upkeep final {
public:
    /// `providers`: in the order of the endpoints.
    Upkeep(const Executor& executor, const PoolConfig& config, Desk& desk,
        std::vector<Provider*> providers, PoolRecords* records, Log log);

    void start();
    [[nodiscard]] Task<void> stop();

private:
    /// When one endpoint is to be asked whether it works.
    struct Check {
        SteadyTime due{};
        bool under_way = false;
        bool failed = false;        ///< the last time
        bool says_nothing = false;  ///< this kind of endpoint can't be asked
    };

    [[nodiscard]] Task<void> watch();
    [[nodiscard]] Task<void> probe(std::size_t endpoint);
    [[nodiscard]] Task<void> keep_cooldowns();
    [[nodiscard]] Task<void> write_cooldowns();
    [[nodiscard]] Task<void> keep_spending();
    /// False: it has failed.
    [[nodiscard]] Task<bool> write_claims(Purses::Plan plan);
    [[nodiscard]] Task<void> give_back();
    /// Spread a little, so that many daemons do not ask together.
    [[nodiscard]] Duration jittered(Duration interval);
    [[nodiscard]] Deadline start_due();
    [[nodiscard]] bool is_closed(std::size_t endpoint);

    PoolConfig config_;
    Desk& desk_;
    std::vector<Provider*> providers_;
    PoolRecords* records_;
    Log log_;
    std::vector<Check> checks_;
    std::vector<CooldownRecord> written_{};
    bool cooldowns_failed_ = false;
    bool claims_failed_ = false;
    std::minstd_rand random_;
    TaskGroup tasks_;
};

}  // namespace baton::llm
