#include "queue/cluster/cluster_member.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "nats/jetstream.h"
#include "nats/key_value.h"
#include "nats/messaging.h"
#include "queue/cluster/directory.h"
#include "queue/cluster/mailbox.h"
#include "queue/cluster/nats_transport.h"

namespace baton::queue::cluster {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The thread looks at the connection and at calls that wait at least so often.
constexpr Duration step{50};
/// A connection that is lost finds another server sooner.
constexpr Duration cut_off_time{1'000};

SteadyTime steady_now() { return std::chrono::time_point_cast<Duration>(SteadyClock::now()); }

std::uint64_t random_number() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

/// Does the writes of the bucket, which block, one after the other.
class BucketWriter {
public:
    BucketWriter(nats::KeyValue& bucket, std::function<void(ClusterEvent)> tell)
        : bucket_(bucket), tell_(std::move(tell)), thread_([this] { run(); }) {}
    ~BucketWriter() {
        writes_.put(std::nullopt);
        thread_.join();
    }
    BucketWriter(const BucketWriter&) = delete;
    BucketWriter& operator=(const BucketWriter&) = delete;

    void write(WriteKey write) { writes_.put(std::move(write)); }

private:
    void run() {
        while (true) {
            for (auto& one : writes_.take(SteadyClock::time_point::max())) {
                if (!one) return;
                tell_(written(*one));
            }
        }
    }
    Written written(const WriteKey& one) {
        const auto result = !one.expected ? bucket_.put(one.key, one.value)
                            : *one.expected == 0
                                ? bucket_.create(one.key, one.value)
                                : bucket_.update(one.key, one.value, *one.expected);
        if (result) return {one.ticket, WriteOutcome::stored, *result};
        const bool is_refused = result.error().code == Errc::conflict;
        return {one.ticket, is_refused ? WriteOutcome::refused : WriteOutcome::unknown, 0};
    }

    nats::KeyValue& bucket_;
    std::function<void(ClusterEvent)> tell_;
    Mailbox<std::optional<WriteKey>> writes_;
    std::thread thread_;
};

/// What is seen of the cluster from here.
class Metrics {
public:
    Metrics(MetricRegistry& registry, std::uint32_t partitions)
        : members_(registry.gauge("baton_cluster_members", "Daemons that are there")),
          in_touch_(registry.gauge(
              "baton_cluster_in_touch", "1 while NATS takes what this daemon writes, else 0")),
          changes_(registry.counter(
              "baton_cluster_leader_changes_total", "Changes of a partition's leader seen here")) {
        for (std::uint32_t partition = 0; partition < partitions; ++partition) {
            leads_.push_back(&registry.gauge("baton_cluster_leads",
                "1 while this daemon leads the partition, else 0",
                {{"partition", std::to_string(partition)}}));
        }
    }

    void see(const std::vector<LeaderView>& leaders, const DaemonId& me, std::size_t members,
        bool in_touch) {
        members_.Set(static_cast<double>(members));
        in_touch_.Set(in_touch ? 1 : 0);
        last_.resize(leaders.size());
        for (std::size_t i = 0; i < leaders.size(); ++i) {
            leads_[i]->Set(leaders[i].is_serving && leaders[i].id == me ? 1 : 0);
            if (leaders[i].id.text.empty() || leaders[i].id == last_[i]) continue;
            if (!last_[i].text.empty()) changes_.Increment();
            last_[i] = leaders[i].id;
        }
    }

private:
    prometheus::Gauge& members_;
    prometheus::Gauge& in_touch_;
    prometheus::Counter& changes_;
    std::vector<prometheus::Gauge*> leads_;
    std::vector<DaemonId> last_;
};

class Member final : public ClusterMember {
public:
    Member(ClusterConfig config, std::shared_ptr<nats::Connection> connection, OpenStore open_store,
        IoPool& io, const Clock& clock, MetricRegistry& metrics, baton::Log log)
        : config_(std::move(config)),
          connection_(std::move(connection)),
          log_(std::move(log)),
          metrics_(metrics, config_.node.partitions),
          node_(config_.node),
          directory_(config_.node.partitions),
          context_{.open_store = std::move(open_store),
              .io = io,
              .clock = clock,
              .metrics = metrics,
              .log = log_,
              .tell = [this](ClusterEvent event) { events_.put(std::move(event)); },
              .events = [this](const Bytes& event) { transport_->tell_event(event); }} {}
    ~Member() override { stop(Deadline::after(Duration(0))); }

    Result<void> open() {
        BATON_TRY(bucket_, nats::open_bucket(connection_,
                               {.name = config_.name,
                                   .replicas = config_.replicas,
                                   .ttl = config_.node.timing.ttl,
                                   .patience = config_.node.timing.write_patience},
                               config_.node.timing.write_patience));
        std::shared_ptr<nats::Messaging> messaging = nats::make_messaging(connection_);
        BATON_TRY(const auto jetstream,
            nats::make_jetstream(connection_, config_.node.timing.write_patience));
        const NatsTransportConfig transport{.cluster = config_.name,
            .id = config_.node.id,
            .partitions = config_.node.partitions,
            .message_bytes_max = jetstream->max_payload(),
            .random = random_number()};
        BATON_TRY(transport_,
            make_nats_transport(
                transport, std::move(messaging), directory_,
                [this](Partition partition, const Bytes& request, Completion<Bytes>& answer) {
                    return receive(partition, request, answer);
                },
                log_));
        return {};
    }

    Result<void> start(Deadline deadline) override {
        writer_ = std::make_unique<BucketWriter>(*bucket_, context_.tell);
        thread_ = std::thread([this] { run(); });
        std::unique_lock lock(mutex_);
        const auto is_settled = [&] {
            return misfit_.has_value() ||
                   (!leaders_.empty() && std::ranges::all_of(leaders_, &LeaderView::is_serving));
        };
        const bool in_time = changed_.wait_until(lock, deadline.at(), is_settled);
        if (misfit_) {
            return fail(Errc::conflict,
                fmt::format("daemon `{}` has {} partitions, this one {}: all must have as many",
                    misfit_->record.name, misfit_->record.partitions, config_.node.partitions));
        }
        if (!in_time) return fail(Errc::unavailable, "not every partition has found a leader");
        return {};
    }

    void stop(Deadline deadline) override {
        if (!thread_.joinable()) return;
        events_.put(Drain{});
        {
            std::unique_lock lock(mutex_);
            changed_.wait_until(lock, deadline.at(), [&] { return is_drained_; });
        }
        is_ending_ = true;
        thread_.join();
        hosts_.clear();  // each closes and waits for its end
        transport_->close();
        watch_.reset();
        writer_.reset();
    }

    remote::Transport& transport() override { return *transport_; }
    std::vector<ClusterNode::Member> members() const override {
        const std::scoped_lock lock(mutex_);
        return members_;
    }
    std::vector<LeaderView> leaders() const override {
        const std::scoped_lock lock(mutex_);
        return leaders_;
    }

private:
    void run() {
        while (!is_ending_) {
            const auto next = std::min(node_.next_tick(), steady_now() + step);
            auto events = events_.take(next);
            look_at_connection();
            for (const auto& event : events) handle(event);
            if (node_.next_tick() <= steady_now()) handle(Tick{});
            publish();
            transport_->sweep();
        }
    }

    void look_at_connection() {
        const bool is_connected = connection_->is_connected();
        if (is_connected) connected_at_ = steady_now();
        directory_.set_cut_off(steady_now() - connected_at_ >= cut_off_time);
        if (is_connected == was_connected_) return;
        was_connected_ = is_connected;
        if (!is_connected) return handle(Disconnected{});
        handle(Connected{});
        if (watch_) return watch_->tell_again();
        watch_ = bucket_->watch([this](const nats::KeyEntry* entry) { see(entry); });
    }

    /// On the thread of the watch.
    void see(const nats::KeyEntry* entry) {
        if (entry == nullptr) return events_.put(ViewComplete{});
        auto event = seen(entry->key, entry->value, entry->revision);
        if (event) return events_.put(*std::move(event));
        log_.debug("an entry of the cluster was passed over", {{"key", entry->key}});
    }

    void handle(const ClusterEvent& event) {
        if (const auto* closed = std::get_if<Closed>(&event)) forget(closed->turn);
        if (const auto* failed = std::get_if<OpenFailed>(&event)) forget(failed->turn);
        for (auto& action : node_.handle(event, steady_now())) {
            std::visit([this](auto& one) { act(one); }, action);
        }
    }

    void act(WriteKey& action) { writer_->write(std::move(action)); }
    void act(const OpenPartition& action) {
        HostConfig host{.partition = action.partition,
            .turn = action.turn,
            .pipeline = config_.pipeline,
            .server = config_.server};
        host.pipeline.uid_low_byte = static_cast<std::uint8_t>(action.partition);
        const std::scoped_lock lock(hosts_mutex_);
        hosts_[action.partition] = {action.turn, std::make_shared<PartitionHost>(host, context_)};
        log_.info("opening a partition", {{"partition", action.partition}});
    }
    void act(const ServePartition& action) {
        log_.info("serving a partition", {{"partition", action.partition}});
        if (auto host = host_of(action.partition, action.turn)) host->serve();
    }
    void act(const AnswerUntil& action) {
        if (auto host = host_of(action.partition, action.turn)) host->answer_until(action.until);
    }
    void act(const ProvePartition& action) {
        if (auto host = host_of(action.partition, action.turn)) host->prove(action.proof);
    }
    void act(const ClosePartition& action) {
        log_.info("closing a partition", {{"partition", action.partition}});
        if (auto host = host_of(action.partition, action.turn)) return host->close();
    }
    void act(const Drained&) {
        const std::scoped_lock lock(mutex_);
        is_drained_ = true;
        changed_.notify_all();
    }

    void publish() {
        std::vector<LeaderView> leaders;
        for (Partition partition = 0; partition < config_.node.partitions; ++partition) {
            leaders.push_back(node_.leader(partition, steady_now()));
        }
        Result<void> health;
        if (!node_.is_in_touch(steady_now())) {
            health =
                fail(Errc::unavailable, "NATS has not taken a write of this daemon for a while");
        }
        metrics_.see(
            leaders, config_.node.id, node_.members(steady_now()).size(), health.has_value());
        directory_.set(leaders, std::move(health));
        const std::scoped_lock lock(mutex_);
        leaders_ = std::move(leaders);
        members_ = node_.members(steady_now());
        misfit_ = node_.misfit();
        changed_.notify_all();
    }

    bool receive(Partition partition, const Bytes& request, Completion<Bytes>& answer) {
        const auto host = host_of(partition);
        return host && host->receive(request, answer);
    }

    /// Null when it is not open, or in another turn than the one asked for.
    std::shared_ptr<PartitionHost> host_of(Partition partition, std::optional<Ticket> turn = {}) {
        const std::scoped_lock lock(hosts_mutex_);
        const auto found = hosts_.find(partition);
        if (found == hosts_.end() || (turn && found->second.turn != *turn)) return nullptr;
        return found->second.host;
    }

    void forget(Ticket turn) {
        std::shared_ptr<PartitionHost> ended;  // its thread is awaited without the lock
        const std::scoped_lock lock(hosts_mutex_);
        for (auto host = hosts_.begin(); host != hosts_.end(); ++host) {
            if (host->second.turn != turn) continue;
            ended = std::move(host->second.host);
            hosts_.erase(host);
            return;
        }
    }

    const ClusterConfig config_;
    std::shared_ptr<nats::Connection> connection_;
    baton::Log log_;

    // Of the thread.
    Metrics metrics_;
    ClusterNode node_;
    bool was_connected_ = false;
    SteadyTime connected_at_ = steady_now();  ///< the last time it was seen to be
    std::unique_ptr<nats::KeyWatch> watch_;

    Directory directory_;
    Mailbox<ClusterEvent> events_;
    std::atomic<bool> is_ending_{false};
    const HostContext context_;
    std::unique_ptr<nats::KeyValue> bucket_;
    std::unique_ptr<BucketWriter> writer_;
    std::unique_ptr<NatsTransport> transport_;

    std::mutex hosts_mutex_;
    struct Hosted {
        Ticket turn = 0;
        std::shared_ptr<PartitionHost> host;
    };
    std::map<Partition, Hosted> hosts_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<LeaderView> leaders_;
    std::vector<ClusterNode::Member> members_;
    std::optional<ClusterNode::Member> misfit_;
    bool is_drained_ = false;

    std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ClusterMember>> make_cluster_member(ClusterConfig config,
    std::shared_ptr<nats::Connection> connection, OpenStore open_store, IoPool& io,
    const Clock& clock, MetricRegistry& metrics, baton::Log log) {
    config.node.id = make_daemon_id(config.node.name, random_number());
    auto member = std::make_unique<Member>(std::move(config), std::move(connection),
        std::move(open_store), io, clock, metrics, std::move(log));
    BATON_TRY_VOID(member->open());
    return member;
}

}  // namespace baton::queue::cluster
