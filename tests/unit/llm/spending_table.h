// What the database has of one owner's money, for daemons of a simulation.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "llm/purse.h"

namespace baton::llm {

class SpendingTable {
public:
    /// One transaction.
    PurseGrant write(const std::string& spender, const PurseClaim& claim) {
        auto grant = elsewhere(spender, claim.day);
        return write(spender, claim, grant);
    }
    /// … that believes what was read before it.
    PurseGrant write(const std::string& spender, const PurseClaim& claim, PurseGrant read) {
        read.claim = grant_of(claim, read.elsewhere_claimed);
        rows_[{claim.day, spender}] = {.spent = claim.spent, .claim = read.claim};
        return read;
    }
    [[nodiscard]] PurseGrant elsewhere(const std::string& spender, TimePoint day) const {
        PurseGrant sums;
        for (const auto& [key, row] : rows_) {
            if (key.first != day || key.second == spender) continue;
            sums.elsewhere_spent += row.spent;
            sums.elsewhere_claimed += row.claim;
        }
        return sums;
    }
    void forget(const std::string& spender) {
        std::erase_if(rows_, [&](const auto& row) { return row.first.second == spender; });
    }

private:
    struct Row {
        double spent = 0;
        double claim = 0;
    };
    std::map<std::pair<TimePoint, std::string>, Row> rows_;
};

}  // namespace baton::llm
