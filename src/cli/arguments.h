// The command line's syntax. Only arguments*.cpp know CLI11.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/options.h"

namespace baton::cli {

/// The end of a run that only had to print: help, version, or what is wrong with the arguments.
struct EarlyExit {
    int status = 0;  ///< 0 for help and version, else invalid_argument's
    std::string out;
    std::string err;
};

/// `arguments`: without the program's name. `version`: what --version prints.
[[nodiscard]] std::expected<Invocation, EarlyExit> parse_arguments(
    std::vector<std::string> arguments, const std::string& version);

}  // namespace baton::cli
