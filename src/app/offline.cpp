#include "app/offline.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "app/cluster_archive.h"
#include "app/config_load.h"
#include "app/data_dir.h"
#include "app/folder_check.h"
#include "app/migrate_tool.h"
#include "app/node_store.h"
#include "app/whole_file.h"
#include "model/json_text.h"
#include "queue/archive/archive.h"
#include "queue/store/journal/journal_store.h"

namespace baton::app {
namespace {

namespace json = boost::json;

struct OfflineOptions {
    std::string dir;
    std::string file;
    std::string store;                              ///< empty: the one that is there
    std::optional<std::filesystem::path> config{};  ///< these two: of a cluster's daemons
    std::vector<std::string> settings{};
    bool take_over = false;
    bool resume = false;
    bool repair = false;
    bool json = false;
};

constexpr std::string_view jetstream = "jetstream";

/// A store of a data folder or those of a cluster, and what they stand on.
struct OpenStores {
    NodeStore node;
    std::unique_ptr<Config> config;
    std::unique_ptr<ClusterArchive> cluster;
};

/// Locks a folder that must be there.
Result<std::unique_ptr<DataDir>> hold(const std::string& dir) {
    if (!std::filesystem::is_directory(dir)) {
        return fail(Errc::not_found, fmt::format("there is no data folder `{}`", dir));
    }
    return DataDir::open(dir);
}

Result<OpenStores> open_store(const std::filesystem::path& dir, const std::string& store) {
    const auto kind = store == "journal" ? StoreKind::journal : StoreKind::sqlite;
    OpenStores open;
    BATON_TRY(open.node, open_node_store(kind, dir, queue::JournalConfig{}.segment_size));
    return open;
}

Result<OpenStores> open_cluster(const std::filesystem::path& dir, const OfflineOptions& options) {
    OpenStores open;
    auto settings = options.settings;
    settings.emplace_back("queue.store=jetstream");
    BATON_TRY(auto config, load_config({.file = options.config,
                               .settings = std::move(settings),
                               .env = process_environment()}));
    open.config = std::make_unique<Config>(std::move(config));
    BATON_TRY(open.cluster, open_cluster_archive(*open.config, dir, options.take_over));
    return open;
}

Result<std::string> store_to_export(const std::filesystem::path& dir, const std::string& given) {
    const bool has_journal = std::filesystem::exists(dir / "journal");
    const bool has_sqlite = std::filesystem::exists(dir / "queue.db");
    if (!given.empty()) {
        if (given == "journal" ? has_journal : has_sqlite) return given;
        return fail(Errc::not_found, fmt::format("`{}` has no {} store", dir.string(), given));
    }
    if (has_journal && has_sqlite) {
        return fail(Errc::invalid_argument,
            fmt::format(
                "`{}` has two stores: say --store sqlite or --store journal", dir.string()));
    }
    if (!has_journal && !has_sqlite) {
        return fail(Errc::not_found, fmt::format("`{}` has no stored queues", dir.string()));
    }
    return std::string(has_journal ? "journal" : "sqlite");
}

std::string counts_text(std::string_view verb, const queue::ArchiveCounts& counts, bool as_json) {
    if (as_json) {
        return json_text(json::object{{"queues", counts.queues}, {"messages", counts.messages}}) +
               "\n";
    }
    return fmt::format("{} {} queues, {} messages\n", verb, counts.queues, counts.messages);
}

Result<PrintAndExit> run_fsck(const OfflineOptions& options) {
    BATON_TRY(const auto held, hold(options.dir));
    BATON_TRY(const auto checked, check_folder(held->path(), options.repair));
    return PrintAndExit{.status = checked.is_sound ? 0 : errc_info(Errc::storage_corrupt).exit_code,
        .out = options.json ? checked.as_json : checked.as_text,
        .err = {}};
}

Result<queue::ArchiveCounts> export_all(const OpenStores& open, std::ostream& out) {
    if (!open.cluster) return queue::export_store(*open.node.store, out);
    BATON_TRY(const auto counts, queue::export_stores(open.cluster->stores(), out));
    BATON_TRY_VOID(open.cluster->prove());
    return counts;
}

Result<PrintAndExit> run_export(const OfflineOptions& options) {
    BATON_TRY_VOID(check_target(options.file));
    const bool is_cluster = options.store == jetstream;
    BATON_TRY(const auto held, is_cluster ? DataDir::open(options.dir) : hold(options.dir));
    OpenStores open;
    if (is_cluster) {
        BATON_TRY(open, open_cluster(held->path(), options));
    } else {
        BATON_TRY(const auto kind, store_to_export(held->path(), options.store));
        BATON_TRY(open, open_store(held->path(), kind));
    }
    // Who has exported may remove the store.
    queue::ArchiveCounts counts;
    BATON_TRY_VOID(write_whole_file(options.file, [&](std::ostream& out) -> Result<void> {
        BATON_TRY(counts, export_all(open, out));
        return {};
    }));
    return PrintAndExit{.out = counts_text("exported", counts, options.json), .err = {}};
}

Result<queue::ArchiveCounts> import_all(
    const OpenStores& open, std::istream& in, queue::ImportOptions options) {
    if (open.cluster) {
        return queue::import_stores(open.cluster->stores(), open.cluster->placement(), in, options);
    }
    BATON_TRY(const auto counts, queue::import_store(*open.node.store, in, options));
    BATON_TRY_VOID(open.node.store->close());
    return counts;
}

Result<PrintAndExit> run_import(const OfflineOptions& options) {
    std::ifstream in(options.file, std::ios::binary);
    if (!in || !std::filesystem::is_regular_file(options.file)) {
        return fail(Errc::not_found, fmt::format("`{}` can't be read as a file", options.file));
    }
    BATON_TRY(const auto held, DataDir::open(options.dir));
    const std::string kind = options.store.empty() ? "sqlite" : options.store;
    BATON_TRY(const auto open,
        kind == jetstream ? open_cluster(held->path(), options) : open_store(held->path(), kind));
    BATON_TRY(const auto counts, import_all(open, in, {.keeps_present = options.resume}));
    return PrintAndExit{.out = counts_text("imported", counts, options.json), .err = {}};
}

using Run = Result<PrintAndExit> (*)(const OfflineOptions&);

void define(CLI::App& app, OfflineOptions& options, Run& chosen) {
    const auto tool = [&](const char* name, const char* what, Run run) {
        auto* command = app.add_subcommand(name, what);
        command->add_option("DIR", options.dir, "the data folder")->required()->type_name("");
        command->add_flag("--json", options.json, "print JSON");
        command->callback([&chosen, run] { chosen = run; });
        return command;
    };
    tool("fsck", "check the stored queues of a data folder", run_fsck)
        ->add_flag("--repair", options.repair,
            "cut torn tails, put what can't be read into quarantine files");
    for (auto* command : {tool("export", "write all queues to a file", run_export),
             tool("import", "read queues from a file", run_import)}) {
        command->add_option("FILE", options.file, "lines of JSON")->required()->type_name("");
        command->add_option("--store", options.store, "sqlite, journal or jetstream")
            ->check(CLI::IsMember({"sqlite", "journal", "jetstream"}));
        command->add_option("--config", options.config, "of the cluster's daemons (jetstream)")
            ->type_name("FILE");
        command->add_option("--set", options.settings, "one key of it (jetstream)")
            ->type_name("KEY=VALUE")
            ->type_size(1)
            ->allow_extra_args(false);
        command->add_flag("--take-over", options.take_over,
            "also while daemons run: commands wait meanwhile (jetstream)");
        if (command->get_name() != "import") continue;
        command->add_flag(
            "--resume", options.resume, "leave queues alone that are there with the same ids");
    }
    app.require_subcommand(1);
}

PrintAndExit failed(const Error& error, bool as_json) {
    PrintAndExit result{.status = errc_info(error.code).exit_code, .out = {}, .err = {}};
    if (as_json) {
        json::object inner{{"code", to_string(error.code)}, {"message", error.detail}};
        result.err = json_text(json::object{{"error", std::move(inner)}}) + "\n";
    } else {
        result.err = "batond: " + to_string(error) + "\n";
    }
    return result;
}

}  // namespace

std::optional<PrintAndExit> run_offline(std::vector<std::string> arguments) {
    constexpr std::array<std::string_view, 4> tools{"fsck", "export", "import", "migrate"};
    if (arguments.empty() || std::ranges::find(tools, arguments.front()) == tools.end()) {
        return std::nullopt;
    }
    CLI::App app("work on a data folder or database without a daemon", "batond");
    OfflineOptions options;
    Run run = nullptr;
    define(app, options, run);
    MigrateToolOptions migrate_options;
    MigrateTool migrate = nullptr;
    define_migrate_tool(app, migrate_options, migrate);
    try {
        std::ranges::reverse(arguments);  // CLI11 takes them from the back
        app.parse(arguments);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool bad = app.exit(error, out, err) != 0;
        return PrintAndExit{.status = bad ? errc_info(Errc::invalid_argument).exit_code : 0,
            .out = out.str(),
            .err = bad ? "batond: " + err.str() : err.str()};
    }
    const auto result = migrate != nullptr ? migrate(migrate_options) : run(options);
    return result ? *result : failed(result.error(), options.json || migrate_options.json);
}

}  // namespace baton::app
