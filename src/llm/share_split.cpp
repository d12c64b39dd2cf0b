#include "llm/share_split.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>

namespace baton::llm {
namespace {

std::uint64_t demand_of(const ShareParty& party, std::uint64_t total) {
    return std::min(total, party.in_use) + std::min(total, party.want);
}

/// Everybody but `out`, the one with the least demand first.
std::vector<std::size_t> by_demand(
    std::uint64_t total, std::span<const ShareParty> parties, std::optional<std::size_t> out) {
    std::vector<std::size_t> order(parties.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (out) order.erase(order.begin() + static_cast<std::ptrdiff_t>(*out));
    std::ranges::stable_sort(order, [&](std::size_t one, std::size_t other) {
        const auto mine = demand_of(parties[one], total);
        const auto theirs = demand_of(parties[other], total);
        if (mine != theirs) return mine < theirs;
        return parties[one].waited < parties[other].waited;  // later ones get the odd one
    });
    return order;
}

/// Water-filling: from the smallest demand on, each gets it or an even part of what is left.
void fill(std::uint64_t total, std::span<const ShareParty> parties, std::optional<std::size_t> out,
    std::vector<std::uint64_t>& shares) {
    const auto order = by_demand(total, parties, out);
    std::uint64_t left = total;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto even = left / (order.size() - i);
        auto& share = shares[order[i]];
        share = std::min(demand_of(parties[order[i]], total), even);
        left -= share;
    }
}

/// Of those who have not more than their part already.
std::optional<std::size_t> longest_waiting(
    std::span<const ShareParty> parties, std::span<const std::uint64_t> shares) {
    std::optional<std::size_t> longest;
    for (std::size_t i = 0; i < parties.size(); ++i) {
        const bool waits = parties[i].unit > 0 && parties[i].want > 0;
        if (!waits || parties[i].in_use > shares[i]) continue;
        if (!longest || parties[i].waited > parties[*longest].waited) longest = i;
    }
    return longest;
}

}  // namespace

std::vector<std::uint64_t> split_limit(std::uint64_t total, std::span<const ShareParty> parties) {
    std::vector<std::uint64_t> shares(parties.size());
    fill(total, parties, std::nullopt, shares);
    const auto first = longest_waiting(parties, shares);
    if (!first) return shares;
    const auto& party = parties[*first];
    const auto needed = std::min(total, party.in_use) + std::min(total, party.unit);
    if (shares[*first] >= needed || needed > total) return shares;
    std::uint64_t used = needed;
    for (std::size_t i = 0; i < parties.size(); ++i) {
        if (i != *first) used += std::min(total, parties[i].in_use);
    }
    const bool is_modest = needed <= std::max<std::uint64_t>(1, total / 2);
    if (used > total && !is_modest) return shares;
    shares[*first] = needed;
    fill(total - needed, parties, first, shares);
    return shares;
}

}  // namespace baton::llm
