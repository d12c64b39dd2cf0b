// The real engine on a memory store that counts its commits and can break.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/metrics.h"
#include "queue/engine/engine_queues.h"
#include "queue/store/memory/memory_store.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"

namespace baton::test {

/// `commits` and `broken` must outlive it.
class CountingStore final : public queue::Store {
public:
    CountingStore(std::atomic<std::size_t>& commits, std::atomic<bool>& broken)
        : commits_(commits), broken_(broken), store_(queue::make_memory_store()) {}

    Result<void> recover(queue::RecoverySink& sink) override { return store_->recover(sink); }
    Result<std::uint64_t> reserve(std::uint64_t bytes) override { return store_->reserve(bytes); }
    Result<void> commit(std::span<const queue::Record> records, Durability durability) override {
        ++commits_;
        if (broken_) return fail(Errc::storage_io, "disk gone");
        return store_->commit(records, durability);
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const queue::Locator> messages) override {
        return store_->read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(queue::Locator message) override {
        return store_->read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        queue::Locator message, std::uint64_t from, std::size_t max) override {
        return store_->read_output(message, from, max);
    }
    Result<void> close() override { return store_->close(); }

private:
    std::atomic<std::size_t>& commits_;
    std::atomic<bool>& broken_;
    std::unique_ptr<queue::Store> store_;
};

/// Queues on one thread's executor; `mail` and `llm` are there.
class QueueFixture : public testing::Test {
protected:
    QueueFixture() {
        auto made = queue::make_engine_queues(
            std::make_unique<CountingStore>(commits, broken), {}, clock, metrics, Log());
        queues = std::move(made).value();
        make_queue("mail");
        make_queue("llm");
    }
    ~QueueFixture() override { queues->stop(); }

    void make_queue(std::string name, QueueConfig config = {}) {
        const auto made = io.run(queues->put_queue(QueueName(std::move(name)), std::move(config)));
        ASSERT_TRUE(made.has_value()) << to_string(made.error());
    }

    /// Messages not finished and not dead.
    [[nodiscard]] std::uint64_t count_in(std::string queue) {
        return io.run(queues->stats(QueueName(std::move(queue)))).value().message_count;
    }

    [[nodiscard]] LeasedMessage lease_one(std::string queue) {
        queue::PopRequest request;
        request.queue = QueueName(std::move(queue));
        auto popped = io.run(queues->pop(std::move(request)));
        return popped.value().at(0);
    }

    FakeClock clock;
    MetricRegistry metrics;
    std::atomic<std::size_t> commits{0};
    std::atomic<bool> broken{false};  ///< commits fail from then on
    IoPool io{1};
    std::unique_ptr<queue::Queues> queues;
};

}  // namespace baton::test
