// The life of the process: arguments, start, signals, drain, exit status.
#pragma once

#include <string>

namespace baton::app {

/// Runs batond to its end. Returns 0 after a regular stop, else the exit status of the error
/// (base/error.h), which is told on standard error as "batond: code: what".
[[nodiscard]] int run_daemon(int argc, char** argv, const std::string& version);

}  // namespace baton::app
