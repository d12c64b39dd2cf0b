// A cluster on this machine: real nats-servers with the shipped configurations, and daemons.
#include <algorithm>
#include <csignal>
#include <ostream>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/cluster_folder.h"
#include "cli/cluster_nats.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/spawn.h"
#include "client/operator_client.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t node_count = 3;
constexpr std::chrono::milliseconds look_interval{50};
constexpr std::chrono::milliseconds patience{500};

std::filesystem::path cluster_path(const Context& context) {
    return context.options.data_dir / "cluster";
}

/// A process as `status` shows it.
struct Seen {
    std::string name;
    pid_t pid = 0;
    std::string state;  ///< up, down, silent (there, but no answer), starting
    std::uint16_t port = 0;
    std::vector<std::string> roles;

    [[nodiscard]] bool is_up() const { return state == "up"; }
};

/// Puts what the state lacks: three nodes, so many daemons, passwords, ports.
Result<void> complete(ClusterState& state, std::uint32_t daemons) {
    std::vector<std::uint16_t> taken;
    for (const auto& process : state.processes) {
        taken.insert(taken.end(), {process.port, process.monitor_port, process.route_port});
    }
    const auto add = [&](std::string name) -> Result<void> {
        if (state.find(name) != nullptr) return {};
        ClusterProcess process{.name = std::move(name)};
        BATON_TRY(process.port, free_port(taken));
        BATON_TRY(process.monitor_port, free_port(taken));
        if (process.is_nats()) {
            BATON_TRY(process.route_port, free_port(taken));
        }
        state.processes.push_back(std::move(process));
        return {};
    };
    for (std::size_t i = 1; i <= node_count; ++i) {
        BATON_TRY_VOID(add(fmt::format("n{}", i)));
    }
    for (std::uint32_t i = 1; i <= daemons; ++i) {
        BATON_TRY_VOID(add(fmt::format("d{}", i)));
    }
    for (auto* password :
        {&state.password, &state.admin_password, &state.system_password, &state.route_password}) {
        if (password->empty()) *password = random_password();
    }
    return {};
}

/// The configuration that all daemons of the cluster share.
std::string daemon_config(const ClusterState& state) {
    std::string servers;
    for (const auto& process : state.processes) {
        if (!process.is_nats()) continue;
        servers +=
            fmt::format("{}\"nats://127.0.0.1:{}\"", servers.empty() ? "" : ", ", process.port);
    }
    return fmt::format(
        "# Made by `baton cluster up`; settings of one daemon come from its command line.\n"
        "queue: {{store: jetstream}}\n"
        "nats: {{servers: [{}], replicas: {}, user: batond, password: \"{}\"}}\n",
        servers, node_count, state.password);
}

std::vector<std::string> daemon_arguments(const ClusterFolder& folder,
    const ClusterProcess& process, const std::vector<std::string>& settings) {
    std::vector<std::string> arguments{"--config", (folder.path() / "batond.yaml").string()};
    const auto set = [&](std::string setting) {
        arguments.insert(arguments.end(), {"--set", std::move(setting)});
    };
    set("data.dir=" + (folder.path() / process.name).string());
    set(fmt::format("server.port={}", process.port));
    set(fmt::format("metrics.port={}", process.monitor_port));
    for (const auto& setting : settings) set(setting);
    return arguments;
}

std::filesystem::path log_file(const ClusterFolder& folder, const ClusterProcess& process) {
    return folder.path() / (process.name + ".log");
}

Seen see_node(NatsMonitors& monitors, const ClusterProcess& process) {
    Seen seen{.name = process.name, .pid = process.pid, .state = "down", .port = process.port};
    if (!process.running()) return seen;
    auto report = monitors.ask(process);
    // A server is not healthy either in the moment between committing an entry and applying it.
    const auto deadline = Deadline::after(patience);
    while (report && !report->healthy && !deadline.expired()) {
        std::this_thread::sleep_for(look_interval);
        report = monitors.ask(process);
    }
    if (!report) {
        seen.state = "silent";
        return seen;
    }
    seen.state = report->healthy ? "up" : "starting";
    if (report->meta_leader == process.name) seen.roles.emplace_back("meta leader");
    for (const auto& stream : report->leads) seen.roles.push_back("leads " + stream);
    return seen;
}

Seen see_daemon(
    IoPool& pool, net::Client& http, const ClusterFolder& folder, const ClusterProcess& process) {
    Seen seen{.name = process.name, .pid = process.pid, .state = "down", .port = process.port};
    if (!process.running()) return seen;
    const auto data_dir = folder.path() / process.name;
    const auto local = find_local_daemon(data_dir);
    seen.state = "starting";
    if (!local || local->url.empty()) return seen;
    client::Connection connection(http, {.url = local->url,
                                            .key = Secret(local_admin_key(data_dir)),
                                            .request_timeout = std::chrono::seconds(2)});
    client::OperatorClient client(connection);
    const auto health = pool.run(client.health());
    if (!health) {
        // Its key may be elsewhere (access.admin_key_file): then it says no more than that.
        const bool answers = health.error().code == Errc::unauthenticated;
        seen.state = answers ? "up" : "silent";
        return seen;
    }
    seen.state = health->ready ? "up" : health->phase;
    if (health->cluster) {
        const auto& cluster = *health->cluster;
        if (!cluster.is_connected) seen.roles.emplace_back("away from NATS");
        if (!cluster.hanging.empty()) {
            seen.roles.push_back("hangs in " + show_partitions(cluster.hanging));
        }
        if (!cluster.leads.empty()) {
            seen.roles.push_back("leads " + show_partitions(cluster.leads));
        }
    }
    return seen;
}

std::vector<Seen> look(Context& context, const ClusterFolder& folder, const ClusterState& state) {
    NatsMonitors monitors(context.environment);
    const auto http = context.environment.make_http_client();
    IoPool pool(1);
    std::vector<Seen> all;
    for (const auto& process : state.processes) {
        all.push_back(process.is_nats() ? see_node(monitors, process)
                                        : see_daemon(pool, *http, folder, process));
    }
    return all;
}

/// One `baton cluster up`.
class Rise final {
public:
    Rise(Context& context, const ClusterUpOptions& options, ClusterFolder& folder,
        ClusterState& state)
        : context_(context),
          options_(options),
          folder_(folder),
          state_(state),
          deadline_(Deadline::after(options.timeout)) {}

    Result<void> run() {
        BATON_TRY(const auto program,
            find_nats_program(context_, options_.nats_server, folder_.path() / "version.txt"));
        BATON_TRY_VOID(complete(state_, options_.daemons));
        BATON_TRY_VOID(folder_.save(state_));
        BATON_TRY_VOID(write_nats_configs(folder_, program));
        BATON_TRY_VOID(folder_.write("batond.yaml", daemon_config(state_)));
        if (!program.can_sync) {
            context_.note(
                fmt::format("nats-server {} syncs its files every two minutes: a power cut loses "
                            "what came since",
                    program.version));
        }
        const auto config = (folder_.path() / "nats" / "three.conf").string();
        for (auto& process : state_.processes) {
            if (!process.is_nats()) continue;
            BATON_TRY_VOID(start(
                process, program.file, {"-c", config}, nats_environment(folder_, state_, process)));
        }
        BATON_TRY_VOID(await("waiting for a leader", [&] { return have_leader(); }));
        for (auto& process : state_.processes) {
            if (process.is_nats()) continue;
            BATON_TRY_VOID(start(process, context_.environment.daemon_program,
                daemon_arguments(folder_, process, options_.settings), {}));
        }
        return await("waiting for the daemons", [&] { return all_up(); });
    }

    /// What the last look saw: all up.
    [[nodiscard]] const std::vector<Seen>& seen() const noexcept { return seen_; }

private:
    Result<void> start(ClusterProcess& process, const std::filesystem::path& program,
        std::vector<std::string> arguments, std::vector<std::string> environment) {
        if (process.running()) return {};
        BATON_TRY(auto spawned, spawn_daemon(program, std::move(arguments),
                                    log_file(folder_, process), std::move(environment)));
        process.set_pid(spawned.pid);
        spawned_.push_back(std::move(spawned));
        return folder_.save(state_);
    }

    /// Looks until `done`. Fails as soon as a process that was started has ended.
    template <class Done>
    Result<void> await(std::string_view what, const Done& done) {
        Progress progress(context_.terminal);
        while (!done()) {
            const auto ended =
                std::ranges::find_if(spawned_, [](auto& process) { return process.has_ended(); });
            if (ended != spawned_.end()) return fail(last_words(*ended));
            if (deadline_.expired()) {
                return fail(
                    Errc::deadline_exceeded, fmt::format("{} took too long{}; see the logs in {}",
                                                 what, first_trouble(), folder_.path().string()));
            }
            progress.show(what);
            std::this_thread::sleep_for(look_interval);
        }
        return {};
    }

    /// Of the last look: ": d2 is silent".
    std::string first_trouble() const {
        const auto bad = std::ranges::find_if_not(seen_, &Seen::is_up);
        return bad == seen_.end() ? "" : fmt::format(": {} is {}", bad->name, bad->state);
    }

    static Error last_words(const SpawnedDaemon& process) {
        auto text = process.log();
        while (text.ends_with('\n')) text.pop_back();
        const auto line = text.rfind('\n');
        return {.code = Errc::unavailable,
            .detail = fmt::format("a process has ended: {} (see {})",
                line == std::string::npos ? text : text.substr(line + 1),
                process.log_file.string())};
    }

    bool have_leader() {
        std::string leader;
        for (const auto& process : state_.processes) {
            if (!process.is_nats()) continue;
            const auto report = monitors_.ask(process);
            if (!report || !report->healthy || report->meta_leader.empty()) return false;
            if (!leader.empty() && leader != report->meta_leader) return false;
            leader = report->meta_leader;
        }
        return true;
    }

    bool all_up() {
        seen_ = look(context_, folder_, state_);
        return std::ranges::all_of(seen_, &Seen::is_up);
    }

    Context& context_;
    const ClusterUpOptions& options_;
    ClusterFolder& folder_;
    ClusterState& state_;
    Deadline deadline_;
    NatsMonitors monitors_{context_.environment};
    std::vector<SpawnedDaemon> spawned_;
    std::vector<Seen> seen_;
};

void print(Context& context, const ClusterFolder& folder, const std::vector<Seen>& all) {
    if (context.options.json) {
        json::array list;
        for (const auto& seen : all) {
            json::array roles;
            for (const auto& role : seen.roles) roles.emplace_back(role);
            list.push_back(json::object{{"name", seen.name}, {"pid", seen.pid},
                {"state", seen.state}, {"port", seen.port}, {"roles", std::move(roles)}});
        }
        print_json(context,
            json::object{{"folder", folder.path().string()}, {"processes", std::move(list)}});
        return;
    }
    Table table({"NODE", ">PID", "STATE", ">PORT", "ROLE"});
    for (const auto& seen : all) {
        table.add({seen.name, seen.pid == 0 ? "-" : std::to_string(seen.pid), seen.state,
            std::to_string(seen.port), fmt::format("{}", fmt::join(seen.roles, ", "))});
    }
    table.print(context.terminal.out, context.out_colours());
}

/// Ends processes by SIGTERM and waits for them. Returns the names of those that go on.
std::vector<std::string> end(
    const std::vector<const ClusterProcess*>& processes, Deadline deadline) {
    std::vector<std::string> left;
    for (const auto* process : processes) {
        const auto sent = process->send_signal(SIGTERM);
        static_cast<void>(sent);  // one that has ended already needs none
    }
    for (const auto* process : processes) {
        if (!process->wait_end(deadline)) left.push_back(process->name);
    }
    return left;
}

}  // namespace

Result<void> execute(Context& context, const ClusterUpOptions& options) {
    BATON_TRY(auto folder, ClusterFolder::open(cluster_path(context), true));
    BATON_TRY(auto state, folder.load());
    Rise rise(context, options, folder, state);
    BATON_TRY_VOID(rise.run());
    print(context, folder, rise.seen());
    return {};
}

Result<void> execute(Context& context, const ClusterDownOptions& options) {
    BATON_TRY(auto folder, ClusterFolder::open(cluster_path(context), false));
    BATON_TRY(const auto state, folder.load());
    const auto deadline = Deadline::after(options.timeout);
    for (const bool nats : {false, true}) {
        std::vector<const ClusterProcess*> processes;
        for (const auto& process : state.processes) {
            if (process.is_nats() == nats && process.running()) processes.push_back(&process);
        }
        const auto left = end(processes, deadline);
        if (!left.empty()) {
            return fail(
                Errc::deadline_exceeded, fmt::format("still there after {}: {}",
                                             to_text(options.timeout), fmt::join(left, ", ")));
        }
    }
    if (options.wipe) {
        std::error_code error;
        std::filesystem::remove_all(folder.path(), error);
        if (error) return fail(Errc::data_dir_unusable, error.message());
    }
    if (context.options.json) {
        print_json(context, json::object{{"down", true}});
    } else {
        context.terminal.out << "down\n";
    }
    return {};
}

Result<void> execute(Context& context, const ClusterStatusOptions&) {
    BATON_TRY(auto folder, ClusterFolder::open(cluster_path(context), false));
    BATON_TRY(const auto state, folder.load());
    const auto all = look(context, folder, state);
    print(context, folder, all);
    const auto bad = std::ranges::find_if_not(all, &Seen::is_up);
    if (bad == all.end()) return {};
    return fail(Errc::unavailable, fmt::format("{} is {}", bad->name, bad->state));
}

Result<void> execute(Context& context, const ClusterKillOptions& options) {
    BATON_TRY(auto folder, ClusterFolder::open(cluster_path(context), false));
    BATON_TRY(auto state, folder.load());
    const auto* const process = state.find(options.node);
    if (process == nullptr) {
        return fail(Errc::not_found, fmt::format("the cluster has no `{}`", options.node));
    }
    BATON_TRY_VOID(process->send_signal(SIGKILL));
    if (!process->wait_end(Deadline::after(std::chrono::seconds(10)))) {
        return fail(Errc::internal, fmt::format("{} survived SIGKILL", options.node));
    }
    if (context.options.json) {
        print_json(context, json::object{{"killed", options.node}, {"pid", process->pid}});
    } else {
        context.terminal.out << fmt::format("killed {} (pid {})\n", options.node, process->pid);
    }
    return {};
}

}  // namespace baton::cli
