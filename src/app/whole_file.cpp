#include "app/whole_file.h"

#include <fcntl.h>
#include <fstream>
#include <unistd.h>

#include <fmt/core.h>

namespace baton::app {
namespace {

bool sync(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    return synced;
}

}  // namespace

Result<void> check_target(const std::filesystem::path& file) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(file, error);
    if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return {};
    return fail(Errc::invalid_argument,
        fmt::format(
            "`{}` is there and no regular file: an export would replace it", file.string()));
}

Result<void> write_whole_file(
    const std::filesystem::path& file, const std::function<Result<void>(std::ostream&)>& write) {
    const auto part = file.string() + ".part";
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    std::error_code error;
    std::filesystem::permissions(  // it holds what people wrote
        part, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
    auto done = write(out);
    out.close();
    const bool written = done && out && sync(part);
    if (written) std::filesystem::rename(part, file, error);
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    if (written && !error && sync(folder)) return {};
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    if (!done) return done;
    return fail(Errc::storage_io, fmt::format("`{}` can't be written", file.string()));
}

}  // namespace baton::app
