// The rows of a relational database as lines of JSON, out of one kind of database and into another.
// The lines: docs/formats/database.md.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/database.h"

namespace baton::db {

struct TableCount {
    std::string table;
    std::uint64_t rows = 0;
    bool operator==(const TableCount&) const = default;
};

struct ArchiveReport {
    int schema_version = 0;
    std::vector<TableCount> tables{};  ///< in the order of the lines, empty ones too
    bool operator==(const ArchiveReport&) const = default;
};

/// Called now and then with the rows so far, of all tables.
using ArchiveProgress = std::function<void(std::uint64_t rows)>;

/// Writes all that Baton keeps in the database, as it is at one moment: others may go on. A file
/// that has no last line is no archive. `kind`: as Database::kind. Memory: 64 rows at a time.
/// Fails: conflict (the database has no schema), what the database fails with; storage_io (`out`).
[[nodiscard]] Result<ArchiveReport> export_tables(Connection& connection, std::string_view kind,
    std::ostream& out, const ArchiveProgress& progress = {});

struct TableImportOptions {
    bool replaces = false;  ///< all rows that are there go first
    ArchiveProgress progress{};
};

/// Puts the rows of an archive into a database of either kind whose schema has the archive's
/// version, in one transaction: all of it, or nothing whatever happens. Search finds what came.
/// Before the commit all rows are read back and compared with the archive's checksums. Nobody else
/// writes meanwhile (PostgreSQL: the tables are locked; SQLite: the file is).
/// Fails: invalid_argument (no archive, cut off, changed; the detail has the line), conflict
/// (another schema; rows are there and `replaces` is false), storage_corrupt (what was written
/// reads differently), what the database fails with.
[[nodiscard]] Result<ArchiveReport> import_tables(Connection& connection, std::string_view kind,
    std::istream& in, const TableImportOptions& options = {});

}  // namespace baton::db
