// What the operating system says of a database that is a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace baton::db {

/// Of the disk that a file is on, in bytes.
struct DiskSpace {
    std::uint64_t capacity = 0;
    std::uint64_t available = 0;  ///< to this process
};

/// Nothing when it can't be told.
[[nodiscard]] std::optional<DiskSpace> disk_space(const std::filesystem::path& file);

/// Makes `file` hold so many bytes of the disk, unless it does already. False: there is no room, or
/// the system does not say; then there is no such file.
[[nodiscard]] bool hold_space(const std::filesystem::path& file, std::uint64_t bytes);
/// Gives them back. False: there was nothing to give.
[[nodiscard]] bool free_space(const std::filesystem::path& file);

/// 0 when there is no such file.
[[nodiscard]] std::uint64_t file_bytes(const std::filesystem::path& file);

}  // namespace baton::db
