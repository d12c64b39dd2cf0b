#include "app/cluster_home.h"

#include <fstream>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "app/cluster_store.h"
#include "app/log_metrics.h"
#include "nats/connection.h"
#include "queue/cluster/cluster_member.h"
#include "queue/remote/remote_queues.h"

namespace baton::app {
namespace {

using queue::cluster::Partition;

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
        BATON_TRY(
            member_, queue::cluster::make_cluster_member(member_config(node), std::move(commands),
                         partition_stores(), io_, clock_, metrics_, log_.channel("cluster")));
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
    [[nodiscard]] queue::cluster::PartitionStores partition_stores() const {
        return {.open =
                    [this](Partition partition, std::function<void()> on_trouble) {
                        return open_partition(config_, logs_, data_dir_, partition,
                            {.metrics = &log_metrics_, .on_trouble = std::move(on_trouble)});
                    },
            .copy =
                [this](Partition partition, const std::stop_token& stop) {
                    return copy_partition(config_, logs_, data_dir_, partition, stop);
                }};
    }
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
