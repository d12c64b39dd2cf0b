// The admin key's file: made whole or not at all, and readable by its owner only.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "access/access.h"
#include "access/key_text.h"

namespace baton::access {
namespace {

class Fd final {
public:
    explicit Fd(int fd) noexcept : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool good() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

std::unexpected<Error> unusable(const std::filesystem::path& file, std::string_view what) {
    return fail(Errc::data_dir_unusable,
        fmt::format("{} `{}`: {}", what, file.string(), std::strerror(errno)));
}

Result<Secret> read_key(const std::filesystem::path& file, int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return unusable(file, "reading");
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(Errc::permission_denied,
            fmt::format("others may read `{}`; do `chmod 600`", file.string()));
    }
    // Room for a line end, and one byte to see that the key is too long.
    std::array<char, key_text_max + 3> buffer{};
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0) return unusable(file, "reading");
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    if (!visible || text.size() < key_text_min || text.size() > key_text_max) {
        return fail(Errc::data_dir_unusable,
            fmt::format("`{}` holds no key of {} to {} visible ASCII characters; remove it and a "
                        "new one is made",
                file.string(), key_text_min, key_text_max));
    }
    return Secret(std::string(text));
}

Result<void> write_whole(const std::filesystem::path& file, std::string_view text) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.good()) return unusable(file, "making");
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) return unusable(file, "writing");
    if (::fsync(fd.get()) != 0) return unusable(file, "writing");
    return {};
}

Result<void> sync_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.good() || ::fsync(fd.get()) != 0) return unusable(folder, "writing");
    return {};
}

/// Under its own name only when it is complete. Somebody else may make the file meanwhile; then his
/// stands.
Result<void> create_key_file(const std::filesystem::path& file) {
    auto draft = file;
    draft += ".new";
    ::unlink(draft.c_str());  // of a start that was cut short
    const std::string line = std::string(draw_key("admin").reveal()) + "\n";
    BATON_TRY_VOID(write_whole(draft, line));
    const int linked = ::link(draft.c_str(), file.c_str());
    const int error = errno;
    ::unlink(draft.c_str());
    errno = error;
    if (linked != 0 && error != EEXIST) return unusable(file, "making");
    return sync_folder(file);
}

}  // namespace

Result<Secret> load_or_create_admin_key(const std::filesystem::path& file) {
    BATON_TRY_VOID(start_crypto());
    const Fd existing(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (existing.good()) return read_key(file, existing.get());
    if (errno != ENOENT) return unusable(file, "opening");
    BATON_TRY_VOID(create_key_file(file));
    const Fd created(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!created.good()) return unusable(file, "opening");
    return read_key(file, created.get());
}

}  // namespace baton::access
