// Starting a daemon that outlives this program.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"

namespace baton::cli {

/// A process in a session of its own, writing to a log file. A value; the process goes on without
/// it.
struct SpawnedDaemon {
    pid_t pid = -1;
    std::filesystem::path log_file;
    std::uintmax_t log_begin = 0;  ///< bytes in the log before it started

    /// What it wrote so far, at most the first MiB.
    [[nodiscard]] std::string log() const;
    /// Whether it has ended; reaps it.
    [[nodiscard]] bool has_ended();
};

/// The folder of `log_file` is made with mode 0700 when missing; the log is appended to.
/// `environment`: "NAME=value" besides this program's own.
/// Fails: data_dir_unusable (log), not_found (program).
[[nodiscard]] Result<SpawnedDaemon> spawn_daemon(const std::filesystem::path& program,
    std::vector<std::string> arguments, const std::filesystem::path& log_file,
    std::vector<std::string> environment = {});

}  // namespace baton::cli
