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
