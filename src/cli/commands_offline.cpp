// Work on a data folder without a daemon: batond does it, in this program's place.
#include <cerrno>
#include <cstring>
#include <ostream>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "cli/commands.h"

namespace baton::cli {

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
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    context.terminal.out << std::flush;
    ::execvp(argv.front(), argv.data());
    return fail(
        Errc::not_found, fmt::format("cannot run {}: {}", arguments.front(), std::strerror(errno)));
}

}  // namespace baton::cli
