// One or three real nats-servers on loopback with JetStream, and the faults a cluster must survive.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/fault_proxy.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

struct NatsUser {
    std::string name;
    std::string password;
};

/// The program, in PATH or where Debian has it. Throws std::runtime_error when there is none.
[[nodiscard]] std::filesystem::path nats_server();

struct NatsClusterOptions {
    std::size_t nodes = 3;  ///< 1 or 3
    /// Routes and clients of each node go through proxies of ours, so that `cut` can be used. Costs
    /// throughput: leave it off when measuring.
    bool can_cut = false;
    /// Where the stores are. On a disk by default; `fast_place()` when no power is cut.
    std::filesystem::path parent = std::filesystem::temp_directory_path();
    std::string server_settings;     ///< lines for each configuration: "max_payload: 8MB"
    std::string jetstream_settings;  ///< lines for its jetstream block: "sync_interval: 10s"
    std::chrono::milliseconds ready_timeout{60'000};
};

/// A running cluster. Nodes are numbered from 0 and called n1, n2, n3. Ports and stores stay the
/// same over restarts. Use from one thread. Destruction kills the servers (SIGKILL, each by its
/// pid) and removes their stores.
/// Methods that wait throw std::runtime_error with the servers' last words when the time is over.
class NatsCluster final {
public:
    /// Starts the servers and waits until JetStream is usable: every node is healthy and all name
    /// the same leader of the meta group.
    explicit NatsCluster(NatsClusterOptions options = {});
    ~NatsCluster();
    NatsCluster(const NatsCluster&) = delete;
    NatsCluster& operator=(const NatsCluster&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    /// "nats://127.0.0.1:4222", one per node, in their order, without user names.
    [[nodiscard]] std::vector<std::string> urls() const;
    [[nodiscard]] std::string url(std::size_t node) const;
    /// What the daemon may use; may do everything in its account here.
    [[nodiscard]] const NatsUser& user() const noexcept { return user_; }
    /// Of the system account.
    [[nodiscard]] const NatsUser& system_user() const noexcept { return system_user_; }

    /// SIGKILL, and gone on return. Nothing happens when it is down.
    void kill(std::size_t node);
    /// SIGTERM, and gone on return (30 s): the server's own orderly end.
    void terminate(std::size_t node);
    /// SIGSTOP and SIGCONT: the node neither answers nor hangs up.
    void stop(std::size_t node);
    void cont(std::size_t node);
    /// Starts a node that is down (one that runs is terminated first), over its store. Returns when
    /// it is healthy, which needs a quorum.
    void restart(std::size_t node);
    /// The same without waiting.
    void start(std::size_t node);
    /// Nobody reaches the node and it reaches nobody: neither routes nor clients. `hold`: silence,
    /// as when a cable is pulled; `reset`: all connections break at once and no new ones come
    /// about. Needs `can_cut`.
    void cut(std::size_t node, Link how = Link::hold);
    void heal(std::size_t node);

    /// Whether its process is there (also when stopped or cut off).
    [[nodiscard]] bool running(std::size_t node) const noexcept;
    [[nodiscard]] pid_t pid(std::size_t node) const;
    /// Everything it has logged.
    [[nodiscard]] std::string log(std::size_t node) const;
    [[nodiscard]] std::filesystem::path store(std::size_t node) const;

    /// Who leads the stream or the meta group, as the reachable nodes see it; nothing while there
    /// is no leader, or no such stream. A node that is down, stopped or cut off is never named.
    [[nodiscard]] std::optional<std::size_t> leader_of(std::string_view stream) const;
    /// Sequence of the stream's last message, as its leader has it; 0: there is none, or no leader.
    [[nodiscard]] std::uint64_t last_sequence(std::string_view stream) const;
    [[nodiscard]] std::optional<std::size_t> meta_leader() const;  ///< one node alone has none
    /// Waits for one.
    [[nodiscard]] std::size_t await_leader(std::string_view stream,
        std::chrono::milliseconds timeout = std::chrono::seconds(30)) const;
    /// Waits until every node is healthy: all streams have caught up.
    void await_healthy(std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;
    /// The same; false when the time is over.
    [[nodiscard]] bool becomes_healthy(std::chrono::milliseconds timeout) const;

private:
    struct Node {
        std::string name;
        std::uint16_t client_port = 0;
        std::uint16_t route_port = 0;
        std::uint16_t monitor_port = 0;
        std::unique_ptr<FaultProxy> clients;  ///< null without `can_cut`
        std::vector<std::unique_ptr<FaultProxy>>
            routes;  ///< to each node from this one; null to itself
        std::unique_ptr<Process> process;
        bool stopped = false;
        bool cut = false;
    };

    void choose_ports();
    bool launch();
    void write_config(std::size_t node) const;
    [[nodiscard]] std::filesystem::path config(std::size_t node) const;
    [[nodiscard]] bool reachable(const Node& node) const;
    [[nodiscard]] bool healthy(const Node& node) const;
    [[nodiscard]] bool ready() const;
    void set_links(std::size_t node, Link link);
    [[noreturn]] void fail(std::string_view what) const;

    NatsClusterOptions options_;
    TempDir dir_;
    NatsUser user_{"batond", "batond-test"};
    NatsUser system_user_{"sys", "sys-test"};
    std::vector<Node> nodes_;
};

}  // namespace baton::test
