#include "app/cluster_home.h"

#include <fstream>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "app/log_metrics.h"
#include "nats/connection.h"
#include "nats/jetstream.h"
#include "queue/cluster/cluster_member.h"
#include "queue/remote/remote_queues.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/journal/journal_store.h"

namespace baton::app {
namespace {

using queue::cluster::Partition;

constexpr Duration request_timeout{1'000};

/// The name that this data folder has had since its first start.
Result<std::string> node_name(const std::filesystem::path& data_dir) {
    const auto file = data_dir / "node.name";
    std::string name;
    if (std::ifstream(file) >> name) return name;
    std::random_device device;
    name = fmt::format("node-{:08x}", device());
    std::ofstream out(file);
    out << name << '\n';
    out.close();
    if (!out) return fail(Errc::data_dir_unusable, "writing " + file.string());
    return name;
}

nats::ConnectionConfig connection_config(const NatsSettings& nats, std::string name) {
    return {.servers = nats.servers,
        .name = std::move(name),
        .user = nats.user,
        .password = nats.password,
        .tls = nats.tls,
        .ca_file = nats.ca_file,
        .cert_file = nats.cert_file,
        .key_file = nats.key_file};
}

class Home final : public ClusterHome {
public:
    Home(const Config& config, const Roles& roles, std::filesystem::path data_dir, IoPool& io,
        const Clock& clock, MetricRegistry& metrics, Log log)
        : config_(config),
          roles_(roles),
          data_dir_(std::move(data_dir)),
          io_(io),
          clock_(clock),
          metrics_(metrics),
          log_metrics_(metrics, config.cluster.partitions, clock),
          log_(std::move(log)) {}

    Result<void> join() override {
        BATON_TRY(const auto node, config_.cluster.node.empty()
                                       ? node_name(data_dir_)
                                       : Result<std::string>(config_.cluster.node));
        // Two, so that a large batch on its way to a log holds up no command.
        BATON_TRY(
            auto commands, nats::connect(connection_config(config_.nats, node + "-commands")));
        BATON_TRY(logs_, nats::connect(connection_config(config_.nats, node + "-logs")));
        BATON_TRY(member_, queue::cluster::make_cluster_member(
                               member_config(node), std::move(commands),
                               [this](Partition partition) { return open_store(partition); }, io_,
                               clock_, metrics_, log_.channel("cluster")));
        BATON_TRY_VOID(member_->start(Deadline::after(config_.cluster.join_timeout)));
        queues_ = queue::remote::make_remote_queues(member_->transport(), {}, metrics_);
        return {};
    }

    queue::Queues& queues() override { return *queues_; }
    ClusterState state() const override { return member_->state(); }
    void leave(Deadline deadline) override {
        if (member_) member_->stop(deadline);
    }

private:
    [[nodiscard]] queue::cluster::ClusterConfig member_config(const std::string& node) const {
        queue::cluster::ClusterConfig config{
            .name = config_.cluster.name, .replicas = config_.nats.replicas};
        config.node.name = node;
        config.node.partitions = config_.cluster.partitions;
        config.node.may_lead = roles_.queue;
        config.node.timing.open_patience = config_.cluster.open_timeout;
        config.pipeline.memory_budget =
            std::max<std::uint64_t>(1, config_.queue.memory_budget / config_.cluster.partitions);
        return config;
    }

    Result<std::unique_ptr<queue::Store>> open_store(Partition partition) {
        BATON_TRY(auto jetstream, nats::make_jetstream(logs_, request_timeout));
        const auto& cluster = config_.cluster;
        auto log = queue::make_jetstream_log(
            std::move(jetstream), {.stream = fmt::format("{}-log-{}", cluster.name, partition),
                                      .subject = fmt::format("{}.log.{}", cluster.name, partition),
                                      .replicas = config_.nats.replicas,
                                      .max_bytes = static_cast<std::int64_t>(cluster.log_size)});
        const auto folder = data_dir_ / "cluster" / fmt::format("{}", partition);
        return queue::make_journal_store(folder,
            {.segment_size = std::min(
                 config_.queue.whole_segment_size(), cluster.log_size / 8 / 4096 * 4096)},
            log_metrics_.count(partition, std::move(log)));
    }

    const Config& config_;
    const Roles roles_;
    const std::filesystem::path data_dir_;
    IoPool& io_;
    const Clock& clock_;
    MetricRegistry& metrics_;
    const LogMetrics log_metrics_;
    Log log_;
    std::shared_ptr<nats::Connection> logs_;
    std::unique_ptr<queue::cluster::ClusterMember> member_;
    std::unique_ptr<queue::Queues> queues_;
};

}  // namespace

std::unique_ptr<ClusterHome> make_cluster_home(const Config& config, const Roles& roles,
    const std::filesystem::path& data_dir, IoPool& io, const Clock& clock, MetricRegistry& metrics,
    const Log& log) {
    return std::make_unique<Home>(config, roles, data_dir, io, clock, metrics, log);
}

}  // namespace baton::app
