// How much the SQLite file may still grow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace baton::queue {

/// Counts with what SQLite's own page limit and the file system leave, and looks again now and
/// then: others may write to the same disk. A margin stays free for commits that make room, and
/// some of it is held in a file of its own, for a disk that others have filled. Use from the thread
/// that commits.
class RoomGauge {
public:
    /// The connection's database file. Fails: what asking it fails with.
    [[nodiscard]] static Result<RoomGauge> of(db::Connection& connection);

    /// Content that the next commit may bring, without a look at the disk in most cases.
    /// Fails: storage_full when that is less than `bytes`, or nothing can be held back; what asking
    /// the database fails with.
    [[nodiscard]] Result<std::uint64_t> reserve(db::Connection& connection, std::uint64_t bytes);

    /// So much content was committed.
    void spend(std::uint64_t bytes) noexcept { left_ -= bytes < left_ ? bytes : left_; }
    /// The file turned out to be full.
    void forget() noexcept { left_ = 0; }

    /// Lets go of what is held back. False: nothing is.
    [[nodiscard]] bool give_up_reserve() const;

    /// Whether folding the log into the file is worth its while for a disk that is full.
    [[nodiscard]] bool log_is_worth_folding() const;
    [[nodiscard]] std::uint64_t log_bytes() const;

private:
    explicit RoomGauge(std::filesystem::path file) : file_(std::move(file)) {}
    [[nodiscard]] Result<std::uint64_t> look(db::Connection& connection) const;

    [[nodiscard]] std::filesystem::path beside(std::string_view suffix) const;

    std::filesystem::path file_;
    std::uint64_t left_ = 0;
    int asked_ = 0;  ///< since the last look
};

}  // namespace baton::queue
