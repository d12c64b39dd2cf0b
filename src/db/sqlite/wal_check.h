// A write-ahead log that a crash left. SQLite takes rot for the log's end and goes on without what
// stood behind it, and takes for durable what it can read.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace baton::db {

/// `user_version` of a database to which commits may have been written without a sync
/// (synchronous=NORMAL) since it was opened. A hole in its log proves nothing.
inline constexpr int unsynced_user_version = 1;

/// Looks at the log beside `database` before SQLite does; nobody may have it open. A commit is
/// written when the one before it is on disk, so a damaged frame with a whole commit and the begin
/// of another behind it was there once. Passes over what a cut write can explain, and over
/// everything when the database has the `user_version` above. Then writes the log once more and
/// syncs it: after a failed sync the system may show bytes that it will never write.
/// A log whose database is empty is all that is left of a store, and an error as well.
/// Fails: storage_corrupt naming the frame or the database; storage_io, storage_full.
[[nodiscard]] Result<void> settle_wal(const std::filesystem::path& database);

}  // namespace baton::db
