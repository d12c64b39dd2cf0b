#include "app/data_dir.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include "model/json_text.h"

namespace baton::app {
namespace {

namespace json = boost::json;

constexpr std::string_view lock_name = "batond.lock";

std::unexpected<Error> unusable(const std::filesystem::path& path, const std::string& why) {
    return fail(Errc::data_dir_unusable, fmt::format("data folder `{}`: {}", path.string(), why));
}

std::string error_text() { return std::strerror(errno); }

/// The pid in the holder's record; 0 when it has not written one yet.
std::int64_t holder_pid(int fd) {
    std::string text(4096, '\0');
    const auto size = ::pread(fd, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    boost::system::error_code error;
    const auto value = json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* pid = object == nullptr ? nullptr : object->if_contains("pid");
    return pid == nullptr || !pid->is_int64() ? 0 : pid->get_int64();
}

Result<void> make_folder(const std::filesystem::path& path) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (error) return unusable(path, "cannot be made: " + error.message());
    if (!std::filesystem::is_directory(path, error)) return unusable(path, "is no folder");
    if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    if (error) return unusable(path, error.message());
    return {};
}

}  // namespace

Result<std::unique_ptr<DataDir>> DataDir::open(std::filesystem::path path) {
    BATON_TRY_VOID(make_folder(path));
    const auto file = path / lock_name;
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return unusable(path, "cannot be written: " + error_text());
    std::unique_ptr<DataDir> folder(new DataDir(std::move(path), fd));
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        const bool held = errno == EAGAIN || errno == EACCES;
        const auto why = error_text();
        const auto pid = held ? holder_pid(fd) : 0;
        ::close(std::exchange(folder->fd_, -1));  // what stands in the file is the holder's
        if (!held) return unusable(folder->path_, "cannot be locked: " + why);
        return fail(Errc::data_dir_locked,
            fmt::format("data folder `{}` is in use by another batond{}", folder->path_.string(),
                pid == 0 ? "" : fmt::format(" (pid {})", pid)));
    }
    BATON_TRY_VOID(folder->publish({}));
    return folder;
}

DataDir::~DataDir() {
    if (fd_ < 0) return;
    static_cast<void>(!::ftruncate(fd_, 0));  // nobody is here any more
    ::close(fd_);
}

Result<void> DataDir::check() const {
    struct stat held{};
    struct stat there{};
    if (::fstat(fd_, &held) != 0) return {};
    if (::stat((path_ / lock_name).c_str(), &there) != 0) {
        // A disk that fails is the stores' matter.
        if (errno != ENOENT && errno != ENOTDIR) return {};
        return unusable(path_, fmt::format("`{}` was removed while in use", lock_name));
    }
    if (held.st_dev == there.st_dev && held.st_ino == there.st_ino) return {};
    return unusable(path_, fmt::format("`{}` was replaced while in use", lock_name));
}

Result<void> DataDir::publish(const DaemonRecord& record) {
    json::object object{{"pid", ::getpid()}};
    if (!record.url.empty()) object["url"] = record.url;
    if (!record.metrics.empty()) object["metrics"] = record.metrics;
    const auto text = json_text(object) + "\n";
    const bool written =
        ::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
        ::ftruncate(fd_, static_cast<off_t>(text.size())) == 0;
    if (!written) return unusable(path_, "cannot be written: " + error_text());
    return {};
}

}  // namespace baton::app
