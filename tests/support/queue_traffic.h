// Producers and consumers against a daemon that dies under them, and what they were told.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/daemon_session.h"
#include "support/queue_ledger.h"

namespace baton::test {

/// Posts to and acks from the queue `crash` of one incarnation of a daemon until it stops
/// answering. What is shared with the ledger happens on the pool's first executor.
class QueueTraffic final {
public:
    inline static const QueueName& queue = ledger_queue;
    static constexpr std::size_t producers = 12;
    static constexpr std::size_t consumers = 4;

    /// `run` makes the contents of one run differ from those of others. The pool and the ledger
    /// must outlive it; call `finish` before it goes.
    QueueTraffic(const Daemon& daemon, IoPool& pool, Ledger& ledger, std::uint64_t run)
        : session_(daemon), pool_(pool), ledger_(ledger), run_(run), group_(pool.executor(0)) {
        must(pool.run(session_.queues.put(queue, {.dedup_window = std::chrono::hours(1)})));
        const auto spawn = [&]() -> Task<void> {
            for (std::size_t i = 0; i < producers; ++i) {
                group_.spawn([this, i] { return post(i); });
            }
            for (std::size_t i = 0; i < consumers; ++i) {
                group_.spawn([this] { return take(); });
            }
            co_return;
        };
        pool.run(spawn());
    }
    /// Also when a check has thrown in the middle: a test that fails should say so, not abort.
    ~QueueTraffic() {
        const auto stop = [&]() -> Task<void> { co_await group_.stop(); };
        pool_.run(stop());
    }
    QueueTraffic(const QueueTraffic&) = delete;
    QueueTraffic& operator=(const QueueTraffic&) = delete;

    /// Waits until `count` posts were answered, or all producers have ended.
    void wait_for(std::size_t count) const {
        for (std::size_t seen = steps_.load(); seen < count && ended_.load() < producers;
            seen = steps_.load()) {
            steps_.wait(seen);
        }
    }
    /// Whether some producer has met an error and given up.
    [[nodiscard]] bool ended() const { return ended_.load() > 0; }
    /// Waits until everyone has noticed that the daemon is gone.
    void finish() {
        const auto drain = [&]() -> Task<void> {
            const auto left = co_await group_.drain(Deadline::after(std::chrono::seconds(60)));
            EXPECT_EQ(left, 0U);
        };
        pool_.run(drain());
    }
    /// What has been heard up to now.
    [[nodiscard]] Ledger heard() {
        const auto copy = [&]() -> Task<Ledger> { co_return ledger_; };
        return pool_.run(copy());
    }

private:
    Task<void> post(std::size_t number) {
        for (std::uint64_t i = 0;; ++i) {
            std::vector<NewMessage> batch(1 + i % 5);
            for (std::size_t k = 0; k < batch.size(); ++k) {
                std::string text = std::to_string(run_) + "/" + std::to_string(number) + "/" +
                                   std::to_string(i) + "/" + std::to_string(k) + "/";
                auto& data = batch[k].data;
                if (number % 2 == 0) data.dedup_key = text;
                if (number % 3 == 0) data.ordering_key = "key " + std::to_string(number);
                text.resize(60 + (i * 977) % 6'000, '.');
                data.content = Bytes(std::move(text));
            }
            const auto sent = batch;
            const auto posted = co_await session_.queues.post(queue, std::move(batch));
            if (!posted) break;
            for (std::size_t k = 0; k < posted->size(); ++k) {
                const auto& data = sent[k].data;
                ledger_.accepted.emplace((*posted)[k].id, std::string(data.content.view()));
                if (!data.dedup_key.empty()) ledger_.keys[data.dedup_key] = (*posted)[k].id;
            }
            steps_.fetch_add(1);
            steps_.notify_all();
        }
        ended_.fetch_add(1);
        steps_.fetch_add(1);
        steps_.notify_all();
    }
    Task<void> take() {
        while (true) {
            const client::PopOptions options{
                .max = 3, .lease = Duration(3'600'000), .wait = Duration(200)};
            const auto popped = co_await session_.queues.pop(queue, options);
            if (!popped) co_return;
            std::vector<std::string> receipts;
            for (const auto& leased : *popped) {
                ledger_.note_lease(leased.message);
                ledger_.perhaps_acked.insert(leased.message.id);
                receipts.push_back(leased.receipt.text());
            }
            if (receipts.empty()) continue;
            const auto acked = co_await session_.queues.ack(queue, std::move(receipts));
            if (!acked || !acked->failures.empty()) co_return;
            for (const auto& leased : *popped) ledger_.acked.insert(leased.message.id);
        }
    }

    DaemonSession session_;
    IoPool& pool_;
    Ledger& ledger_;
    std::uint64_t run_;
    std::atomic<std::size_t> steps_ = 0;
    std::atomic<std::size_t> ended_ = 0;
    TaskGroup group_;
};

}  // namespace baton::test
