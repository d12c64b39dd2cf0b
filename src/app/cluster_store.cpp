#include "app/cluster_store.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "nats/jetstream.h"
#include "queue/store/jetstream/compressed_log.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/journal/journal_store.h"

namespace baton::app {
namespace {

constexpr Duration request_timeout{1'000};
/// A copy made before its time is not worth more.
constexpr Duration copy_patience{2'000};

std::filesystem::path copy_folder(
    const std::filesystem::path& data_dir, queue::cluster::Partition partition) {
    return data_dir / "cluster" / fmt::format("{}", partition);
}

queue::JetStreamLogConfig log_config(const Config& config, queue::cluster::Partition partition) {
    const auto& cluster = config.cluster;
    return {.stream = log_stream(config, partition),
        .subject = fmt::format("{}.log.{}", cluster.name, partition),
        .replicas = config.nats.replicas,
        .max_bytes = static_cast<std::int64_t>(cluster.log_size),
        .purge_step = cluster.log_size / 1024};
}

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
    queue::cluster::Partition partition, LogWatch watch) {
    BATON_TRY(auto jetstream, nats::make_jetstream(logs, request_timeout));
    auto settings = log_config(config, partition);
    settings.on_trouble = std::move(watch.on_trouble);
    auto log = queue::make_compressed_log(
        queue::make_jetstream_log(std::move(jetstream), std::move(settings)));
    const auto part_of_log = config.cluster.log_size / 8 / 4096 * 4096;
    queue::JournalConfig journal{
        .segment_size = std::min(config.queue.whole_segment_size(), part_of_log),
        .size_max = config.cluster.log_size};
    if (watch.metrics != nullptr) {
        log = watch.metrics->count(partition, std::move(log));
        journal.on_room = [metrics = watch.metrics, partition](
                              std::uint64_t bytes) { metrics->show_room(partition, bytes); };
    }
    return queue::make_journal_store(
        copy_folder(data_dir, partition), std::move(journal), std::move(log));
}

Result<void> copy_partition(const Config& config, const std::shared_ptr<nats::Connection>& logs,
    const std::filesystem::path& data_dir, queue::cluster::Partition partition,
    const std::stop_token& stop) {
    BATON_TRY(auto jetstream, nats::make_jetstream(logs, request_timeout));
    auto shared = log_config(config, partition);
    shared.patience = copy_patience;
    const auto log = queue::make_compressed_log(
        queue::make_jetstream_log(std::move(jetstream), std::move(shared)));
    return queue::copy_log(copy_folder(data_dir, partition), *log, stop);
}

}  // namespace baton::app
