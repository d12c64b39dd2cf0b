// How much the store lets into the next commit, and what of it is taken. Pure.
#pragma once

#include <cstdint>
#include <utility>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/result.h"

namespace baton::queue {

/// Bytes as growth.h tells them. Without `allow` there is no limit.
class StoreRoom {
public:
    /// The next commit may bring `bytes`, what is taken already included.
    void allow(std::uint64_t bytes) noexcept { allowed_ = bytes; }

    /// Takes room for what a command adds; call it before the command changes anything.
    /// Fails: storage_full, and notes how much was lacking.
    [[nodiscard]] Result<void> take(std::uint64_t bytes) {
        if (taken_ + bytes <= allowed_) {
            taken_ += bytes;
            return {};
        }
        lacking_ = bytes;
        return fail(Error{.code = Errc::storage_full,
            .detail = fmt::format("the store has no room for {} more bytes", bytes),
            .retry_after = Duration(1'000)});
    }

    /// What the next commit would have to bring if the command that was refused since the last call
    /// went in; 0: none was.
    [[nodiscard]] std::uint64_t take_lacking() noexcept {
        const std::uint64_t lacking = std::exchange(lacking_, 0);
        return lacking == 0 ? 0 : taken_ + lacking;
    }

    /// A batch is complete; returns what it brings.
    std::uint64_t end_batch() noexcept { return std::exchange(taken_, 0); }

private:
    std::uint64_t allowed_ = UINT64_MAX;
    std::uint64_t taken_ = 0;
    std::uint64_t lacking_ = 0;
};

}  // namespace baton::queue
