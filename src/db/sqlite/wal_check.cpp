#include "db/sqlite/wal_check.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <sqlite3.h>

namespace baton::db {
namespace {

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
constexpr std::size_t header_size = 32;
constexpr std::size_t frame_head_size = 24;
constexpr std::size_t summed_head = 8;  // of a frame's head, what its checksum covers
constexpr std::uint32_t magic = 0x377f0682;
constexpr std::uint32_t magic_big_endian = magic | 1;  // how the checksum takes its words
constexpr std::uint64_t sector_size = 512;
constexpr std::uint64_t chunk_size = 64 * 1024;  // SQLite takes less than 128 KiB at once
constexpr std::size_t user_version_at = 60;      // in the database's first page

std::uint32_t big_endian(const char* at) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(at[i]);
    return value;
}
std::uint32_t little_endian(const char* at) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(at[i]);
    return value;
}

/// The running checksum of a log.
struct Sum {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    bool operator==(const Sum&) const = default;

    static Sum read(const char* at) { return {big_endian(at), big_endian(at + 4)}; }
    void add(std::string_view bytes, bool is_big_endian) {
        const auto word = is_big_endian ? big_endian : little_endian;
        for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
            first += word(bytes.data() + i) + second;
            second += word(bytes.data() + i + 4) + first;
        }
    }
};

/// A file behind SQLite's door to the system.
class RawFile final {
public:
    /// With SQLITE_OPEN_CREATE the first sync is one of the folder, too.
    static Result<std::unique_ptr<RawFile>> open(std::string name, int flags) {
        std::unique_ptr<RawFile> file(new RawFile(std::move(name)));
        const int code =
            file->vfs_->xOpen(file->vfs_, file->name_.c_str(), file->file(), flags, nullptr);
        if (code != SQLITE_OK) return file->failure("opening", code);
        return file;
    }
    ~RawFile() {
        if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
    }
    RawFile(const RawFile&) = delete;
    RawFile& operator=(const RawFile&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    Result<std::uint64_t> size() {
        sqlite3_int64 size = 0;
        const int code = file()->pMethods->xFileSize(file(), &size);
        if (code != SQLITE_OK) return failure("asking for the size of", code);
        return static_cast<std::uint64_t>(size);
    }
    /// Zeros where the file ends.
    Result<std::string> read(std::uint64_t at, std::size_t size) {
        std::string bytes(size, '\0');
        const int code = file()->pMethods->xRead(
            file(), bytes.data(), static_cast<int>(size), static_cast<sqlite3_int64>(at));
        if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return failure("reading", code);
        return bytes;
    }
    Result<void> write(std::uint64_t at, std::string_view bytes) {
        const int code = file()->pMethods->xWrite(
            file(), bytes.data(), static_cast<int>(bytes.size()), static_cast<sqlite3_int64>(at));
        if (code != SQLITE_OK) return failure("writing", code);
        return {};
    }
    Result<void> sync() {
        const int code = file()->pMethods->xSync(file(), SQLITE_SYNC_FULL);
        if (code != SQLITE_OK) return failure("syncing", code);
        return {};
    }

private:
    explicit RawFile(std::string name)
        : name_(std::move(name)),
          memory_(std::make_unique<std::max_align_t[]>(
              static_cast<std::size_t>(vfs_->szOsFile) / sizeof(std::max_align_t) + 1)) {}
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.get()); }
    std::unexpected<Error> failure(std::string_view what, int code) const {
        return fail((code & 0xff) == SQLITE_FULL ? Errc::storage_full : Errc::storage_io,
            fmt::format("{} `{}`: sqlite code {}", what, name_, code));
    }

    sqlite3_vfs* const vfs_ = sqlite3_vfs_find(nullptr);
    std::string name_;
    std::unique_ptr<std::max_align_t[]> memory_;
};

class Wal {
public:
    Wal(RawFile& file, std::uint64_t size) : file_(file), size_(size) {}

    Result<void> check(std::uint32_t user_version) {
        if (size_ <= header_size) return {};
        BATON_TRY(const std::string header, file_.read(0, header_size));
        is_big_endian_ = big_endian(header.data()) == magic_big_endian;
        page_size_ = big_endian(header.data() + 8);
        salts_ = header.substr(16, 8);
        Sum sum;
        sum.add(std::string_view(header).substr(0, header_size - 8), is_big_endian_);
        const bool is_wal = is_big_endian_ || big_endian(header.data()) == magic;
        // The header is one sector and on disk before any frame is written: never torn.
        if (!is_wal || sum != Sum::read(header.data() + header_size - 8)) {
            return fail(
                Errc::storage_corrupt, fmt::format("the head of `{}` is damaged", file_.name()));
        }
        BATON_TRY(const std::uint64_t bad, first_bad(sum, user_version));
        if (user_version == unsynced_user_version) return {};
        BATON_TRY(const bool proven, is_proven(bad));
        if (!proven) return {};
        return fail(Errc::storage_corrupt,
            fmt::format("frame {} of `{}` is damaged; it was on disk, as later ones say", bad + 1,
                file_.name()));
    }

private:
    struct Head {
        std::uint32_t page = 0;
        bool ends_commit = false;
        Sum sum;
    };

    [[nodiscard]] std::uint64_t place(std::uint64_t frame) const {
        return header_size + frame * (frame_head_size + page_size_);
    }
    /// Nothing when another run of the log wrote it, or nobody.
    [[nodiscard]] std::optional<Head> head_of(std::string_view frame) const {
        if (frame.substr(8, 8) != salts_) return std::nullopt;
        return Head{.page = big_endian(frame.data()),
            .ends_commit = big_endian(frame.data() + 4) != 0,
            .sum = Sum::read(frame.data() + 16)};
    }

    /// Number of the first frame that SQLite will not take; `user_version` as the others say.
    Result<std::uint64_t> first_bad(Sum sum, std::uint32_t& user_version) {
        for (std::uint64_t number = 0;; ++number) {
            BATON_TRY(
                const std::string frame, file_.read(place(number), frame_head_size + page_size_));
            const auto head = head_of(frame);
            if (!head) return number;
            const std::string_view bytes = frame;
            sum.add(bytes.substr(0, summed_head), is_big_endian_);
            sum.add(bytes.substr(frame_head_size), is_big_endian_);
            if (sum != head->sum) return number;
            if (head->page == 1) {
                user_version = big_endian(frame.data() + frame_head_size + user_version_at);
            }
        }
    }

    /// Whether behind the frame `bad` a commit ends and another begins.
    Result<bool> is_proven(std::uint64_t bad) {
        bool has_ended = false;
        for (auto number = bad; place(number) + frame_head_size <= size_; ++number) {
            // A head in two sectors may be new by half.
            if (place(number) % sector_size > sector_size - frame_head_size) continue;
            BATON_TRY(const std::string bytes, file_.read(place(number), frame_head_size));
            const auto head = head_of(bytes);
            if (!head) continue;
            if (has_ended) return true;
            has_ended = head->ends_commit;
        }
        return false;
    }

    RawFile& file_;
    std::uint64_t size_;
    bool is_big_endian_ = false;
    std::uint64_t page_size_ = 0;
    std::string salts_;
};

/// 0 when there is none. A database gets its first page before it gets a log, so one without any
/// has lost them; SQLite would take it for a new one and remove the log.
Result<std::uint32_t> user_version_of(const std::filesystem::path& database) {
    BATON_TRY(const auto file, RawFile::open(database, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB));
    BATON_TRY(const auto size, file->size());
    if (size == 0) {
        return fail(Errc::storage_corrupt,
            fmt::format("`{}` is gone or empty, and its log is not", file->name()));
    }
    BATON_TRY(const auto field, file->read(user_version_at, 4));
    return big_endian(field.data());
}

Result<void> write_again(RawFile& file, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size; at += chunk_size) {
        const auto part = static_cast<std::size_t>(std::min(chunk_size, size - at));
        BATON_TRY(const auto bytes, file.read(at, part));
        BATON_TRY_VOID(file.write(at, bytes));
    }
    return file.sync();
}

bool exists(const std::string& name) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    int found = 0;
    return vfs->xAccess(vfs, name.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

}  // namespace

Result<void> settle_wal(const std::filesystem::path& database) {
    const std::string name = database.string() + "-wal";
    if (!exists(name)) return {};
    BATON_TRY(const auto file,
        RawFile::open(name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL));
    BATON_TRY(const auto size, file->size());
    if (size <= header_size) return write_again(*file, size);
    BATON_TRY(const auto version, user_version_of(database));
    BATON_TRY_VOID(Wal(*file, size).check(version));
    return write_again(*file, size);
}

}  // namespace baton::db
