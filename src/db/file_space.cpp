#include "db/file_space.h"

#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace baton::db {

std::optional<DiskSpace> disk_space(const std::filesystem::path& file) {
    std::error_code error;
    const auto space = std::filesystem::space(file, error);
    if (error) return std::nullopt;
    return DiskSpace{.capacity = space.capacity, .available = space.available};
}

bool hold_space(const std::filesystem::path& file, std::uint64_t bytes) {
    if (file_bytes(file) == bytes) return true;
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const bool held = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)) == 0;
    ::close(fd);
    if (!held) static_cast<void>(free_space(file));
    return held;
}

bool free_space(const std::filesystem::path& file) {
    std::error_code error;
    return std::filesystem::remove(file, error);
}

std::uint64_t file_bytes(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

}  // namespace baton::db
