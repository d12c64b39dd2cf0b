#include "app/rows_tool.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "app/open_schema.h"
#include "app/whole_file.h"
#include "db/archive/archive.h"
#include "model/json_text.h"

namespace baton::app {
namespace {

namespace json = boost::json;

/// How far it is, on a terminal, five times a second at most.
class Progress final {
public:
    explicit Progress(const char* verb) : verb_(verb), shows_(::isatty(STDERR_FILENO) == 1) {}
    ~Progress() {
        if (last_ != Clock::time_point()) static_cast<void>(std::fputs("\r\x1b[K", stderr));
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    [[nodiscard]] db::ArchiveProgress told() {
        return [this](std::uint64_t rows) { show(rows); };
    }

private:
    using Clock = std::chrono::steady_clock;

    void show(std::uint64_t rows) {
        const auto now = Clock::now();
        if (!shows_ || now - last_ < std::chrono::milliseconds(200)) return;
        last_ = now;
        const auto text = fmt::format("\r{} {} rows", verb_, rows);
        static_cast<void>(std::fputs(text.c_str(), stderr));
    }

    const char* verb_;
    const bool shows_;
    Clock::time_point last_{};
};

std::string report_text(
    std::string_view verb, std::string_view kind, const db::ArchiveReport& report, bool as_json) {
    std::uint64_t rows = 0;
    json::object tables;
    for (const auto& table : report.tables) {
        rows += table.rows;
        tables[table.table] = table.rows;
    }
    if (as_json) {
        return json_text(json::object{{"database", kind}, {"version", report.schema_version},
                   {"rows", rows}, {"tables", std::move(tables)}}) +
               "\n";
    }
    auto text =
        fmt::format("{}: {} {} rows, schema version {}\n", kind, verb, rows, report.schema_version);
    for (const auto& table : report.tables) {
        text += fmt::format("{:<24} {}\n", table.table, table.rows);
    }
    return text;
}

constexpr std::string_view standard_stream = "-";

}  // namespace

Result<PrintAndExit> run_rows_export(const MigrateToolOptions& options) {
    const bool to_output = options.file == standard_stream;
    if (!to_output) {
        BATON_TRY_VOID(check_target(options.file));
    }
    BATON_TRY(const auto open, open_schema(options.config, options.settings, Missing::fails));
    Progress progress("exporting");
    const auto kind = open.database->kind();
    db::ArchiveReport report;
    const auto write = [&](std::ostream& out) -> Result<void> {
        BATON_TRY(report, db::export_tables(*open.connection, kind, out, progress.told()));
        return {};
    };
    if (to_output) {
        BATON_TRY_VOID(write(std::cout));
    } else {
        BATON_TRY_VOID(write_whole_file(options.file, write));
    }
    PrintAndExit result{.out = {}, .err = {}};
    // The archive itself may be what goes to standard output.
    (to_output ? result.err : result.out) = report_text("exported", kind, report, options.json);
    return result;
}

Result<PrintAndExit> run_rows_import(const MigrateToolOptions& options) {
    const bool from_input = options.file == standard_stream;
    std::ifstream file;
    if (!from_input) {
        file.open(options.file, std::ios::binary);
        if (!file || std::filesystem::is_directory(options.file)) {
            return fail(Errc::not_found, fmt::format("`{}` can't be read", options.file));
        }
    }
    BATON_TRY(const auto open, open_schema(options.config, options.settings, Missing::is_made));
    BATON_TRY(const int version, db::schema_version(*open.connection));
    if (version == 0) {
        BATON_TRY_VOID(db::migrate_up(*open.connection, open.steps));
    }
    Progress progress("importing");
    const auto kind = open.database->kind();
    const db::TableImportOptions how{.replaces = options.replaces, .progress = progress.told()};
    BATON_TRY(const auto report,
        db::import_tables(*open.connection, kind, from_input ? std::cin : file, how));
    return PrintAndExit{.out = report_text("imported", kind, report, options.json), .err = {}};
}

}  // namespace baton::app
