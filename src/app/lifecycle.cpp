#include "app/lifecycle.h"

#include <csignal>
#include <iostream>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "app/arguments.h"
#include "app/compose.h"
#include "app/config_load.h"
#include "app/config_print.h"
#include "app/file_limit.h"
#include "app/llm_home.h"
#include "app/log_sink.h"
#include "app/offline.h"
#include "app/roles.h"
#include "app/signals.h"

namespace baton::app {
namespace {

/// What a stop may take beyond the drain: stores that close, partitions that go to others.
constexpr Duration stop_grace{20'000};

int report(const Error& error) {
    std::cerr << "batond: " << to_string(error.code) << ": " << error.detail << std::endl;
    return errc_info(error.code).exit_code;
}

/// Takes over what may change while running; names what may not.
void reload(const ConfigSources& sources, Config& current, DaemonLogSink& sink, const Log& log) {
    const auto fresh = load_config(sources);
    if (!fresh) {
        log.error(
            "reload refused; the old configuration stays", {{"error", to_string(fresh.error())}});
        return;
    }
    for (const auto key : changed_keys(current, *fresh)) {
        if (!is_reloadable(key)) log.warn("changed key needs a restart", {{"key", key}});
    }
    sink.set_level(fresh->logging.level);
    current.logging.level = fresh->logging.level;
    const auto reopened = sink.reopen();
    if (!reopened) log.error("log file not reopened", {{"error", to_string(reopened.error())}});
    log.info("configuration reloaded",
        {{"level", log_level_names[static_cast<std::size_t>(current.logging.level)]}});
}

/// Until SIGTERM or SIGINT comes, whose number it returns. Fails when the daemon can keep nothing
/// any more: then no answer that is under way may leave.
Result<int> await_end(
    Signals& signals, const Daemon& daemon, const std::function<void()>& on_reload) {
    constexpr std::chrono::seconds check_interval{1};
    while (true) {
        const auto signal = signals.wait_for(check_interval);
        if (signal && *signal != SIGHUP) return *signal;
        if (signal) on_reload();
        BATON_TRY_VOID(daemon.check());
    }
}

[[noreturn]] void end_at_once(int status) {
    std::cout.flush();
    // Not _exit: work goes on in other threads, and nothing that checks or flushes at exit may wait
    // for it.
    ::syscall(SYS_exit_group, status);
    std::unreachable();
}

/// Drains. A signal, or a stop that hangs (a disk, a server of the queues that does not answer),
/// ends the process at once: everything accepted is on disk, and leases of runs cut short run out.
void stop(Signals& signals, Daemon& daemon, Duration drain_timeout, const Log& log) {
    const auto deadline = Deadline::after(drain_timeout);
    const auto cut_by = signals.wait_beside(
        [&] { daemon.stop(deadline); }, Deadline::after(drain_timeout + stop_grace));
    if (!cut_by) return;
    log.warn(*cut_by == SIGALRM ? "the stop takes too long; ending at once"
                                : "second signal; ending at once",
        {{"signal", *cut_by}});
    end_at_once(128 + *cut_by);
}

/// Starts what the daemon needs; a signal meanwhile ends the process at once: nothing was accepted.
/// Fails: what Daemon::start fails with, once what was started has stopped or the time for it is
/// over.
Result<std::unique_ptr<Daemon>> start(Signals& signals, Config config, Roles roles,
    const std::shared_ptr<LogSink>& sink, const std::string& version) {
    const Log log(sink, "app");
    std::unique_ptr<Daemon> daemon = make_daemon(std::move(config), roles, sink, version);
    Result<void> started;
    const auto signal = signals.wait_beside([&] { started = daemon->start(); }, Deadline::never());
    if (signal) {
        log.warn("signal while starting; ending at once", {{"signal", *signal}});
        end_at_once(128 + *signal);
    }
    if (started) return daemon;
    const auto cut_by = signals.wait_beside(
        [&] { daemon->stop(Deadline::after(Duration(0))); }, Deadline::after(stop_grace));
    if (cut_by) end_at_once(report(started.error()));
    return fail(started.error());
}

/// Serves until a signal, then drains.
Result<int> serve(Signals& signals, Daemon& daemon, const Config& config, const Log& log,
    const std::function<void()>& on_reload) {
    const auto signal = await_end(signals, daemon, on_reload);
    if (!signal) {
        log.error("ending at once", {{"error", to_string(signal.error())}});
        stop(signals, daemon, Duration(0), log);
        return fail(signal.error());
    }
    log.info("signal received; draining", {{"signal", *signal}});
    stop(signals, daemon, config.server.drain_timeout, log);
    return 0;
}

/// A caller that opens connections must not take the files that the stores need.
Config with_fitting_connections(Config config, const Log& log) {
    auto& most = config.server.http.connections_max;
    const auto files = raise_file_limit();
    const auto fitting = connections_within(
        files, most, {.threads = thread_count(config), .workers = config.scheduler.workers});
    if (fitting == most) return config;
    constexpr auto what =
        "fewer connections than `server.connections_max`: the limit of open files is low";
    const auto tell = config.is_given("server.connections_max") ? &Log::warn : &Log::info;
    (log.*tell)(what, {{"connections", fitting}, {"open_files_max", files}});
    most = fitting;
    return config;
}

Result<int> run(const DaemonArguments& arguments, const std::string& version) {
    BATON_TRY(const auto roles, parse_roles(arguments.roles));
    const ConfigSources sources{.file = arguments.config,
        .settings = arguments.settings,
        .env = process_environment(),
        .ollama_models = ollama_models};
    BATON_TRY(auto config, load_config(sources));
    BATON_TRY_VOID(check_roles(roles, config));
    if (arguments.check_config) {
        std::cout << print_config(config) << std::flush;
        return 0;
    }
    Signals signals;  // before the first thread
    BATON_TRY(const auto sink, make_log_sink(config.logging));
    const Log log(sink, "app");
    auto fitting = with_fitting_connections(config, log);
    BATON_TRY(const auto daemon, start(signals, std::move(fitting), roles, sink, version));
    std::cout << daemon->ready_line() << std::endl;
    const auto on_reload = [&] { reload(sources, config, *sink, log); };
    return serve(signals, *daemon, config, log, on_reload);
}

}  // namespace

int run_daemon(int argc, char** argv, const std::string& version) {
    // With an arena for each of ten threads, posts from 64 connections went at 30 k/s instead of 37
    // k/s (wrk, 256 B, 2 cores beside a build); idle memory is 17 MB either way.
    ::mallopt(M_ARENA_MAX, 2);
    if (const auto done = run_offline({argv + 1, argv + argc})) {
        const bool told = static_cast<bool>(std::cout << done->out << std::flush);
        std::cerr << done->err << std::flush;
        if (told || done->status != 0) return done->status;
        return report({.code = Errc::storage_io, .detail = "standard output could not be written"});
    }
    const auto arguments = parse_daemon_arguments({argv + 1, argv + argc}, version);
    if (!arguments) {
        std::cout << arguments.error().out << std::flush;
        std::cerr << arguments.error().err << std::flush;
        return arguments.error().status;
    }
    if (arguments->help_config) {
        std::cout << (*arguments->help_config == "markdown" ? config_reference() : config_help())
                  << std::flush;
        return 0;
    }
    try {
        const auto status = run(*arguments, version);
        return status ? *status : report(status.error());
    } catch (const std::exception& error) {
        return report({.code = Errc::internal, .detail = error.what()});
    }
}

}  // namespace baton::app
