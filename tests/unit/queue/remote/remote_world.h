// Daemons that each serve a partition, and one that serves none and asks them, in one process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "queue/engine/engine_queues.h"
#include "queue/remote/command_server.h"
#include "queue/remote/remote_queues.h"
#include "queue/store/memory/memory_store.h"
#include "support/fake_clock.h"
#include "support/loopback_transport.h"
#include "support/queue_letters.h"
#include "support/task_thread.h"

namespace baton::queue::remote {

using test::Letter;
using test::must;
using test::outcome;
using test::TransportFault;

/// Queue "q0" is in partition 0, "q1" in partition 1. Times of calls are short and real; the
/// queues' clock stands still.
class RemoteWorld : public ::testing::Test {
protected:
    static RemoteConfig quick() {
        return {.call_timeout = Duration(400),
            .attempt_timeout = Duration(60),
            .wait_portion = Duration(50),
            .stop_grace = Duration(500),
            .backoff = {.initial = Duration(2), .max = Duration(10)}};
    }

    explicit RemoteWorld(CommandServerConfig server_config = {}, RemoteConfig config = quick())
        : server_config_(server_config) {
        for (std::uint32_t i = 0; i < partitions; ++i) {
            engines_.push_back(must(
                make_engine_queues(make_memory_store(make_memory_disk()), {}, clock, metrics, {})));
            servers_.push_back(nullptr);
            lead(i);
            must(here_.run(engines_[i]->put_queue(queue(i), {})));
        }
        remote_ = make_remote_queues(transport, config, metrics);
    }
    ~RemoteWorld() override {
        remote_->stop();
        thread.stop();
        for (std::uint32_t i = 0; i < partitions; ++i) leave(i);  // before the thread they run on
        for (auto& engine : engines_) engine->stop();
    }

    static QueueName queue(std::uint32_t partition) {
        return QueueName("q" + std::to_string(partition));
    }
    /// The queues as the daemon sees them that serves none.
    Queues& remote() { return *remote_; }
    /// The queues as their own daemon sees them.
    Queues& local(std::uint32_t partition = 0) { return *engines_[partition]; }
    CommandServer& server(std::uint32_t partition = 0) { return *servers_[partition]; }

    template <class T>
    T run(Task<T> task) {
        return thread.run(std::move(task));
    }
    test::TaskThread& there() { return there_; }
    /// On the thread of the servers, where they are used.
    template <class T>
    T run_there(Task<T> task) {
        return there_.run(std::move(task));
    }

    /// Commands that the server of partition 0 is at.
    std::size_t running() {
        const auto ask = [this]() -> Task<std::size_t> { co_return server().running(); };
        return run_there(ask());
    }

    /// A new server takes over a partition; it knows nothing of what the old one was asked.
    void lead(std::uint32_t partition) {
        leave(partition);
        servers_[partition] =
            std::make_shared<CommandServer>(*engines_[partition], there_.executor(), server_config_,
                metrics, [this](const Bytes& event) { transport.tell_event(event); });
        transport.serve(partition, servers_[partition], there_.executor());
    }
    /// Nobody serves the partition.
    void leave(std::uint32_t partition) {
        transport.serve(partition, nullptr, there_.executor());
        if (servers_[partition]) there_.run(servers_[partition]->stop());
        servers_[partition].reset();
    }

    /// `fault` happens to the next `count` requests of a type.
    void spoil(CommandType type, TransportFault fault, int count = 1) {
        transport.set_fault([=, left = std::make_shared<int>(count)](const RequestHead& head) {
            return head.type == type && (*left)-- > 0 ? fault : TransportFault{};
        });
    }

    Result<Posted> post(std::vector<Letter> letters, std::uint32_t partition = 0) {
        return run(remote().post(queue(partition), test::messages_of(letters), PostOptions()));
    }
    std::vector<LeasedMessage> pop(std::uint32_t max = 1, std::uint32_t partition = 0) {
        return must(run(remote().pop({.queue = queue(partition), .max = max})));
    }
    QueueStats stats(std::uint32_t partition = 0) {
        return must(here_.run(local(partition).stats(queue(partition))));
    }

    static constexpr std::uint32_t partitions = 2;
    test::FakeClock clock;
    MetricRegistry metrics;
    test::LoopbackTransport transport{
        partitions, [this](std::uint64_t uid) { return partition_of(uid); }};
    test::TaskThread thread;

private:
    std::uint32_t partition_of(std::uint64_t uid) {
        for (std::uint32_t i = 0; i < partitions; ++i) {
            for (const auto& info : must(here_.run(engines_[i]->list_queues()))) {
                if (info.uid == uid) return i;
            }
        }
        return 0;
    }

    CommandServerConfig server_config_;
    test::TaskThread here_;   ///< of the test itself
    test::TaskThread there_;  ///< of the servers
    std::vector<std::unique_ptr<Queues>> engines_;
    std::vector<std::shared_ptr<CommandServer>> servers_;
    std::unique_ptr<Queues> remote_;
};

}  // namespace baton::queue::remote
