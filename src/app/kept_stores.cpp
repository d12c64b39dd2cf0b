#include "app/kept_stores.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

namespace baton::app {
namespace {

std::filesystem::path note_of(std::filesystem::path store) { return store += "-kept"; }

/// Any file with content, in the store's place or in the folder that it is.
bool holds_something(const std::filesystem::path& store) {
    const auto has_bytes = [](const std::filesystem::path& file) {
        std::error_code error;
        const auto size = std::filesystem::file_size(file, error);
        return !error && size > 0;
    };
    std::error_code error;
    if (!std::filesystem::is_directory(store, error)) return has_bytes(store);
    const std::filesystem::directory_iterator files(store, error);
    return std::ranges::any_of(
        begin(files), end(files), [&](const auto& entry) { return has_bytes(entry.path()); });
}

bool sync_folder_of(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool synced = ::fsync(fd) == 0;
    const int error = errno;
    ::close(fd);
    errno = error;
    return synced;
}

}  // namespace

Result<void> check_kept(const std::filesystem::path& store) {
    std::error_code error;
    const auto note = note_of(store);
    if (!std::filesystem::exists(note, error) || holds_something(store)) return {};
    return fail(
        Errc::storage_corrupt, fmt::format("`{}` is missing or empty, but there was a store; bring "
                                           "it back, or remove `{}` to begin anew",
                                   store.string(), note.string()));
}

Result<void> remember_kept(const std::filesystem::path& store) {
    if (!holds_something(store)) return {};
    const auto note = note_of(store);
    const int fd = ::open(note.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
    if (fd >= 0 && sync_folder_of(note)) return {};
    if (errno == ENOSPC || errno == EDQUOT) return {};
    return fail(Errc::data_dir_unusable,
        fmt::format("`{}` can't be made: {}", note.string(), std::strerror(errno)));
}

}  // namespace baton::app
