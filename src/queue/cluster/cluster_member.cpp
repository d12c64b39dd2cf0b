#include "queue/cluster/cluster_member.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "nats/jetstream.h"
#include "nats/key_value.h"
#include "nats/messaging.h"
#include "queue/cluster/bucket_writer.h"
#include "queue/cluster/directory.h"
#include "queue/cluster/mailbox.h"
#include "queue/cluster/member_metrics.h"
#include "queue/cluster/member_view.h"
#include "queue/cluster/nats_transport.h"
#include "queue/cluster/quota_exchange.h"

namespace baton::queue::cluster {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The thread looks at the connection and at calls that wait at least so often.
constexpr Duration step{50};
/// A connection that is lost finds another server sooner.
constexpr Duration cut_off_time{1'000};
/// So long one that stops waits until what it led is served elsewhere.
constexpr Duration farewell_max{500};

SteadyTime steady_now() { return std::chrono::time_point_cast<Duration>(SteadyClock::now()); }

std::uint64_t random_number() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

class Member final : public ClusterMember {
public:
    Member(ClusterConfig config, std::shared_ptr<nats::Connection> connection,
        PartitionStores stores, IoPool& io, const Clock& clock, MetricRegistry& metrics,
        baton::Log log)
        : config_(std::move(config)),
          connection_(std::move(connection)),
          log_(std::move(log)),
          metrics_(metrics, config_.node.partitions),
          node_(config_.node),
          directory_(config_.node.partitions),
          copies_(std::move(stores.copy), log_),
          context_{.open_store =
                       [this, open = std::move(stores.open)](
                           Partition partition, std::function<void()> on_trouble) {
                           copies_.wait(partition);
                           return open(partition, std::move(on_trouble));
                       },
              .io = io,
              .clock = clock,
              .metrics = metrics,
              .log = log_,
              .tell = [this](ClusterEvent event) { events_.put(std::move(event)); },
              .events = [this](const Bytes& event) { transport_->tell_event(event); },
              .kept_elsewhere = [this](
                                    Partition partition) { return quotas_.elsewhere(partition); }},
          quotas_(config_.node.partitions, quota_ports(), metrics) {}
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
        quota_watch_ = transport_->watch([this](std::string_view event) { quotas_.heard(event); });
        return {};
    }

    Result<void> start(Deadline deadline) override {
        writer_ = std::make_unique<BucketWriter>(*bucket_, context_.tell);
        thread_ = std::thread([this] { run(); });
        std::unique_lock lock(mutex_);
        const bool in_time = changed_.wait_until(
            lock, deadline.at(), [&] { return misfit_.has_value() || is_settled(view_); });
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
        {
            std::unique_lock lock(mutex_);
            const auto led = led_here(view_);
            events_.put(Drain{});
            changed_.wait_until(lock, deadline.at(), [&] { return is_drained_; });
            // Until others see who leads now they send commands here, which must have answers.
            changed_.wait_until(lock, deadline.min(Deadline::after(farewell_max)).at(),
                [&] { return has_handed_over(view_, led); });
        }
        is_ending_ = true;
        thread_.join();
        copies_.stop();
        end_hosts();
        transport_->close();
        transport_->leave();
        watch_.reset();
        writer_.reset();
    }

    remote::Transport& transport() override { return *transport_; }
    ClusterState state() const override {
        const std::scoped_lock lock(mutex_);
        return state_of(view_);
    }

private:
    struct Hosted {
        Ticket turn = 0;
        std::shared_ptr<PartitionHost> host;
    };

    void run() {
        while (!is_ending_) {
            const auto next = std::min(node_.next_tick(), steady_now() + step);
            auto events = events_.take(next);
            look_at_connection();
            for (const auto& event : events) handle(event);
            if (node_.next_tick() <= steady_now()) handle(Tick{});
            publish();
            quotas_.step(led());
            transport_->sweep();
        }
    }

    void look_at_connection() {
        const bool is_connected = connection_->is_connected();
        if (is_connected) connected_at_ = steady_now();
        directory_.set_cut_off(steady_now() - connected_at_ >= cut_off_time);
        const auto reconnects = connection_->reconnects();
        // What was to be sent while it was silent was not sent, whether it was lost or not.
        if (is_connected && (!was_connected_ || reconnects != reconnects_)) {
            if (was_connected_) handle(Troubled{});  // it was away for less than a step
            reconnects_ = reconnects;
            transport_->came_back();
        }
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
    void act(const CopyPartition& action) { copies_.begin(action.partition); }
    void act(const OpenPartition& action) {
        HostConfig host{.partition = action.partition,
            .turn = action.turn,
            .partitions = config_.node.partitions,
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
        const auto now = steady_now();
        MemberView view{.cluster = config_.name,
            .id = config_.node.id,
            .is_connected = was_connected_,
            .hanging = node_.hanging(),
            .is_in_touch = node_.is_in_touch(now),
            .passed_over = node_.passed_over(),
            .members = node_.members(now)};
        for (Partition partition = 0; partition < config_.node.partitions; ++partition) {
            view.leaders.push_back(node_.leader(partition, now));
        }
        Result<void> health;
        if (!view.is_in_touch) {
            health =
                fail(Errc::unavailable, "NATS has not taken a write of this daemon for a while");
        }
        metrics_.see(view);
        tell_hanging(view.hanging);
        directory_.set(view.leaders, std::move(health));
        publish_guests();
        const std::scoped_lock lock(mutex_);
        view_ = std::move(view);
        misfit_ = node_.misfit();
        changed_.notify_all();
    }

    void tell_hanging(const std::vector<Partition>& hanging) {
        for (const auto partition : hanging) {
            if (std::ranges::find(told_hanging_, partition) != told_hanging_.end()) continue;
            log_.error("a partition neither opens nor closes here; it goes to another daemon",
                {{"partition", partition}});
        }
        told_hanging_ = hanging;
    }

    QuotaExchange::Ports quota_ports() {
        return {.now = steady_now,
            .is_served =
                [this](Partition partition) { return directory_.leader(partition).is_serving; },
            .ask =
                [this](Partition partition, std::vector<TenantUsage> elsewhere,
                    QuotaExchange::Answer answer) {
                    const auto host = host_of(partition);
                    if (host) host->share_quotas(std::move(elsewhere), std::move(answer));
                },
            .tell = context_.events};
    }
    std::vector<Partition> led() const {
        std::vector<Partition> led;
        for (Partition partition = 0; partition < config_.node.partitions; ++partition) {
            if (node_.is_serving(partition)) led.push_back(partition);
        }
        return led;
    }

    void publish_guests() {
        std::unordered_map<std::uint64_t, Partition> guests;
        for (Partition partition = 0; partition < config_.node.partitions; ++partition) {
            for (const auto uid : node_.guests(partition)) guests.emplace(uid, partition);
        }
        if (guests == guests_) return;
        guests_ = guests;
        directory_.set_guests(std::move(guests));
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

    /// All at once, and waits for them: one that hangs must not keep others open.
    void end_hosts() {
        std::map<Partition, Hosted> ending;
        {
            const std::scoped_lock lock(hosts_mutex_);
            ending.swap(hosts_);
        }
        for (const auto& [partition, hosted] : ending) hosted.host->close();
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
    MemberMetrics metrics_;
    ClusterNode node_;
    bool was_connected_ = false;
    std::uint64_t reconnects_ = 0;  ///< that were seen to
    std::vector<Partition> told_hanging_;
    std::unordered_map<std::uint64_t, Partition> guests_;
    SteadyTime connected_at_ = steady_now();  ///< the last time it was seen to be
    std::unique_ptr<nats::KeyWatch> watch_;

    Directory directory_;
    Mailbox<ClusterEvent> events_;
    std::atomic<bool> is_ending_{false};
    PartitionCopies copies_;
    const HostContext context_;
    std::unique_ptr<nats::KeyValue> bucket_;
    std::unique_ptr<BucketWriter> writer_;
    std::unique_ptr<NatsTransport> transport_;
    QuotaExchange quotas_;
    std::unique_ptr<Watch> quota_watch_;

    std::mutex hosts_mutex_;
    std::map<Partition, Hosted> hosts_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    MemberView view_;
    std::optional<ClusterNode::Member> misfit_;
    bool is_drained_ = false;

    std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ClusterMember>> make_cluster_member(ClusterConfig config,
    std::shared_ptr<nats::Connection> connection, PartitionStores stores, IoPool& io,
    const Clock& clock, MetricRegistry& metrics, baton::Log log) {
    config.node.id = make_daemon_id(config.node.name, random_number());
    auto member = std::make_unique<Member>(std::move(config), std::move(connection),
        std::move(stores), io, clock, metrics, std::move(log));
    BATON_TRY_VOID(member->open());
    return member;
}

}  // namespace baton::queue::cluster
