#include "app/migrate_tool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "app/open_schema.h"
#include "app/rows_tool.h"
#include "db/migrations.h"
#include "model/json_text.h"

namespace baton::app {
namespace {

namespace json = boost::json;

json::object step_json(const db::StepReport& step) {
    json::object object{
        {"version", step.version}, {"name", step.name}, {"state", db::to_string(step.state)}};
    if (!step.applied_at.empty()) object["applied_at"] = step.applied_at;
    return object;
}

Result<PrintAndExit> run_status(const MigrateToolOptions& options) {
    BATON_TRY(const auto open, open_schema(options.config, options.settings, Missing::fails));
    BATON_TRY(const auto report, db::schema_report(*open.connection, open.steps));
    PrintAndExit result{.status = report.is_sound() ? 0 : errc_info(Errc::conflict).exit_code,
        .out = {},
        .err = {}};
    if (options.json) {
        json::array steps;
        for (const auto& step : report.steps) steps.push_back(step_json(step));
        result.out = json_text(json::object{{"database", open.database->kind()},
                         {"version", report.version}, {"known", report.known},
                         {"sound", report.is_sound()}, {"steps", std::move(steps)}}) +
                     "\n";
        return result;
    }
    result.out = fmt::format("{}: schema version {}, this program knows {}\n",
        open.database->kind(), report.version, report.known);
    for (const auto& step : report.steps) {
        result.out += fmt::format("{:04} {:<24} {:<8} {}\n", step.version, step.name,
            db::to_string(step.state), step.applied_at);
    }
    return result;
}

/// What went from one version to another, in the order in which it went.
PrintAndExit told(const MigrateToolOptions& options, const OpenSchema& open, int from, int to) {
    std::vector<const db::Migration*> gone;
    for (const auto& step : open.steps) {
        if (step.version > std::min(from, to) && step.version <= std::max(from, to)) {
            gone.push_back(&step);
        }
    }
    if (to < from) std::ranges::reverse(gone);
    if (options.json) {
        json::array steps;
        for (const auto* step : gone) {
            steps.push_back(json::object{{"version", step->version}, {"name", step->name}});
        }
        return {.out = json_text(json::object{{"database", open.database->kind()}, {"from", from},
                           {"version", options.dry_run ? from : to}, {"dry_run", options.dry_run},
                           {"steps", std::move(steps)}}) +
                       "\n",
            .err = {}};
    }
    std::string text;
    for (const auto* step : gone) {
        text += fmt::format("{} {:04} {}\n", to > from ? "up" : "down", step->version, step->name);
    }
    text += options.dry_run ? fmt::format("all of it undone: schema version {}\n", from)
                            : fmt::format("schema version {}\n", to);
    return {.out = std::move(text), .err = {}};
}

Result<PrintAndExit> run_up(const MigrateToolOptions& options) {
    BATON_TRY(const auto open, open_schema(options.config, options.settings, Missing::is_made));
    BATON_TRY(const int from, db::schema_version(*open.connection));
    BATON_TRY(const int to, db::migrate_up(*open.connection, open.steps,
                                {.target = options.to, .dry_run = options.dry_run}));
    return told(options, open, from, to);
}

Result<PrintAndExit> run_down(const MigrateToolOptions& options) {
    BATON_TRY(const auto open, open_schema(options.config, options.settings, Missing::fails));
    BATON_TRY(const int from, db::schema_version(*open.connection));
    const int target = options.to.value_or(std::max(0, from - 1));
    BATON_TRY(
        const int to, db::migrate_down(*open.connection, open.steps, target, options.dry_run));
    return told(options, open, from, to);
}

/// The number behind the last one of a folder's `NNNN_…` files.
int next_number(const std::filesystem::path& folder) {
    int last = 0;
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
        const auto name = file.path().filename().string();
        const auto digits =
            std::ranges::find_if_not(name, [](char c) { return c >= '0' && c <= '9'; });
        if (digits - name.begin() == 4) last = std::max(last, std::stoi(name.substr(0, 4)));
    }
    return last + 1;
}

Result<void> create_file(const std::filesystem::path& file, std::string_view text) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (written) return {};
    return fail(error == EEXIST ? Errc::already_exists : Errc::storage_io,
        fmt::format("`{}` can't be written: {}", file.string(), std::strerror(error)));
}

Result<PrintAndExit> run_new(const MigrateToolOptions& options) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (options.name.empty() || options.name.size() > 64 ||
        !std::ranges::all_of(options.name, good)) {
        return fail_field(Errc::invalid_argument, "NAME",
            "a step's name is 1 to 64 small letters, digits and `_`");
    }
    const std::array kinds{options.folder / "sqlite", options.folder / "postgres"};
    int number = 1;
    for (const auto& folder : kinds) {
        if (!std::filesystem::is_directory(folder)) {
            return fail(Errc::not_found, fmt::format("there is no folder `{}`", folder.string()));
        }
        number = std::max(number, next_number(folder));
    }
    PrintAndExit result;
    for (const auto& folder : kinds) {
        for (const auto* way : {"up", "down"}) {
            const auto file = folder / fmt::format("{:04}_{}.{}.sql", number, options.name, way);
            BATON_TRY_VOID(
                create_file(file, std::string_view(way) == "up" ? "-- What this is for.\n"
                                                                : "-- Undoes all of it.\n"));
            result.out += file.string() + "\n";
        }
    }
    return result;
}

}  // namespace

void define_migrate_tool(CLI::App& app, MigrateToolOptions& options, MigrateTool& chosen) {
    auto* migrate = app.add_subcommand("migrate", "the schema of the relational database");
    migrate->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, MigrateTool tool) {
        auto* command = migrate->add_subcommand(name, what);
        command->callback([&chosen, tool] { chosen = tool; });
        return command;
    };
    auto* const up = add("up", "apply the steps that are missing", run_up);
    auto* const down = add("down", "undo the last step, or all above a version", run_down);
    auto* const status = add("status", "which steps have landed", run_status);
    auto* const out = add("export", "write all rows to a file", run_rows_export);
    auto* const in = add("import", "put the rows of a file into a database", run_rows_import);
    for (auto* command : {out, in}) {
        command->add_option("FILE", options.file, "lines of JSON; `-`: standard output or input")
            ->required()
            ->type_name("");
    }
    in->add_flag("--replace", options.replaces, "all rows that are there go first");
    for (auto* command : {up, down, status, out, in}) {
        command->add_option("--config", options.config, "the daemon's configuration")
            ->type_name("FILE");
        command->add_option("--set", options.settings, "one key of it; may come again")
            ->type_name("KEY=VALUE")
            ->type_size(1)
            ->allow_extra_args(false);
        command->add_flag("--json", options.json, "print JSON");
        if (command != up && command != down) continue;
        command->add_option("--to", options.to, "the version to reach")->type_name("VERSION");
        command->add_flag("--dry-run", options.dry_run, "do it all, then undo it");
    }
    auto* const fresh = add("new", "make the files of a new step, in a source tree", run_new);
    fresh->add_option("NAME", options.name, "what it is: `run_costs`")->required()->type_name("");
    fresh->add_option("--folder", options.folder, "with one folder for each database")
        ->type_name("DIR")
        ->capture_default_str();
}

}  // namespace baton::app
