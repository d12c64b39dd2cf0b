#include "app/cluster_archive.h"

#include <utility>
#include <vector>

#include <fmt/core.h>

#include "app/cluster_store.h"
#include "nats/jetstream.h"
#include "queue/cluster/cluster_hold.h"

namespace baton::app {
namespace {

using queue::cluster::Partition;
using queue::cluster::PartitionMap;

constexpr Duration request_timeout{1'000};
/// What a commit without any effect writes: no limit for a tenant that there is not.
constexpr std::string_view proof_tenant = "baton-proof";

class Archive final : public ClusterArchive {
public:
    Result<void> open(const Config& config, const std::filesystem::path& data_dir, bool take_over) {
        BATON_TRY(logs_, nats::connect(connection_config(config.nats, "archive")));
        BATON_TRY_VOID(check_partitions(config));
        BATON_TRY(hold_, queue::cluster::hold_cluster({.name = config.cluster.name,
                                                          .replicas = config.nats.replicas,
                                                          .partitions = config.cluster.partitions,
                                                          .take_over = take_over},
                             logs_, Deadline::after(config.cluster.join_timeout)));
        for (Partition i = 0; i < config.cluster.partitions; ++i) {
            BATON_TRY(auto store, open_partition(config, logs_, data_dir, i));
            stores_.push_back(store.get());
            owned_.push_back(std::move(store));
        }
        const PartitionMap map(config.cluster.partitions);
        placement_ = {
            .place = [map](const QueueName& queue) -> std::size_t { return map.of(queue); },
            .memory_uid =
                [](std::size_t place, std::uint64_t uid) {
                    return PartitionMap::make_uid(static_cast<Partition>(place), uid);
                },
            .is_guest = [map](std::size_t place,
                            std::uint64_t uid) { return map.of_uid(uid) != place; },
            .guests_max = queue::cluster::guests_max};
        return {};
    }

    std::span<queue::Store* const> stores() const override { return stores_; }
    const queue::Placement& placement() const override { return placement_; }

    Result<void> prove() override {
        const std::vector<queue::Record> nothing{
            queue::QuotaSet{TenantId(std::string(proof_tenant)), 0}};
        for (auto* store : stores_) {
            BATON_TRY_VOID(store->commit(nothing, Durability::fsync));
        }
        return hold_->check();
    }

private:
    /// Daemons that do not run can't object to another number, but their logs are there.
    Result<void> check_partitions(const Config& config) const {
        BATON_TRY(const auto jetstream, nats::make_jetstream(logs_, request_timeout));
        const auto log = [&](Partition partition) {
            return jetstream->state(log_stream(config, partition), request_timeout);
        };
        const auto partitions = config.cluster.partitions;
        const bool is_larger =
            partitions < queue::cluster::partitions_max && log(partitions).has_value();
        const auto last = log(partitions - 1);
        const bool is_smaller = !last && last.error().code == Errc::not_found && log(0).has_value();
        if (!is_larger && !is_smaller) return {};
        return fail(
            Errc::conflict, fmt::format("the cluster has {} than {} partitions, by its streams",
                                is_larger ? "more" : "fewer", partitions));
    }

    std::shared_ptr<nats::Connection> logs_;
    std::unique_ptr<queue::cluster::ClusterHold> hold_;
    std::vector<std::unique_ptr<queue::Store>> owned_;
    std::vector<queue::Store*> stores_;
    queue::Placement placement_;
};

}  // namespace

Result<std::unique_ptr<ClusterArchive>> open_cluster_archive(
    const Config& config, const std::filesystem::path& data_dir, bool take_over) {
    auto archive = std::make_unique<Archive>();
    BATON_TRY_VOID(archive->open(config, data_dir, take_over));
    return archive;
}

}  // namespace baton::app
