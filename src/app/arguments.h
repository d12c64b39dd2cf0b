// The command line of batond.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace baton::app {

struct DaemonArguments {
    std::optional<std::filesystem::path> config{};
    std::vector<std::string> settings{};  ///< key=value
    std::string roles = "all";
    std::optional<std::string> help_config{};  ///< "text" or "markdown"
    bool check_config = false;
};

/// Only something to print: help, version, or what is wrong.
struct PrintAndExit {
    int status = 0;
    std::string out;
    std::string err;
};

[[nodiscard]] std::expected<DaemonArguments, PrintAndExit> parse_daemon_arguments(
    std::vector<std::string> arguments, const std::string& version);

}  // namespace baton::app
