// Trouble that every request meets while it lasts: told once a minute, not once a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/error.h"

namespace baton::api::rest {

/// Each code for itself. Safe to use from any thread.
class TroubleLog final {
public:
    static constexpr std::chrono::minutes interval{1};

    /// Whether to log what fails with `code` now; then the number that was not logged before it.
    [[nodiscard]] std::optional<std::uint64_t> tells(Errc code, SteadyTime now) {
        const std::scoped_lock lock(mutex_);
        const auto [place, is_first] = told_.try_emplace(code, Told{.until = now + interval});
        Told& told = place->second;
        if (!is_first && now < told.until) {
            ++told.untold;
            return std::nullopt;
        }
        const auto untold = told.untold;
        told = {.until = now + interval};
        return untold;
    }

private:
    struct Told {
        SteadyTime until{};
        std::uint64_t untold = 0;
    };
    std::mutex mutex_;
    std::map<Errc, Told> told_;  // as many as there are codes, at most
};

}  // namespace baton::api::rest
