// Rot is found: every page of a database file carries a checksum, which SQLite itself has none of.
#pragma once

#include <cstdint>

#include <sqlite3.h>

namespace baton::db {

/// Bytes that a database reserves at the end of each page for the checksum: CRC-32C of the page's
/// number and of its other bytes (README.md tells the layout).
inline constexpr int checksum_size = 4;
inline constexpr int checked_page_size = 4096;
/// The `application_id` of a file with checksums. Such a file that claims to reserve nothing is
/// damaged, not old.
inline constexpr std::int64_t checked_application_id = 0x42746E31;  // "Btn1"

/// The name of SQLite's door to the system that puts the checksum into every page it writes and
/// holds every page it reads against it; a page that differs fails with SQLITE_IOERR_DATA. A file
/// without them (reserved bytes 0, another application_id) is read and written as it is. The log
/// has checksums of SQLite's own. A failed sync of the file or its log is final for the connection:
/// every later write and sync fails with SQLITE_IOERR_FSYNC. Registers itself on first use; safe
/// from any thread.
[[nodiscard]] const char* checked_pages();

/// The page of the main database that was found damaged last, 1 and up; 0: none.
[[nodiscard]] std::uint32_t damaged_page(sqlite3* db) noexcept;

/// Whether the pages of the main database carry checksums, as the file on disk says.
[[nodiscard]] bool has_checksums(sqlite3* db) noexcept;

}  // namespace baton::db
