// The writes of the bucket, which block, on a thread of their own.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "nats/key_value.h"
#include "queue/cluster/cluster_events.h"
#include "queue/cluster/mailbox.h"

namespace baton::queue::cluster {

/// Does them one after the other and tells what became of each. Destruction waits for the one under
/// way. All methods from any thread.
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
            for (auto& one : writes_.take(std::chrono::steady_clock::time_point::max())) {
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

}  // namespace baton::queue::cluster
