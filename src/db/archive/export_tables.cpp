#include <ostream>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "db/archive/archive.h"
#include "db/archive/tables.h"
#include "db/migrations.h"
#include "model/json_text.h"

namespace baton::db {
namespace {

namespace json = boost::json;

constexpr std::uint64_t rows_between_words = 1'000;

json::array column_names(const Table& table) {
    json::array names;
    for (const auto& column : table.columns) names.emplace_back(column.name);
    return names;
}

Result<void> write_tables(Connection& connection, std::string_view kind, std::ostream& out,
    const ArchiveProgress& progress, ArchiveReport& report) {
    BATON_TRY(const auto tables, tables_of(connection, kind));
    json::object end;
    std::uint64_t done = 0;
    for (const auto& table : tables) {
        out << json_text(
                   json::object{{"table", table.known.name}, {"columns", column_names(table)}})
            << '\n';
        RowSum sum;
        BATON_TRY_VOID(read_rows(connection, table, [&](std::string_view line) {
            sum.add(line);
            out << line << '\n';
            if (++done % rows_between_words == 0 && progress) progress(done);
        }));
        if (!out) return fail(Errc::storage_io, "the archive can't be written");
        end[table.known.name] =
            json::object{{"rows", sum.rows}, {"sum", fmt::format("{:016x}", sum.sum)}};
        report.tables.push_back({std::string(table.known.name), sum.rows});
    }
    out << json_text(json::object{{"end", std::move(end)}}) << '\n';
    if (!out.flush()) return fail(Errc::storage_io, "the archive can't be written");
    return {};
}

}  // namespace

Result<ArchiveReport> export_tables(Connection& connection, std::string_view kind,
    std::ostream& out, const ArchiveProgress& progress) {
    ArchiveReport report;
    BATON_TRY(report.schema_version, schema_version(connection));
    if (report.schema_version == 0) {
        return fail(Errc::conflict, "the database has no schema: there is nothing to export");
    }
    out << json_text(json::object{{"baton_database", 1}, {"schema_version", report.schema_version}})
        << '\n';
    BATON_TRY_VOID(connection.begin());
    const auto written = write_tables(connection, kind, out, progress, report);
    connection.rollback();
    if (!written) return fail(written.error());
    return report;
}

}  // namespace baton::db
