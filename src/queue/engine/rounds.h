// Rounds of turns, for what a debt is worth after a while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace baton::queue {

/// A round has passed when everyone who was there at its beginning has had a turn.
class Rounds {
public:
    void end_turn(std::size_t turns) noexcept {
        if (left_ > 1) {
            --left_;
            return;
        }
        ++round_;
        left_ = turns;
    }
    void skip(std::int64_t rounds) noexcept { round_ += static_cast<std::uint64_t>(rounds); }
    /// Nobody waits: nobody owes anybody.
    void settle() noexcept { round_ += rounds_max; }

    /// The credit at the beginning of a turn worth `turn` of one whose last turn was in `round`,
    /// which is this one from now on. Who was away while others had turns has paid back as much.
    [[nodiscard]] std::int64_t begin_turn(
        std::int64_t credit, std::uint64_t& round, std::int64_t turn) const noexcept {
        const std::uint64_t away = round_ - round;
        round = round_;
        if (credit < 0 && away > 1) {
            const auto rounds = static_cast<std::int64_t>(std::min(away - 1, rounds_max));
            credit = std::min<std::int64_t>(credit + rounds * turn, 0);
        }
        return credit + turn;
    }

private:
    static constexpr std::uint64_t rounds_max = 1'000'000;

    std::uint64_t round_ = 0;
    std::size_t left_ = 0;  // turns of this round that have not ended
};

}  // namespace baton::queue
