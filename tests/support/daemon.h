// A real batond for tests: started on free ports over a data folder, ended by its own pid.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

struct DaemonOptions {
    std::filesystem::path data_dir;      ///< empty: a fresh one that goes with the Daemon
    std::vector<std::string> settings;   ///< "queue.store=memory": handed on as --set
    std::string config;                  ///< YAML for --config; empty: none
    std::vector<std::string> arguments;  ///< further arguments as they are
    /// A program (by its full path) and arguments that start batond as their own; empty: none. The
    /// process must become batond, so that signals reach it.
    std::vector<std::string> launcher;
    std::vector<std::string>
        environment;  ///< as ProcessOptions; no LLM of this machine is ever seen
    std::chrono::milliseconds ready_timeout{30'000};
};

/// A running daemon: `server.port=0` and `metrics.port=0` unless the settings say otherwise. With
/// BATON_TEST_DATABASE=postgres its database is one of its own on `PostgresServer::shared()`.
/// Use from one thread. Destruction kills it (SIGKILL) when it still runs.
class Daemon final {
public:
    /// Starts batond of this build and waits for its ready line. Throws std::runtime_error with
    /// what the daemon printed when there is none in time.
    [[nodiscard]] static std::unique_ptr<Daemon> start(DaemonOptions options = {});

    /// Runs batond with the same arguments to its end: for starts that must fail.
    [[nodiscard]] static Finished run(
        DaemonOptions options, std::chrono::milliseconds timeout = std::chrono::seconds(30));

    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// "http://127.0.0.1:41234", no slash at the end.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// "127.0.0.1:41235"; empty when metrics are off.
    [[nodiscard]] const std::string& metrics_address() const noexcept { return metrics_; }
    [[nodiscard]] const std::string& admin_key() const noexcept { return admin_key_; }
    [[nodiscard]] const std::filesystem::path& data_dir() const noexcept { return data_dir_; }
    [[nodiscard]] const std::string& ready_line() const noexcept { return ready_line_; }
    [[nodiscard]] Process& process() noexcept { return *process_; }

    /// A power cut for the process: SIGKILL, and gone on return.
    void kill9();
    /// Asks it to drain and end (SIGTERM); does not wait.
    void terminate();
    /// How it ended; nothing when the time is over.
    [[nodiscard]] std::optional<Exit> wait_exit(
        std::chrono::milliseconds timeout = std::chrono::seconds(30));
    /// Starts it again over the same data folder with the same options (other ports). It must have
    /// ended.
    void restart();

private:
    Daemon() = default;
    void launch();

    DaemonOptions options_;
    std::unique_ptr<TempDir>
        own_dir_;  ///< holds the config file, and the data folder unless one was given
    std::filesystem::path data_dir_;
    std::string url_;
    std::string metrics_;
    std::string admin_key_;
    std::string ready_line_;
    std::unique_ptr<Process> process_;
};

/// The database of a daemon whose settings name none, from outside: in its data folder, or on the
/// server that BATON_TEST_DATABASE asks for.
[[nodiscard]] std::unique_ptr<db::Database> database_of(const Daemon& daemon);

/// `baton` of this build, on a daemon (its address and key in the environment).
[[nodiscard]] Finished run_cli(const Daemon& daemon, std::vector<std::string> arguments,
    std::string input = {}, std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace baton::test
