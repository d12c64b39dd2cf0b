#include "support/stream_place.h"

#include <atomic>
#include <unistd.h>

#include <fmt/core.h>

#include "nats/connection.h"
#include "nats/jetstream.h"
#include "queue/store/jetstream/compressed_log.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/journal/journal_store.h"
#include "support/nats_cluster.h"
#include "support/queue_letters.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

constexpr std::uint64_t segment_size = 64 * 1024;

/// One server and one connection for all tests of this process.
struct Server {
    NatsCluster cluster{{.nodes = 1, .parent = fast_place()}};
    std::shared_ptr<nats::Connection> connection = must(nats::connect({.servers = cluster.urls(),
        .user = cluster.user().name,
        .password = Secret(cluster.user().password)}));
    TempDir copies{fast_place()};
};

Server& server() {
    static Server one;
    return one;
}

std::string next_stream() {
    static std::atomic<int> count{0};
    return fmt::format("TEST_{}", ++count);
}

}  // namespace

std::unique_ptr<nats::JetStream> StreamPlace::jetstream() {
    return must(nats::make_jetstream(server().connection, Duration(5'000)));
}

StreamPlace::~StreamPlace() {
    if (!stream_.empty()) remove(stream_);
}

void StreamPlace::remove(const std::string& log) {
    for (const auto* const end : {"", "-b"}) {
        static_cast<void>(jetstream()->delete_stream(log + end));
    }
}

std::unique_ptr<queue::SharedLog> StreamPlace::open_log() {
    if (stream_.empty()) stream_ = next_stream();
    return queue::make_compressed_log(queue::make_jetstream_log(
        jetstream(), {.stream = stream_, .subject = "test." + stream_, .replicas = 1}));
}

std::unique_ptr<queue::Store> StreamPlace::open_store() {
    auto log = open_log();
    const auto folder = server().copies / fmt::format("{}.{}", stream_, ++openings_);
    return must(queue::make_journal_store(folder, {.segment_size = segment_size}, std::move(log)));
}

}  // namespace baton::test
