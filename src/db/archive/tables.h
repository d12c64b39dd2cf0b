// The tables that an archive carries, and their rows as lines.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>

#include "base/result.h"
#include "db/database.h"

namespace baton::db {

/// What Baton keeps in one table. Rows of a table refer to rows of those before it.
struct KnownTable {
    std::string_view name;
    std::string_view key;  ///< its columns, with commas: rows are told in this order
};

/// All that hold something of their own. What search is made of is made anew.
[[nodiscard]] std::span<const KnownTable> known_tables() noexcept;

/// Begins of names of the tables that are made of others, or of the schema itself.
[[nodiscard]] std::span<const std::string_view> derived_tables() noexcept;

enum class ColumnKind : std::uint8_t { integer, real, text, blob };

struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::text;
    bool operator==(const Column&) const = default;
};

/// A known table as it is in a database.
struct Table {
    KnownTable known;
    std::vector<Column> columns;
};

/// Those of the known tables that the schema has (older versions have fewer).
[[nodiscard]] Result<std::vector<Table>> tables_of(Connection& connection, std::string_view kind);

/// How many rows, and a sum over their lines that does not depend on their order.
struct RowSum {
    std::uint64_t rows = 0;
    std::uint64_t sum = 0;
    void add(std::string_view line) noexcept;
    bool operator==(const RowSum&) const = default;
};

/// A row as a line without its end: ["a",1,null,{"hex":"00ff"}].
[[nodiscard]] std::string line_of(const Row& row, std::span<const Column> columns);

/// Reads a table by its key, 64 rows at a time.
[[nodiscard]] Result<void> read_rows(
    Connection& connection, const Table& table, const std::function<void(std::string_view)>& line);

/// Writes rows, several with each statement. The connection must outlive it, and be in a
/// transaction.
class RowWriter final {
public:
    RowWriter(Connection& connection, const Table& table);
    /// Fails: invalid_argument (not a row of this table), what the database fails with (then
    /// perhaps of an earlier row).
    [[nodiscard]] Result<void> write(boost::json::array row);
    /// After the last row.
    [[nodiscard]] Result<void> flush();

private:
    [[nodiscard]] Result<void> insert(std::size_t rows, const Statement& statement);
    [[nodiscard]] std::string sql_for(std::size_t rows) const;

    Connection& connection_;
    const Table& table_;
    std::string many_sql_;
    std::string one_sql_;
    Statement many_;
    Statement one_;
    std::vector<boost::json::array> waiting_;
    std::deque<std::string> bytes_;  ///< decoded values of `waiting_`
};

}  // namespace baton::db
