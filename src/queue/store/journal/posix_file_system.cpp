#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "queue/store/journal/file_system.h"

namespace baton::queue::journal {
namespace {

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
    const int number = errno;
    auto code = Errc::storage_io;
    // Out of descriptors is like out of space: nothing was done, and it may pass.
    const bool is_short = number == EMFILE || number == ENFILE;
    if (number == ENOSPC || number == EDQUOT || is_short) code = Errc::storage_full;
    if (number == ENOENT) code = Errc::not_found;
    return fail(code, fmt::format("{} `{}`: {}", what, path.string(), std::strerror(number)));
}

std::unexpected<Error> not_a_file(const std::filesystem::path& path) {
    return fail(Errc::storage_corrupt, fmt::format("`{}` is not a file", path.string()));
}

/// Calls again what a signal interrupted.
template <class Call>
auto retrying(const Call& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

class PosixFile final : public File {
public:
    PosixFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
    ~PosixFile() override { ::close(fd_); }
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;

    Result<void> write(std::uint64_t offset, std::string_view data) override {
        while (!data.empty()) {
            const auto done = retrying([&] {
                return ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
            });
            if (done < 0) return failed("writing", path_);
            data.remove_prefix(static_cast<std::size_t>(done));
            offset += static_cast<std::uint64_t>(done);
        }
        return {};
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
        std::size_t filled = 0;
        while (filled < into.size()) {
            const auto done = retrying([&] {
                return ::pread(fd_, into.data() + filled, into.size() - filled,
                    static_cast<off_t>(offset + filled));
            });
            if (done < 0) return failed("reading", path_);
            if (done == 0) break;
            filled += static_cast<std::size_t>(done);
        }
        return filled;
    }

    Result<void> allocate(std::uint64_t size) override {
        int error = EINTR;
        while (error == EINTR) error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
        errno = error;
        if (error != 0) return failed("allocating", path_);
        return {};
    }

    Result<void> sync() override {
        // Never repeated after a failure: the kernel may have dropped the pages by then.
        if (::fdatasync(fd_) != 0) return failed("syncing", path_);
        return {};
    }

    Result<std::uint64_t> size() override {
        struct stat info{};
        if (::fstat(fd_, &info) != 0) return failed("asking for the size of", path_);
        return static_cast<std::uint64_t>(info.st_size);
    }

private:
    int fd_;
    std::filesystem::path path_;
};

class PosixFileSystem final : public FileSystem {
public:
    PosixFileSystem(std::filesystem::path folder, int fd) : folder_(std::move(folder)), fd_(fd) {}
    ~PosixFileSystem() override { ::close(fd_); }
    PosixFileSystem(const PosixFileSystem&) = delete;
    PosixFileSystem& operator=(const PosixFileSystem&) = delete;

    Result<std::unique_ptr<File>> open(const std::string& name, Mode mode) override {
        int flags =
            O_CLOEXEC | O_NONBLOCK;  // a pipe in a file's place would wait for its other end
        if (mode == Mode::create) flags |= O_RDWR | O_CREAT | O_TRUNC;
        if (mode == Mode::existing) flags |= O_RDWR;
        const int fd = retrying([&] { return ::openat(fd_, name.c_str(), flags, 0600); });
        if (fd < 0 && errno == EISDIR) return not_a_file(folder_ / name);
        if (fd < 0) return failed("opening", folder_ / name);
        auto file = std::make_unique<PosixFile>(fd, folder_ / name);
        struct stat info{};
        if (::fstat(fd, &info) != 0) return failed("looking at", folder_ / name);
        if (!S_ISREG(info.st_mode)) return not_a_file(folder_ / name);
        return file;
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::renameat(fd_, from.c_str(), fd_, to.c_str()) != 0) {
            return failed("renaming", folder_ / from);
        }
        return {};
    }
    Result<void> remove(const std::string& name) override {
        if (::unlinkat(fd_, name.c_str(), 0) != 0) return failed("removing", folder_ / name);
        return {};
    }
    Result<std::vector<std::string>> list() override {
        std::error_code error;
        std::filesystem::directory_iterator entries(folder_, error);
        std::vector<std::string> names;
        for (; !error && entries != std::filesystem::directory_iterator();
            entries.increment(error)) {
            names.push_back(entries->path().filename());
        }
        if (error) {
            return fail(Errc::storage_io,
                fmt::format("listing `{}`: {}", folder_.string(), error.message()));
        }
        return names;
    }
    Result<void> sync_folder() override {
        if (::fsync(fd_) != 0) return failed("syncing", folder_);
        return {};
    }

private:
    std::filesystem::path folder_;
    int fd_;
};

}  // namespace

Result<std::unique_ptr<FileSystem>> make_posix_file_system(std::filesystem::path folder) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(
            Errc::storage_io, fmt::format("making `{}`: {}", folder.string(), error.message()));
    }
    if (made) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
        // The folder's own entry must survive as well.
        const int parent = ::open((folder / "..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0) return failed("opening", folder / "..");
        const int synced = ::fsync(parent);
        ::close(parent);
        if (synced != 0) return failed("syncing", folder / "..");
    }
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed("opening", folder);
    return std::make_unique<PosixFileSystem>(std::move(folder), fd);
}

std::uint64_t random_number() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace baton::queue::journal
