#include "queue/store/sqlite/room_gauge.h"

#include <algorithm>

#include <fmt/core.h>

#include "db/file_space.h"

namespace baton::queue {
namespace {

using db::Statement;

constexpr Statement database_list{"SELECT file FROM pragma_database_list WHERE name = 'main'"};
constexpr Statement page_size{"PRAGMA page_size"};
constexpr Statement page_count{"PRAGMA page_count"};
constexpr Statement page_count_max{"PRAGMA max_page_count"};
constexpr Statement free_pages{"PRAGMA freelist_count"};

constexpr int asked_max = 64;                      // between two looks
constexpr std::uint64_t margin_max = 16ULL << 20;  // a log at its full length
// Content takes at most twice its size in pages (one row of a little more than half a page in
// each), and some pages of indexes whatever it is.
constexpr std::uint64_t pages_factor = 2;
constexpr std::uint64_t indexes = 64 * 1024;
// Enough for the log of some hundred commits that change rows, until it is folded again.
constexpr std::uint64_t reserve_size = 1ULL << 20;
constexpr std::string_view reserve_suffix = "-reserve";

Result<std::uint64_t> number(db::Connection& connection, const Statement& statement) {
    std::uint64_t value = 0;
    const auto read = connection.execute(statement, {}, [&](const db::Row& row) {
        value = static_cast<std::uint64_t>(row.integer(0));
        return false;
    });
    if (!read) return fail(read.error());
    return value;
}

std::uint64_t less(std::uint64_t a, std::uint64_t b) noexcept { return a - std::min(a, b); }

}  // namespace

Result<RoomGauge> RoomGauge::of(db::Connection& connection) {
    std::filesystem::path file;
    const auto read = connection.execute(database_list, {}, [&](const db::Row& row) {
        file = std::string(row.text(0));
        return false;
    });
    if (!read) return fail(read.error());
    return RoomGauge(std::move(file));
}

Result<std::uint64_t> RoomGauge::reserve(db::Connection& connection, std::uint64_t bytes) {
    if (bytes > left_ || ++asked_ >= asked_max) {
        const auto seen = look(connection);
        const bool is_busy = !seen && (seen.error().code == Errc::database_unavailable ||
                                          seen.error().code == Errc::storage_full);
        if (is_busy) return bytes;  // not known now: the commit will tell
        if (!seen) return fail(seen.error());
        const bool is_held = db::hold_space(beside(reserve_suffix), reserve_size);
        left_ = is_held ? *seen : 0;
        asked_ = 0;
    }
    if (left_ >= bytes) return left_;
    return fail(Errc::storage_full,
        fmt::format("`{}` has room for {} more bytes, not for {}", file_.string(), left_, bytes));
}

Result<std::uint64_t> RoomGauge::look(db::Connection& connection) const {
    BATON_TRY(const auto page, number(connection, page_size));
    BATON_TRY(const auto pages, number(connection, page_count));
    BATON_TRY(const auto pages_max, number(connection, page_count_max));
    BATON_TRY(const auto free, number(connection, free_pages));
    const auto by_pages = (less(pages_max, pages) + free) * page / pages_factor;

    const auto disk = db::disk_space(file_);
    if (!disk) return less(by_pages, indexes);
    // What the log holds of new pages will be written to the file as well.
    const auto unfolded = less(pages * page, db::file_bytes(file_));
    const auto margin = std::min(margin_max, disk->capacity / 64);
    const auto available = less(disk->available, unfolded + margin);
    // Content goes to the log first and to the file later; there free pages take it in.
    const auto by_disk =
        std::min(available / pages_factor, (available + free * page) / (2 * pages_factor));
    return less(std::min(by_pages, by_disk), indexes);
}

std::filesystem::path RoomGauge::beside(std::string_view suffix) const {
    auto file = file_;
    file += suffix;
    return file;
}

bool RoomGauge::give_up_reserve() const { return db::free_space(beside(reserve_suffix)); }

std::uint64_t RoomGauge::log_bytes() const { return db::file_bytes(beside("-wal")); }

bool RoomGauge::log_is_worth_folding() const { return log_bytes() >= 4 * indexes; }

}  // namespace baton::queue
