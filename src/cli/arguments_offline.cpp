#include "cli/argument_kinds.h"

namespace baton::cli {

void define_fsck_command(CLI::App& app, Invocation& invocation) {
    add_command(app, invocation, "fsck", "check the stored queues while no daemon runs",
        OfflineOptions{.tool = "fsck"},
        [&](CLI::App& command, OfflineOptions& options) {
            command.add_option("DIR", invocation.global.data_dir, "the data folder")
                ->type_name("")
                ->default_str("--data-dir");
            command.add_flag("--repair", options.repair,
                "cut torn tails, put what can't be read into quarantine files");
        })
        ->footer("Example: baton fsck ./data --repair");
}

void define_migrate_commands(CLI::App& app, Invocation& invocation) {
    auto* const migrate =
        app.add_subcommand("migrate", "the schema and rows of the relational database");
    migrate->require_subcommand(1)->fallthrough();
    const auto add = [&](const char* tool, const char* help) {
        return add_command(*migrate, invocation, tool, help, MigrateOptions{.tool = tool},
            [](CLI::App& command, MigrateOptions& options) {
                if (options.tool == "new") {
                    command.add_option("NAME", options.name, "what it is: `run_costs`")
                        ->required()
                        ->type_name("");
                    command.add_option("--folder", options.folder, "default: migrations")
                        ->type_name("DIR");
                    return;
                }
                command.add_option("--config", options.config, "the daemon's configuration")
                    ->type_name("FILE");
                command.add_option("--set", options.settings, "one key of it; may come again")
                    ->type_name("KEY=VALUE")
                    ->type_size(1)
                    ->allow_extra_args(false);
                if (options.tool == "status") return;
                if (options.tool == "export" || options.tool == "import") {
                    command.add_option("FILE", options.file, "lines of JSON; `-`: a stream")
                        ->required()
                        ->type_name("");
                    if (options.tool == "export") return;
                    command.add_flag(
                        "--replace", options.replaces, "all rows that are there go first");
                    return;
                }
                command.add_option("--to", options.to, "the version to reach")
                    ->type_name("VERSION");
                command.add_flag("--dry-run", options.dry_run, "do it all, then undo it");
            });
    };
    add("up", "apply the steps that are missing")
        ->footer(
            "A daemon does this when it starts, unless `database.migrate` is false. SQLite: "
            "on --data-dir, while no daemon runs.");
    add("down", "undo the last step, or all above a version")
        ->footer("What the steps made is gone with all it holds. Stop the daemons first.");
    add("status", "which steps have landed");
    add("export", "write all rows to a file: conversations, users, keys, everything");
    add("import", "put the rows of such a file into a database of either kind")
        ->footer(
            "All of it lands, or nothing. The other database, while no daemon writes:\n"
            "  baton migrate export all.ndjson\n"
            "  baton migrate import all.ndjson --set database.kind=postgres");
    add("new", "make the files of a new step, in a source tree");
}

void define_archive_commands(CLI::App& queues, Invocation& invocation) {
    const auto add = [&](const char* tool, const char* help) {
        add_command(queues, invocation, tool, help, OfflineOptions{.tool = tool},
            [](CLI::App& command, OfflineOptions& options) {
                command.add_option("FILE", options.file, "lines of JSON")
                    ->required()
                    ->type_name("");
                command.add_option("--store", options.store, "sqlite, journal or jetstream")
                    ->check(CLI::IsMember({"sqlite", "journal", "jetstream"}));
                command.add_option("--config", options.config, "of the cluster's daemons")
                    ->type_name("FILE");
                command.add_option("--set", options.settings, "one key of it; may come again")
                    ->type_name("KEY=VALUE")
                    ->type_size(1)
                    ->allow_extra_args(false);
                command.add_flag("--take-over", options.take_over,
                    "also while the cluster's daemons run: commands wait meanwhile");
                if (options.tool != "import") return;
                command.add_flag("--resume", options.resume,
                    "leave queues alone that are there with the same ids");
            })
            ->footer(
                "Both work on --data-dir while no daemon runs, or on a cluster. To change the "
                "store:\n"
                "  baton queue export all.ndjson --store sqlite\n"
                "  baton queue import all.ndjson --store journal\n"
                "  baton queue import all.ndjson --store jetstream --config baton.yaml");
    };
    add("export", "write all stored queues to a file");
    add("import", "read queues from a file into a store");
}

}  // namespace baton::cli
