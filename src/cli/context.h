// What every command needs: terminal, options, and a daemon to ask.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "client/connection.h"
#include "runtime/io_pool.h"

namespace baton::cli {

/// Lives for one invocation; one thread.
class Context final {
public:
    Context(Terminal& terminal_in, GlobalOptions options_in, const Environment& environment_in);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Terminal& terminal;
    const GlobalOptions options;
    const Environment& environment;

    /// Where the daemon is: --url, BATON_URL, the daemon on the data folder, the default.
    [[nodiscard]] client::Connection& connection();

    /// Runs a client call to its end.
    template <class T>
    [[nodiscard]] T ask(Task<T> task) {
        return pool_->run(std::move(task));
    }

    [[nodiscard]] bool out_colours() const { return terminal.colours && terminal.out_is_tty; }
    [[nodiscard]] bool err_colours() const { return terminal.colours && terminal.err_is_tty; }

    /// A line on standard error, for people only: nothing with --json.
    void note(std::string_view text);

private:
    [[nodiscard]] client::ConnectionConfig connection_config() const;

    std::unique_ptr<IoPool> pool_;
    std::unique_ptr<net::Client> http_;
    std::unique_ptr<client::Connection> connection_;
};

/// A daemon on this machine, as its lock file tells (docs/reference/cli.md).
struct LocalDaemon {
    int pid = 0;
    std::string url;      ///< "http://127.0.0.1:8080"; empty until it is ready
    std::string metrics;  ///< "127.0.0.1:9090"; empty when off
};

/// The daemon that holds the lock of `data_dir`; nothing when none does. Takes no lock itself.
[[nodiscard]] std::optional<LocalDaemon> find_local_daemon(const std::filesystem::path& data_dir);

/// The admin key that a daemon has made in its data folder; empty when there is none to read.
[[nodiscard]] std::string local_admin_key(const std::filesystem::path& data_dir);

}  // namespace baton::cli
