// How small structures stand in a text column: JSON a person can read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/message.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// `(number << 39) | seq`.
[[nodiscard]] constexpr std::int64_t row_id(Locator at) noexcept {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(at.queue) << 39) | at.seq);
}
[[nodiscard]] constexpr Locator locator_of(std::int64_t row) noexcept {
    const auto bits = static_cast<std::uint64_t>(row);
    return {QueueNumber{static_cast<std::uint32_t>(bits >> 39)}, bits & seq_max};
}

/// The column `flags` of a delivery: 1 anew, 2 redriven.
[[nodiscard]] constexpr std::int64_t flags_of(const Delivery& delivery) noexcept {
    return (delivery.anew ? 1 : 0) | (delivery.redriven ? 2 : 0);
}

/// [["name","value"],…]; empty for none. A value that is not UTF-8 cannot come here: the doors
/// refuse it.
[[nodiscard]] std::string headers_to_text(const std::vector<Header>& headers);
/// Fails: storage_corrupt.
[[nodiscard]] Result<std::vector<Header>> headers_from_text(std::string_view text);

/// [{"at":ms,"attempt":n,"reason":"…"},…]; empty for none.
[[nodiscard]] std::string history_to_text(const std::vector<FailureNote>& history);
/// Fails: storage_corrupt.
[[nodiscard]] Result<std::vector<FailureNote>> history_from_text(std::string_view text);

}  // namespace baton::queue
