// Balancing: which of the endpoints that may take a request gets it. Pure: a snapshot, what the
// policy remembers, and numbers drawn by the caller go in, a choice comes out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace baton::llm {

/// How an endpoint is chosen among those that may take a request.
enum class Algorithm : std::uint8_t {
    round_robin,           ///< the one that was asked longest ago
    weighted_round_robin,  ///< by weight, evenly spread (smooth)
    weighted_random,       ///< by weight, without memory
    least_connections,     ///< fewest requests under way, for its weight
    peak_ewma,             ///< the better of two by expected wait, for its weight
    session_affinity,      ///< a conversation stays where it is; without one: by weight
};
/// In the order of the enum.
inline constexpr std::array<std::string_view, 6> algorithm_names{"round_robin",
    "weighted_round_robin", "weighted_random", "least_connections", "peak_ewma",
    "session_affinity"};

/// One endpoint that may take the request now.
struct Candidate {
    std::size_t endpoint = 0;  ///< its place in the pool
    std::uint64_t name_hash = 0;
    std::uint32_t weight = 1;  ///< > 0
    std::uint32_t in_flight = 0;
    double delay_ms = 0;   ///< expected until the first piece of an answer; 0: unknown
    bool is_slow = false;  ///< far slower than it used to be
    double idle_ms = 0;    ///< since it was last picked
};

/// What the policies of one model remember from pick to pick, by the endpoint's place in the pool.
struct Turns {
    std::uint64_t turn = 0;
    std::vector<std::uint64_t> last_turn;  ///< in which an endpoint was picked
    std::vector<std::int64_t> credit;      ///< of weighted round robin

    explicit Turns(std::size_t endpoints = 0) : last_turn(endpoints), credit(endpoints) {}
};

/// What else a pick depends on.
struct PickInput {
    Algorithm algorithm = Algorithm::weighted_round_robin;
    std::uint64_t session_hash = 0;  ///< 0: no conversation
    double draw = 0;                 ///< both even from [0, 1)
    double second_draw = 0;
};

/// The place of the choice in `candidates` (not empty). Those that are slow get nothing while
/// others may take it, except one request now and then (at most a tenth of all, and two a second)
/// that shows whether they still are.
[[nodiscard]] std::size_t pick(
    std::span<const Candidate> candidates, const PickInput& input, Turns& turns);

/// A hash that is the same on every machine and in every version.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text) noexcept;

}  // namespace baton::llm
