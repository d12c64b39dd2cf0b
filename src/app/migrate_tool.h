// `batond migrate`: the schema and the rows of the relational database, without a daemon.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/arguments.h"
#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace baton::app {

struct MigrateToolOptions {
    std::optional<std::filesystem::path> config{};  ///< these two: as the daemon's
    std::vector<std::string> settings{};
    std::optional<int> to{};  ///< a version; absent: the last (up), one less (down)
    bool dry_run = false;
    bool json = false;
    std::string file;                             ///< of an export or import; "-": a stream
    bool replaces = false;                        ///< rows that are there go before an import
    std::string name;                             ///< of a new step
    std::filesystem::path folder = "migrations";  ///< of the source tree
};

using MigrateTool = Result<PrintAndExit> (*)(const MigrateToolOptions&);

/// The words behind `batond migrate`. `chosen` gets what to run, and stays null when another
/// command was given.
void define_migrate_tool(CLI::App& app, MigrateToolOptions& options, MigrateTool& chosen);

}  // namespace baton::app
