// CRC-32C (Castagnoli), by the processor's instruction where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton {

/// The checksum of all that was fed: `crc32c(crc32c(0, a), b)` is that of `a` followed by `b`.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t sum, std::string_view data) noexcept;

/// The same from a table: what `crc32c` is where there is no instruction.
[[nodiscard]] std::uint32_t crc32c_by_table(std::uint32_t sum, std::string_view data) noexcept;

}  // namespace baton
