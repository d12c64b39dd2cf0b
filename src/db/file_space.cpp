#include "db/file_space.h"

#include <system_error>

namespace baton::db {

std::optional<DiskSpace> disk_space(const std::filesystem::path& file) {
    std::error_code error;
    const auto space = std::filesystem::space(file, error);
    if (error) return std::nullopt;
    return DiskSpace{.capacity = space.capacity, .available = space.available};
}

std::uint64_t file_bytes(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

}  // namespace baton::db
