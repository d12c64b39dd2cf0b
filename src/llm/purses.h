// The purses of a pool, by the names that all daemons have for them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "llm/pool_records.h"
#include "llm/purse.h"

namespace baton::llm {

/// Not thread-safe.
class Purses final {
public:
    /// From now on nothing may be spent of it but what is claimed. The purse must outlive this.
    void add(PurseScope scope, std::string_view name, Purse& purse);
    void restore(TimePoint day, const std::vector<PurseSum>& sums);

    struct Plan {
        std::vector<NamedClaim> claims{};  ///< to be written; at most PoolRecords::claims_max
        bool is_quiet = false;  ///< the next look is due when something is spent or wanted
    };
    /// Those of the last plan must have been told what became of it.
    [[nodiscard]] Plan plan(const Now& now);
    /// As `plan`, when nothing is spent any more: gives back. Until there are no claims.
    [[nodiscard]] Plan leave(const Now& now);
    /// In the order of the last plan's claims.
    void granted(const std::vector<PurseGrant>& grants, SteadyTime now);
    void failed();

private:
    struct Kept {
        PurseName owner{};
        Purse* purse = nullptr;
    };
    struct Planned {
        Purse* purse = nullptr;
        TimePoint day{};
    };
    template <class Look>
    [[nodiscard]] Plan look_at_all(Look look);

    std::vector<Kept> purses_;
    std::vector<Planned> planned_;
    std::size_t first_ = 0;  ///< of the next look, so that everybody's turn comes
};

}  // namespace baton::llm
