// A cluster of real NATS servers and daemons under steady load, whose clients write down what they
// see.
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "client/queue_client.h"
#include "support/daemon.h"
#include "support/fault_proxy.h"
#include "support/history.h"
#include "support/nats_cluster.h"
#include "support/temp_dir.h"

namespace baton::test {

struct ClusterLoadOptions {
    std::size_t daemons = 3;  ///< at most one more than that comes
    std::size_t producers = 6;
    std::size_t consumers = 6;
    std::chrono::milliseconds lease{4'000};
    std::chrono::milliseconds pause{2};  ///< of a producer between two posts
    bool can_cut = true;
    const char* log_size = "16MiB";  ///< of a partition
    std::string nats_settings;       ///< lines for each server's configuration
};

struct SeenError {
    Errc code = Errc::internal;
    std::string detail;  ///< empty when no daemon has said it
    auto operator<=>(const SeenError&) const = default;
};

/// Use from one thread. Producers post one message after the other, each on its own, half of them
/// with an ordering key of the producer's; consumers pop, wait and ack. Both go from daemon to
/// daemon.
class ClusterLoad final {
public:
    explicit ClusterLoad(ClusterLoadOptions options = {});
    ~ClusterLoad();
    ClusterLoad(const ClusterLoad&) = delete;
    ClusterLoad& operator=(const ClusterLoad&) = delete;

    [[nodiscard]] NatsCluster& nats() { return nats_; }
    [[nodiscard]] std::size_t daemons() const { return daemons_.size(); }
    [[nodiscard]] Daemon& daemon(std::size_t index) { return *daemons_.at(index); }
    /// One more, which joins the load when it is ready.
    void add_daemon();
    /// Ends the one that came last, in order.
    void remove_daemon();
    /// Whether the one that came last leads a partition by now.
    [[nodiscard]] bool last_one_leads() const;
    /// Over its folder; it joins the load again when it is ready.
    void restart(std::size_t daemon);
    /// Clients leave this one alone from now on, or no longer.
    void avoid(std::size_t daemon, bool avoided);
    /// The daemon and NATS no longer hear of each other, or again; its clients stay.
    void cut_off(std::size_t daemon, bool is_cut);
    /// The daemon that leads the partition of the queue under load.
    [[nodiscard]] std::size_t leader();

    /// Another queue of the same partition with so many messages of 256 bytes.
    void fill(std::uint64_t messages);

    /// Waits until posts are accepted that began after this moment; how long that took.
    [[nodiscard]] std::chrono::milliseconds time_to_accept(
        std::chrono::milliseconds patience = std::chrono::seconds(60));
    /// Lets the load go on for a while.
    void run_for(std::chrono::milliseconds time);
    /// Ends the producers, waits until everything is consumed, ends the consumers; what was seen.
    [[nodiscard]] std::string finish();

    [[nodiscard]] const History& history() const { return history_; }
    /// The errors that clients have seen, each with how often.
    [[nodiscard]] std::map<SeenError, std::size_t> errors() const;

    static constexpr std::uint32_t partitions = 4;
    static constexpr const char* queue = "load";
    /// Where that queue lives.
    [[nodiscard]] static std::uint32_t partition();

private:
    [[nodiscard]] DaemonOptions daemon_options(std::size_t daemon);
    void publish();
    void produce(std::size_t index);
    void consume(std::size_t index);
    /// Puts what became of acks into the history. Returns the receipts for which another daemon may
    /// be asked.
    std::vector<std::string> add_acks(
        std::vector<std::string> receipts, CallTime at, const Result<client::Settled>& settled);
    void make_queue();
    /// What the daemons have said, of which a failed test leaves nothing else.
    void print_logs();
    [[nodiscard]] std::string url_for(std::size_t turn) const;
    /// Empty when it does not answer.
    [[nodiscard]] std::string metrics_of(std::size_t daemon) const;
    /// How a call ended that failed.
    Outcome failed(const Error& error);
    [[nodiscard]] bool is_empty() const;

    const ClusterLoadOptions options_;
    const std::vector<std::string> names_;  ///< of the daemons
    NatsCluster nats_;
    TempDir dir_;
    std::vector<std::vector<std::unique_ptr<FaultProxy>>>
        links_;  ///< of each daemon to each server
    std::vector<std::unique_ptr<Daemon>> daemons_;
    std::vector<bool> avoided_;
    std::string key_;
    History history_;
    mutable std::mutex mutex_;
    std::vector<std::string> urls_;  ///< of the daemons under load
    std::map<SeenError, std::size_t> errors_;
    std::atomic<bool> producing_{true};
    std::atomic<bool> consuming_{true};
    std::vector<std::thread> producers_;
    std::vector<std::thread> consumers_;
};

}  // namespace baton::test
