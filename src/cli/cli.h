// The `baton` command: one invocation from arguments to exit status.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "net/client.h"

namespace baton::cli {

/// What surrounds an invocation; tests bring their own.
struct Environment {
    std::function<std::optional<std::string>(std::string_view name)> variable;
    /// Called once, when a command talks to a daemon.
    std::function<std::unique_ptr<net::Client>()> make_http_client;
    std::filesystem::path daemon_program;  ///< what `baton start` runs
    std::string version;
};

/// Parses, runs, prints. Returns the exit status: 0, or by the error (base/error.h). Blocks.
[[nodiscard]] int run(
    std::vector<std::string> arguments, Terminal& terminal, const Environment& environment);

/// The same over the process's own streams, variables and network.
[[nodiscard]] int run_main(int argc, char** argv, std::string version);

}  // namespace baton::cli
