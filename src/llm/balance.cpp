#include "llm/balance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace baton::llm {
namespace {

using Candidates = std::span<const Candidate>;

/// Of 64 bits, every one of which depends on all of the input's.
std::uint64_t mix(std::uint64_t value) noexcept {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

std::size_t at(double draw, std::size_t size) noexcept {
    return std::min(static_cast<std::size_t>(draw * static_cast<double>(size)), size - 1);
}

std::size_t longest_ago(Candidates candidates, const Turns& turns) {
    const auto turn = [&](const Candidate& one) { return turns.last_turn[one.endpoint]; };
    return static_cast<std::size_t>(
        std::ranges::min_element(candidates, {}, turn) - candidates.begin());
}

/// Everybody earns its weight, the richest is picked and pays what all earned: in any run of picks
/// each has its share to within one.
std::size_t by_weight_in_turn(Candidates candidates, Turns& turns) {
    std::int64_t total = 0;
    std::size_t best = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto& credit = turns.credit[candidates[i].endpoint];
        credit += candidates[i].weight;
        total += candidates[i].weight;
        if (credit > turns.credit[candidates[best].endpoint]) best = i;
    }
    turns.credit[candidates[best].endpoint] -= total;
    return best;
}

std::size_t by_weight_at_random(Candidates candidates, double draw) {
    double total = 0;
    for (const auto& one : candidates) total += one.weight;
    double left = draw * total;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        left -= candidates[i].weight;
        if (left < 0) return i;
    }
    return candidates.size() - 1;
}

std::size_t least_busy(Candidates candidates, const Turns& turns) {
    std::size_t best = 0;
    const auto load = [&](std::size_t i, std::size_t other) {
        return (std::uint64_t{candidates[i].in_flight} + 1) * candidates[other].weight;
    };
    for (std::size_t i = 1; i < candidates.size(); ++i) {
        const auto mine = load(i, best);
        const auto its = load(best, i);
        const bool waited_longer =
            turns.last_turn[candidates[i].endpoint] < turns.last_turn[candidates[best].endpoint];
        if (mine < its || (mine == its && waited_longer)) best = i;
    }
    return best;
}

/// What a request would wait, as far as is known. One that has shown nothing yet gets a first
/// request at once, and no second one before it has answered.
double expected_wait(const Candidate& one) noexcept {
    constexpr double unknown_ms = 1e9;
    const double queue = one.in_flight;
    if (one.delay_ms <= 0) return queue == 0 ? 0 : (unknown_ms + queue) / one.weight;
    return one.delay_ms * (queue + 1) / one.weight;
}

std::size_t better_of_two(Candidates candidates, const PickInput& input) {
    if (candidates.size() == 1) return 0;
    const std::size_t first = at(input.draw, candidates.size());
    std::size_t second = at(input.second_draw, candidates.size() - 1);
    if (second >= first) ++second;
    return expected_wait(candidates[second]) < expected_wait(candidates[first]) ? second : first;
}

/// Rendezvous: each endpoint draws a number for the conversation, the best one (for its weight)
/// has it. When an endpoint goes, only its own conversations move.
std::size_t home_of(Candidates candidates, std::uint64_t session) {
    std::size_t best = 0;
    double best_score = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const std::uint64_t hash = mix(session ^ mix(candidates[i].name_hash));
        const double drawn = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;  // (0, 1)
        const double score = static_cast<double>(candidates[i].weight) / -std::log(drawn);
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

std::size_t choose(Candidates candidates, const PickInput& input, Turns& turns) {
    switch (input.algorithm) {
        case Algorithm::round_robin: return longest_ago(candidates, turns);
        case Algorithm::weighted_random: return by_weight_at_random(candidates, input.draw);
        case Algorithm::least_connections: return least_busy(candidates, turns);
        case Algorithm::peak_ewma: return better_of_two(candidates, input);
        case Algorithm::session_affinity:
            if (input.session_hash != 0) return home_of(candidates, input.session_hash);
            break;
        case Algorithm::weighted_round_robin: break;
    }
    return by_weight_in_turn(candidates, turns);
}

/// Among those that are not slow, unless all are.
std::size_t choose_good(Candidates candidates, const PickInput& input, Turns& turns) {
    const auto slow = std::ranges::count_if(candidates, &Candidate::is_slow);
    if (slow == 0 || std::cmp_equal(slow, candidates.size())) {
        return choose(candidates, input, turns);
    }
    std::vector<Candidate> good;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].is_slow) continue;
        good.push_back(candidates[i]);
        places.push_back(i);
    }
    return places[choose(good, input, turns)];
}

/// One whose standing must be looked at again, because for a while others had the requests; the
/// number of candidates when there is none.
std::size_t to_explore(Candidates candidates, Algorithm algorithm) {
    constexpr double idle_least_ms = 500;
    constexpr double idle_times = 10;  // as long as the one that was picked last
    const double least = std::ranges::min_element(candidates, {}, &Candidate::idle_ms)->idle_ms;
    const auto wants = [&](const Candidate& one) {
        return (one.is_slow || algorithm == Algorithm::peak_ewma) && one.delay_ms > 0 &&
               one.idle_ms >= std::max(idle_least_ms, least * idle_times);
    };
    return static_cast<std::size_t>(std::ranges::find_if(candidates, wants) - candidates.begin());
}

}  // namespace

std::size_t pick(std::span<const Candidate> candidates, const PickInput& input, Turns& turns) {
    std::size_t chosen = 0;
    if (candidates.size() > 1) {
        chosen = to_explore(candidates, input.algorithm);
        if (chosen == candidates.size()) chosen = choose_good(candidates, input, turns);
    }
    turns.last_turn[candidates[chosen].endpoint] = ++turns.turn;
    return chosen;
}

std::uint64_t stable_hash(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, mixed at the end
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return mix(hash);
}

}  // namespace baton::llm
