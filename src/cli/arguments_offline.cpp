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
                command.add_option("--store", options.store, "sqlite or journal")
                    ->check(CLI::IsMember({"sqlite", "journal"}));
            })
            ->footer(
                "Both work on --data-dir while no daemon runs. To change the store:\n"
                "  baton queue export all.ndjson --store sqlite\n"
                "  baton queue import all.ndjson --store journal");
    };
    add("export", "write all stored queues to a file");
    add("import", "read queues from a file into a store");
}

}  // namespace baton::cli
