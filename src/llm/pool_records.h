// What the pool keeps over a restart: cooldowns, and the money of the day. A port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "llm/purse.h"
#include "runtime/task.h"

namespace baton::llm {

/// Until when an endpoint cools.
struct CooldownRecord {
    std::string endpoint{};
    TimePoint until{};  ///< zero: it does not cool
    std::string reason{};
    bool operator==(const CooldownRecord&) const = default;
};

/// Whose money it is. Values reach disk; never renumber.
enum class PurseScope : std::uint8_t { endpoint = 0, model = 1, tenant = 2 };

struct PurseName {
    PurseScope scope = PurseScope::endpoint;
    std::string name{};
    bool operator==(const PurseName&) const = default;
};

struct NamedClaim {
    PurseName owner{};
    PurseClaim claim{};
    bool operator==(const NamedClaim&) const = default;
};

/// What all daemons have of an owner's day.
struct PurseSum {
    PurseName owner{};
    double spent = 0;
    double claimed = 0;  ///< with what is spent
    bool operator==(const PurseSum&) const = default;
};

/// Safe to use from any thread. All methods fail as the store does.
class PoolRecords {
public:
    static constexpr std::size_t claims_max = 64;

    virtual ~PoolRecords() = default;

    /// The latest of each endpoint. Blocks; for the start.
    [[nodiscard]] virtual Result<std::vector<CooldownRecord>> cooldowns() = 0;
    /// Of all owners of whom something is spent or claimed. Blocks; for the start.
    [[nodiscard]] virtual Result<std::vector<PurseSum>> sums(TimePoint day) = 0;

    /// Adds or replaces; all or none, durable on return. Fails also: overloaded.
    [[nodiscard]] virtual Task<Result<void>> save(std::vector<CooldownRecord> cooldowns) = 0;

    /// Puts claims in the place of what this run of this daemon had claimed, as far as `grant_of`
    /// allows behind the claims of others, as if no other daemon did so at that time; durable on
    /// return. `claims`: 1..`claims_max`, all or none; the grants are in their order. Those that
    /// failed may be granted all the same. Fails also: overloaded.
    [[nodiscard]] virtual Task<Result<std::vector<PurseGrant>>> claim(
        std::vector<NamedClaim> claims) = 0;
};

}  // namespace baton::llm
