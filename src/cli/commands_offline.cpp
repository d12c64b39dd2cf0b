// Work on a data folder without a daemon: batond does it, in this program's place.
#include <cerrno>
#include <cstring>
#include <ostream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "cli/commands.h"

namespace baton::cli {
namespace {

/// Ends only when there is no such program.
Result<void> become(Context& context, std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    context.terminal.out << std::flush;
    ::execvp(argv.front(), argv.data());
    return fail(
        Errc::not_found, fmt::format("cannot run {}: {}", arguments.front(), std::strerror(errno)));
}

}  // namespace

Result<void> execute(Context& context, const OfflineOptions& options) {
    std::vector<std::string> arguments{context.environment.daemon_program.string(), options.tool,
        context.options.data_dir.string()};
    if (!options.file.empty()) arguments.push_back(options.file.string());
    if (!options.store.empty()) arguments.insert(arguments.end(), {"--store", options.store});
    if (!options.config.empty()) arguments.insert(arguments.end(), {"--config", options.config});
    for (const auto& setting : options.settings) {
        arguments.insert(arguments.end(), {"--set", setting});
    }
    if (options.take_over) arguments.emplace_back("--take-over");
    if (options.resume) arguments.emplace_back("--resume");
    if (options.repair) arguments.emplace_back("--repair");
    if (context.options.json) arguments.emplace_back("--json");
    return become(context, std::move(arguments));
}

Result<void> execute(Context& context, const MigrateOptions& options) {
    std::vector<std::string> arguments{
        context.environment.daemon_program.string(), "migrate", options.tool};
    const auto add = [&](std::string name, std::string value) {
        arguments.insert(arguments.end(), {std::move(name), std::move(value)});
    };
    if (options.tool == "new") {
        arguments.push_back(options.name);
        if (!options.folder.empty()) add("--folder", options.folder);
        return become(context, std::move(arguments));
    }
    if (!options.file.empty()) arguments.push_back(options.file);
    if (options.replaces) arguments.emplace_back("--replace");
    if (!options.config.empty()) {
        add("--config", options.config);
    } else {
        add("--set", "data.dir=" + context.options.data_dir.string());
    }
    for (const auto& setting : options.settings) add("--set", setting);
    if (options.to) add("--to", std::to_string(*options.to));
    if (options.dry_run) arguments.emplace_back("--dry-run");
    if (context.options.json) arguments.emplace_back("--json");
    return become(context, std::move(arguments));
}

}  // namespace baton::cli
