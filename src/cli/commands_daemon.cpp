// The daemon on this machine: start, stop, status.
#include <csignal>
#include <ostream>
#include <poll.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/spawn.h"
#include "client/operator_client.h"
#include "client/queue_client.h"
#include "model/codec.h"
#include "runtime/deadline.h"

namespace baton::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// Between two looks at a log or a process: short against a start, long against a CPU.
constexpr milliseconds look_interval{10};

std::vector<std::string> daemon_arguments(const Context& context, const StartOptions& options) {
    std::vector<std::string> arguments;
    const auto add = [&](std::string_view name, std::string value) {
        arguments.emplace_back(name);
        arguments.push_back(std::move(value));
    };
    if (!options.config.empty()) add("--config", options.config);
    // A configuration file may name the folder itself; then only an explicit --data-dir overrides
    // it.
    const bool named = context.options.data_dir != GlobalOptions{}.data_dir;
    if (options.config.empty() || named)
        add("--set", "data.dir=" + context.options.data_dir.string());
    for (const auto& setting : options.settings) add("--set", setting);
    return arguments;
}

/// The first whole line of `text` that begins with `prefix`.
std::optional<std::string> line_with(std::string_view text, std::string_view prefix) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string_view::npos;
        begin = end + 1) {
        const auto line = text.substr(begin, end - begin);
        if (line.starts_with(prefix)) return std::string(line);
    }
    return std::nullopt;
}

/// What a daemon that ended at once said: "batond: code: detail".
Error start_error(const std::string& log, const SpawnedDaemon& daemon) {
    const auto line = line_with(log, "batond: ");
    if (!line) {
        return {.code = Errc::internal,
            .detail = fmt::format("batond ended without a word; see {}", daemon.log_file.string())};
    }
    const auto text = line->substr(std::string_view("batond: ").size());
    const auto split = text.find(": ");
    if (split == std::string::npos) return {.code = Errc::internal, .detail = text};
    return {.code = errc_from_name(text.substr(0, split)), .detail = text.substr(split + 2)};
}

void print_ready(Context& context, const std::string& ready_line, const SpawnedDaemon& daemon) {
    if (!context.options.json) {
        context.terminal.out << ready_line << '\n';
        context.note(fmt::format("pid {}, log {}", daemon.pid, daemon.log_file.string()));
        return;
    }
    json::object object{{"pid", daemon.pid}, {"log", daemon.log_file.string()}};
    for (std::string_view rest = ready_line; !rest.empty();) {
        const auto word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        const auto split = word.find('=');
        if (split != std::string_view::npos) object[word.substr(0, split)] = word.substr(split + 1);
    }
    print_json(context, object);
}

std::unexpected<Error> not_running(const Context& context) {
    return fail(Errc::not_found,
        fmt::format("no daemon runs on the data folder {}", context.options.data_dir.string()));
}

void print_health(
    Context& context, const std::optional<LocalDaemon>& local, const client::Health& health) {
    auto& out = context.terminal.out;
    const auto row = [&](std::string_view name, const std::string& value) {
        out << fmt::format("{:<11}{}\n", name, value);
    };
    const auto state = health.ready ? styled(context.out_colours(), Style::green, "running")
                                    : styled(context.out_colours(), Style::yellow, health.phase);
    row("state", state);
    row("url", context.connection().url());
    if (local) row("pid", std::to_string(local->pid));
    if (local && !local->metrics.empty()) row("metrics", local->metrics);
    row("version", health.version);
    row("uptime", to_text(std::chrono::duration_cast<Duration>(health.uptime)));
    if (health.cluster && !health.cluster->leads.empty()) {
        row("leads", fmt::format("{} of {}", show_partitions(health.cluster->leads),
                         health.cluster->partitions));
    }
    if (health.cluster && !health.cluster->without_leader.empty()) {
        row("unserved", show_partitions(health.cluster->without_leader));
    }
    for (const auto& component : health.components) {
        row(component.name, component.healthy ? "healthy" : "unhealthy: " + component.detail);
    }
}

/// Unhealthy is an error: scripts look at the exit status.
Result<void> verdict(const client::Health& health) {
    if (health.ready) return {};
    return fail(Errc::unavailable, "the daemon is not ready: " + health.phase);
}

}  // namespace

Result<void> execute(Context& context, const StartOptions& options) {
    if (const auto running = find_local_daemon(context.options.data_dir)) {
        return fail(Errc::data_dir_locked, fmt::format("a daemon (pid {}) runs already on {}{}",
                                               running->pid, context.options.data_dir.string(),
                                               running->url.empty() ? "" : ", at " + running->url));
    }
    const auto log_file =
        options.log_file.empty() ? context.options.data_dir / "batond.log" : options.log_file;
    BATON_TRY(auto daemon, spawn_daemon(context.environment.daemon_program,
                               daemon_arguments(context, options), log_file));
    Progress progress(context.terminal);
    const auto deadline = Deadline::after(options.timeout);
    while (true) {
        const bool ended =
            daemon.has_ended();  // before the log is read, so that its last words are in it
        const auto log = daemon.log();
        if (const auto line = line_with(log, "ready ")) {
            progress.clear();
            print_ready(context, *line, daemon);
            return {};
        }
        if (ended) return fail(start_error(log, daemon));
        if (deadline.expired()) {
            return fail(Errc::deadline_exceeded,
                fmt::format("batond (pid {}) is not ready after {}; it goes on starting, see {}",
                    daemon.pid, to_text(options.timeout), log_file.string()));
        }
        progress.show("starting");
        std::this_thread::sleep_for(look_interval);
    }
}

Result<void> execute(Context& context, const StopOptions& options) {
    const auto daemon = find_local_daemon(context.options.data_dir);
    if (!daemon || daemon->pid <= 0) return not_running(context);
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, daemon->pid, 0));
    const bool same = find_local_daemon(context.options.data_dir)
                          .transform([&](const LocalDaemon& now) { return now.pid == daemon->pid; })
                          .value_or(false);
    if (process < 0 || !same) return not_running(context);  // it ended meanwhile
    if (::syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0) != 0) {
        ::close(process);
        return fail(Errc::permission_denied,
            fmt::format("process {} belongs to another user", daemon->pid));
    }
    Progress progress(context.terminal);
    const auto deadline = Deadline::after(options.timeout);
    pollfd waiting{process, POLLIN, 0};
    while (::poll(&waiting, 1, 200) <= 0 && !deadline.expired()) progress.show("draining");
    const bool ended = (waiting.revents & POLLIN) != 0;
    ::close(process);
    progress.clear();
    if (!ended) {
        return fail(Errc::deadline_exceeded,
            fmt::format("batond (pid {}) has not ended after {}; it goes on draining", daemon->pid,
                to_text(options.timeout)));
    }
    if (context.options.json) {
        print_json(context, json::object{{"stopped", daemon->pid}});
    } else {
        context.terminal.out << "stopped (pid " << daemon->pid << ")\n";
    }
    return {};
}

Result<void> execute(Context& context, const StatusOptions&) {
    const bool named = !context.options.url.empty() || context.environment.variable("BATON_URL");
    const auto local = named ? std::nullopt : find_local_daemon(context.options.data_dir);
    if (!named && !local) return not_running(context);
    client::OperatorClient client(context.connection());
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto health, context.ask(client.health()));
    std::vector<QueueInfo> infos;
    // While NATS is away nobody answers for the queues of a cluster.
    if (!health.cluster || health.cluster->is_in_touch) {
        BATON_TRY(infos, context.ask(queues.list()));
    }
    std::vector<OwnedStats> all;
    for (const auto& info : infos) {
        auto stats = context.ask(queues.stats(info.name));
        if (stats) all.push_back({info.owner, *std::move(stats)});
    }
    if (context.options.json) {
        auto object = to_json(health);
        object["url"] = context.connection().url();
        if (local) object["pid"] = local->pid;
        json::array list;
        for (const auto& [owner, stats] : all) list.push_back(baton::to_json(stats));
        object["queues"] = std::move(list);
        print_json(context, object);
        return verdict(health);
    }
    print_health(context, local, health);
    context.terminal.out << '\n';
    print_stats_table(context, all);
    return verdict(health);
}

}  // namespace baton::cli
