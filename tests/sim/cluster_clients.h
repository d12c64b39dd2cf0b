// Producers, workers and readers of the simulated cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster_ledger.h"
#include "cluster_world.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::test {

class SimCluster;

/// Each does one thing after the other, and never fails itself.
class SimClients {
public:
    SimClients(SimCluster& cluster, ClusterLedger& ledger, std::vector<QueueName> queues);

    /// Makes the queues, then everyone begins.
    void start();
    /// No posts any more; workers go on until everything is done.
    void stop_posting() { is_posting_ = false; }
    /// Whether every queue said that it is empty since posting stopped.
    [[nodiscard]] bool found_all_empty() const;
    [[nodiscard]] std::size_t answered_posts() const { return answered_posts_; }

private:
    struct Post {
        QueueName queue;
        std::string body;
        std::string key;
        bool is_safe = false;  ///< with a dedup key: may be tried until it is answered
    };
    void make_queue(std::size_t number);
    void produce(std::size_t number);
    void post(std::size_t number, const Post& post);
    void work(std::size_t number);
    void work_on(const LeasedMessage& leased);
    void ack(const Receipt& receipt);
    void give_back(const Receipt& receipt);
    void extend(const LeasedMessage& leased);
    void read();
    void count(std::size_t number);

    SimCluster& cluster_;
    SimWorld& world_;
    ClusterLedger& ledger_;
    const std::vector<QueueName> queues_;
    std::vector<bool> is_empty_;
    std::vector<std::uint64_t> posts_;
    std::int64_t post_pause_ms_ = 0;  ///< at most, between two posts of a producer
    std::int64_t work_pause_ms_ = 0;
    std::int64_t read_pause_ms_ = 0;
    bool is_posting_ = true;
    std::size_t answered_posts_ = 0;
};

}  // namespace baton::test
