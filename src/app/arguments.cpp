#include "app/arguments.h"

#include <algorithm>
#include <sstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/error.h"

namespace baton::app {

std::expected<DaemonArguments, PrintAndExit> parse_daemon_arguments(
    std::vector<std::string> arguments, const std::string& version) {
    DaemonArguments parsed;
    CLI::App app("batond: the Baton daemon", "batond");
    app.footer(
        "Prints one line `ready http=HOST:PORT …` on standard output when it serves.\n"
        "SIGTERM or SIGINT: finish what is under way, then end (twice: end at once). SIGHUP: "
        "reload.\n"
        "Example: batond --config configs/baton.yaml --set server.port=0\n"
        "On a data folder that no daemon holds: batond fsck DIR, batond export DIR FILE,\n"
        "batond import DIR FILE (each with --help).");
    app.set_version_flag("--version", "batond " + version);
    std::string file;
    app.add_option("-c,--config", file, "configuration file (YAML)")->type_name("FILE");
    app.add_option(
           "-s,--set", parsed.settings, "one configuration key; lists take JSON (repeatable)")
        ->type_name("KEY=VALUE")
        ->type_size(1)
        ->allow_extra_args(false);
    app.add_option("--roles", parsed.roles,
           "what this process does: all, or some of gateway,queue,scheduler (in a cluster)")
        ->type_name("ROLES")
        ->capture_default_str();
    std::string help_format;
    auto* help = app.add_option("--help-config", help_format, "print every configuration key")
                     ->type_name("text|markdown")
                     ->expected(0, 1)
                     ->check(CLI::IsMember({"text", "markdown", ""}));
    app.add_flag("--check-config", parsed.check_config,
        "check the configuration, print it with secrets masked, and exit");
    try {
        std::ranges::reverse(arguments);  // CLI11 takes them from the back
        app.parse(arguments);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool bad = app.exit(error, out, err) != 0;
        return std::unexpected(PrintAndExit{
            .status = bad ? errc_info(Errc::invalid_argument).exit_code : 0,
            .out = out.str(),
            .err = bad ? "batond: " + err.str() : err.str(),
        });
    }
    if (!file.empty()) parsed.config = file;
    if (help->count() > 0) parsed.help_config = help_format.empty() ? "text" : help_format;
    return parsed;
}

}  // namespace baton::app
