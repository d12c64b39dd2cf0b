#include "app/cluster_store.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "nats/jetstream.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/journal/journal_store.h"

namespace baton::app {
namespace {

constexpr Duration request_timeout{1'000};

}  // namespace

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

std::string log_stream(const Config& config, queue::cluster::Partition partition) {
    return fmt::format("{}-log-{}", config.cluster.name, partition);
}

Result<std::unique_ptr<queue::Store>> open_partition(const Config& config,
    const std::shared_ptr<nats::Connection>& logs, const std::filesystem::path& data_dir,
    queue::cluster::Partition partition, const LogMetrics* metrics) {
    BATON_TRY(auto jetstream, nats::make_jetstream(logs, request_timeout));
    const auto& cluster = config.cluster;
    auto log = queue::make_jetstream_log(
        std::move(jetstream), {.stream = log_stream(config, partition),
                                  .subject = fmt::format("{}.log.{}", cluster.name, partition),
                                  .replicas = config.nats.replicas,
                                  .max_bytes = static_cast<std::int64_t>(cluster.log_size)});
    if (metrics != nullptr) log = metrics->count(partition, std::move(log));
    return queue::make_journal_store(data_dir / "cluster" / fmt::format("{}", partition),
        {.segment_size =
                std::min(config.queue.whole_segment_size(), cluster.log_size / 8 / 4096 * 4096)},
        std::move(log));
}

}  // namespace baton::app
