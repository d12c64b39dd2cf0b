#include "support/nats_cluster.h"

#include <algorithm>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "support/eventually.h"
#include "support/free_port.h"
#include "support/nats_monitor.h"

namespace baton::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int launches_max = 5;

/// One that none of `taken` is.
std::uint16_t another_port(std::vector<std::uint16_t>& taken) {
    auto port = free_port();
    while (std::ranges::find(taken, port) != taken.end()) port = free_port();
    taken.push_back(port);
    return port;
}

}  // namespace

std::filesystem::path nats_server() {
    std::string folders = "/usr/sbin:/usr/local/bin:/usr/bin";
    if (const char* path = std::getenv("PATH")) folders = fmt::format("{}:{}", path, folders);
    std::istringstream list(folders);
    for (std::string folder; std::getline(list, folder, ':');) {
        const auto program = std::filesystem::path(folder) / "nats-server";
        if (::access(program.c_str(), X_OK) == 0) return program;
    }
    throw std::runtime_error("there is no nats-server; scripts/install-deps.sh test installs it");
}

NatsCluster::NatsCluster(NatsClusterOptions options)
    : options_(std::move(options)), dir_(options_.parent), nodes_(options_.nodes) {
    assert(size() == 1 || size() == 3);
    for (std::size_t i = 0; i < size(); ++i) {
        nodes_[i].name = fmt::format("n{}", i + 1);
        if (!options_.can_cut) continue;
        nodes_[i].clients = std::make_unique<FaultProxy>();
        for (std::size_t to = 0; to < size(); ++to) {
            nodes_[i].routes.push_back(to == i ? nullptr : std::make_unique<FaultProxy>());
        }
    }
    for (int tries = 1; !launch(); ++tries) {
        if (tries == launches_max) fail("a server ended at once");
        for (std::size_t i = 0; i < size(); ++i) kill(i);
    }
    if (!eventually([&] { return ready(); }, options_.ready_timeout))
        fail("JetStream is not ready");
}

NatsCluster::~NatsCluster() {
    // All get their signal before the first is waited for.
    for (auto& node : nodes_) {
        if (node.process) node.process->send_signal(SIGKILL);
    }
}

/// False when a server could not take its ports: somebody else was faster.
bool NatsCluster::launch() {
    choose_ports();
    for (std::size_t i = 0; i < size(); ++i) start(i);
    const auto listens = [](const Node& node) {
        return node.process->err().contains("Server is ready") ||
               NatsMonitor(node.monitor_port).answers();
    };
    const auto ended = [](const Node& node) {
        return node.process->wait_exit(milliseconds(0)).has_value();
    };
    if (!eventually(
            [&] {
                return std::ranges::any_of(nodes_, ended) || std::ranges::all_of(nodes_, listens);
            },
            options_.ready_timeout)) {
        fail("a server does not listen");
    }
    return std::ranges::none_of(nodes_, ended);
}

void NatsCluster::choose_ports() {
    std::vector<std::uint16_t> taken;
    for (auto& node : nodes_) {
        node.client_port = another_port(taken);
        node.route_port = another_port(taken);
        node.monitor_port = another_port(taken);
    }
    for (auto& node : nodes_) {
        if (node.clients) node.clients->set_target(node.client_port);
        for (std::size_t to = 0; to < node.routes.size(); ++to) {
            if (node.routes[to]) node.routes[to]->set_target(nodes_[to].route_port);
        }
    }
}

void NatsCluster::write_config(std::size_t node) const {
    const auto& self = nodes_[node];
    std::string text = fmt::format(R"(server_name: {}
listen: "127.0.0.1:{}"
http: "127.0.0.1:{}"
{}
jetstream {{
  store_dir: "{}"
  {}
}}
accounts {{
  SYS: {{ users: [ {{ user: {}, password: "{}" }} ] }}
  BATON: {{ jetstream: enabled, users: [ {{ user: {}, password: "{}" }} ] }}
}}
system_account: SYS
)",
        self.name, self.client_port, self.monitor_port, options_.server_settings,
        store(node).string(), options_.jetstream_settings, system_user_.name, system_user_.password,
        user_.name, user_.password);
    if (size() > 1) {
        std::string routes;
        for (std::size_t to = 0; to < size(); ++to) {
            if (to == node) continue;
            const auto port = options_.can_cut ? self.routes[to]->port() : nodes_[to].route_port;
            routes += fmt::format("    \"nats-route://127.0.0.1:{}\"\n", port);
        }
        // Servers tell each other where the others are, and would go round the proxies: with these,
        // what they hear of leads nowhere (routes) or is not said at all (clients).
        const std::string_view hidden = options_.can_cut ? "advertise: \"127.0.0.1:1\"" : "";
        text += fmt::format(R"(cluster {{
  name: baton
  listen: "127.0.0.1:{}"
  routes: [
{}  ]
  no_advertise: true
  {}
}}
)",
            self.route_port, routes, hidden);
    }
    std::ofstream(config(node)) << text;
}

std::filesystem::path NatsCluster::config(std::size_t node) const {
    return dir_ / (nodes_[node].name + ".conf");
}

std::filesystem::path NatsCluster::store(std::size_t node) const {
    return dir_ / nodes_[node].name;
}

std::vector<std::string> NatsCluster::urls() const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < size(); ++i) result.push_back(url(i));
    return result;
}

std::string NatsCluster::url(std::size_t node) const {
    const auto& self = nodes_.at(node);
    return fmt::format(
        "nats://127.0.0.1:{}", self.clients ? self.clients->port() : self.client_port);
}

void NatsCluster::kill(std::size_t node) {
    auto& self = nodes_.at(node);
    if (!running(node)) return;
    self.process->send_signal(SIGKILL);
    if (!self.process->wait_exit(std::chrono::seconds(30))) fail("a server survived SIGKILL");
    self.stopped = false;
}

void NatsCluster::terminate(std::size_t node) {
    if (!running(node)) return;
    cont(node);
    auto& process = *nodes_.at(node).process;
    process.send_signal(SIGTERM);
    if (!process.wait_exit(std::chrono::seconds(30))) fail("a server does not end");
}

void NatsCluster::stop(std::size_t node) {
    nodes_.at(node).process->send_signal(SIGSTOP);
    nodes_.at(node).stopped = true;
}

void NatsCluster::cont(std::size_t node) {
    nodes_.at(node).process->send_signal(SIGCONT);
    nodes_.at(node).stopped = false;
}

void NatsCluster::start(std::size_t node) {
    write_config(node);
    auto& self = nodes_.at(node);
    self.process.reset();
    ProcessOptions options;
    options.program = nats_server();
    options.arguments = {"-c", config(node).string()};
    self.process = std::make_unique<Process>(std::move(options));
    self.stopped = false;
}

void NatsCluster::restart(std::size_t node) {
    terminate(node);
    start(node);
    if (!eventually([&] { return healthy(nodes_[node]); }, options_.ready_timeout)) {
        fail("a server does not get healthy");
    }
}

void NatsCluster::cut(std::size_t node, Link how) {
    assert(options_.can_cut);
    set_links(node, how);
    nodes_.at(node).cut = true;
}

void NatsCluster::heal(std::size_t node) {
    nodes_.at(node).cut = false;
    set_links(node, Link::pass);
}

void NatsCluster::set_links(std::size_t node, Link link) {
    nodes_.at(node).clients->set_link(link);
    for (std::size_t other = 0; other < size(); ++other) {
        // A route between two that are cut off stays down until both are healed.
        if (other == node || nodes_[other].cut) continue;
        nodes_[node].routes[other]->set_link(link);
        nodes_[other].routes[node]->set_link(link);
    }
}

bool NatsCluster::running(std::size_t node) const noexcept {
    const auto& process = nodes_[node].process;
    return process && !process->wait_exit(milliseconds(0));
}

pid_t NatsCluster::pid(std::size_t node) const { return nodes_.at(node).process->pid(); }

std::string NatsCluster::log(std::size_t node) const { return nodes_.at(node).process->err(); }

bool NatsCluster::reachable(const Node& node) const {
    return node.process && !node.stopped && !node.cut && !node.process->wait_exit(milliseconds(0));
}

bool NatsCluster::healthy(const Node& node) const {
    return reachable(node) && NatsMonitor(node.monitor_port).healthy();
}

bool NatsCluster::ready() const {
    if (!std::ranges::all_of(nodes_, [&](const Node& node) { return healthy(node); })) return false;
    if (size() == 1) return true;
    const auto leader = NatsMonitor(nodes_.front().monitor_port).meta_leader();
    return !leader.empty() && std::ranges::all_of(nodes_, [&](const Node& node) {
        return NatsMonitor(node.monitor_port).meta_leader() == leader;
    });
}

/// Only the leader itself is sure that it is: what others say of it may be old.
std::optional<std::size_t> NatsCluster::leader_of(std::string_view stream) const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (!reachable(nodes_[i])) continue;
        const auto name = NatsMonitor(nodes_[i].monitor_port).stream_leader(stream);
        if (name == nodes_[i].name) return i;
    }
    return std::nullopt;
}

std::uint64_t NatsCluster::last_sequence(std::string_view stream) const {
    const auto leader = leader_of(stream);
    return leader ? NatsMonitor(nodes_[*leader].monitor_port).last_sequence(stream) : 0;
}

std::optional<std::size_t> NatsCluster::meta_leader() const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (!reachable(nodes_[i])) continue;
        if (NatsMonitor(nodes_[i].monitor_port).meta_leader() == nodes_[i].name) return i;
    }
    return std::nullopt;
}

std::size_t NatsCluster::await_leader(std::string_view stream, milliseconds timeout) const {
    std::optional<std::size_t> leader;
    if (!eventually([&] { return (leader = leader_of(stream)).has_value(); }, timeout)) {
        fail(fmt::format("no leader of {}", stream));
    }
    return *leader;
}

bool NatsCluster::becomes_healthy(milliseconds timeout) const {
    const auto all = [&] {
        return std::ranges::all_of(nodes_, [&](const Node& node) { return healthy(node); });
    };
    return eventually(all, timeout);
}

void NatsCluster::await_healthy(milliseconds timeout) const {
    if (!becomes_healthy(timeout)) fail("not all servers are healthy");
}

void NatsCluster::fail(std::string_view what) const {
    constexpr std::size_t last_words_max = 2'000;
    std::string text(what);
    for (const auto& node : nodes_) {
        const auto log = node.process ? node.process->err() : std::string();
        text += fmt::format("\n--- {}\n{}", node.name,
            log.substr(log.size() - std::min(log.size(), last_words_max)));
    }
    throw std::runtime_error(text);
}

}  // namespace baton::test
