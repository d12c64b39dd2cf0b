// When the pipeline asks its store for room, and when it does not ask again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "queue/engine/store.h"

namespace baton::queue {

/// Keeps a full store from costing more than a full store must: asking it may mean calls to the
/// file system, and a commit that it refuses means reading everything back. Used on the pipeline's
/// thread only; the references must outlive it.
class RoomKeeper {
public:
    RoomKeeper(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    /// What a new batch may bring without more ado.
    [[nodiscard]] std::uint64_t at_hand() {
        if (is_held()) return 0;
        return store_.reserve(0).value_or(0);
    }

    /// What it may bring when it needs `bytes`; nothing when the store has not got so much, or said
    /// so a moment ago.
    [[nodiscard]] std::optional<std::uint64_t> ask(std::uint64_t bytes) {
        if (is_held() || clock_.steady_now() < ask_again_at_) return std::nullopt;
        const auto room = store_.reserve(bytes);
        if (room) {
            is_full_ = false;
            return *room;
        }
        // A store that has stopped says so when it is to commit.
        if (room.error().code != Errc::storage_full) return bytes;
        is_full_ = true;
        ask_again_at_ = clock_.steady_now() + refusal_kept;
        return std::nullopt;
    }

    /// A batch is durable that brought `bytes`.
    void committed(std::uint64_t bytes) noexcept {
        if (bytes > 0) refusals_ = 0;
    }
    /// The store had promised room and refused the batch all the same. Once that may be bad luck;
    /// from the second time on, nothing that grows is let in for a while.
    void refused() {
        const auto kept = std::min(refusal_kept * (1 << std::min(refusals_, 7)), refusal_kept_max);
        if (refusals_++ > 0) held_until_ = clock_.steady_now() + kept;
    }

    /// Whether the store had no room when it was asked last.
    [[nodiscard]] bool is_full() const noexcept { return is_full_; }

private:
    static constexpr Duration refusal_kept{100};
    static constexpr Duration refusal_kept_max{10'000};

    [[nodiscard]] bool is_held() const { return clock_.steady_now() < held_until_; }

    Store& store_;
    const Clock& clock_;
    SteadyTime ask_again_at_{};
    SteadyTime held_until_{};
    int refusals_ = 0;  ///< one after the other
    bool is_full_ = false;
};

}  // namespace baton::queue
