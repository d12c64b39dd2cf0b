// Queues on a store that a test can close and open again, called without coroutines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/sqlite/sqlite_database.h"
#include "queue/engine/engine_queues.h"
#include "queue/queues.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"
#include "support/remote_place.h"
#include "support/stream_place.h"
#include "support/task_thread.h"
#include "support/temp_dir.h"

namespace baton::test {

struct StoreKind {
    bool sqlite = false;
    bool cold = false;  ///< no memory for contents: each one is read from the store
    bool journal = false;
    bool jetstream = false;  ///< each opening is on another machine: nothing is kept but the stream
    bool remote = false;     ///< seen through commands to another daemon

    [[nodiscard]] std::string name() const {
        const std::string store = remote      ? "remote"
                                  : jetstream ? "jetstream"
                                  : journal   ? "journal"
                                  : sqlite    ? "sqlite"
                                              : "memory";
        return store + (cold ? "_cold" : "");
    }
    friend std::ostream& operator<<(std::ostream& out, const StoreKind& kind) {
        return out << kind.name();
    }
};

struct HarnessOptions {
    queue::PipelineConfig pipeline{};
    /// Puts something between the engine and the store; called at each opening.
    std::function<std::unique_ptr<queue::Store>(std::unique_ptr<queue::Store>)> wrap_store{};
    /// Between the SQLite store and its database, which outlives what comes back.
    std::function<std::unique_ptr<db::Database>(db::Database&)> wrap_database{};
};

/// Use from one thread. Commands reach the pipeline in the order of the calls, so after any call
/// that has returned, those started before it have had their turn.
class QueueHarness final {
public:
    explicit QueueHarness(StoreKind kind, HarnessOptions options = {})
        : kind_(kind), options_(std::move(options)) {
        if (kind.cold) options_.pipeline.memory_budget = 0;
        open();
    }
    ~QueueHarness() {
        close();
        thread_.stop();
    }
    QueueHarness(const QueueHarness&) = delete;
    QueueHarness& operator=(const QueueHarness&) = delete;

    [[nodiscard]] queue::Queues& queues() { return remote_ ? remote_->queues() : *queues_; }
    [[nodiscard]] FakeClock& clock() { return clock_; }
    [[nodiscard]] TimePoint now() const { return clock_.now(); }
    [[nodiscard]] const MetricRegistry& metrics() const { return metrics_; }

    template <class T>
    T run(Task<T> task) {
        return thread_.run(std::move(task));
    }

    /// Starts a call and returns at once.
    template <class T>
    Pending<T> start(Task<T> task) {
        return thread_.start(std::move(task));
    }

    /// Moves the clock and lets the pipeline see it.
    void advance(Duration by) {
        clock_.advance(by);
        must(run(queues().list_queues()));
    }

    /// Stops, forgets everything in memory, and recovers from the same disk.
    void reopen() {
        close();
        open();
    }
    void close() {
        if (remote_) remote_->stop();
        if (queues_) queues_->stop();
        remote_.reset();
        queues_.reset();
        wrapped_.reset();
        database_.reset();
    }
    void open() {
        auto store = make_store();
        if (options_.wrap_store) store = options_.wrap_store(std::move(store));
        queues_ =
            must(make_engine_queues(std::move(store), options_.pipeline, clock_, metrics_, {}));
        if (kind_.remote) remote_ = std::make_unique<RemotePlace>(*queues_, metrics_);
    }

private:
    std::unique_ptr<queue::Store> make_store() {
        if (kind_.jetstream) return stream_.open_store();
        if (kind_.journal) {
            return must(queue::make_journal_store(dir_ / "journal", {.segment_size = 64 * 1024}));
        }
        if (!kind_.sqlite) return queue::make_memory_store(disk_);
        database_ = db::make_sqlite_database({.file = dir_ / "queues.db"});
        if (!options_.wrap_database) return must(queue::make_sqlite_store(*database_));
        wrapped_ = options_.wrap_database(*database_);
        return must(queue::make_sqlite_store(*wrapped_));
    }

    StoreKind kind_;
    HarnessOptions options_;
    TempDir dir_{fast_place()};
    StreamPlace stream_;
    std::shared_ptr<queue::MemoryDisk> disk_ = queue::make_memory_disk();
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<db::Database> wrapped_;
    FakeClock clock_;
    MetricRegistry metrics_;
    TaskThread thread_;
    std::unique_ptr<queue::Queues> queues_;
    std::unique_ptr<RemotePlace> remote_;
};

}  // namespace baton::test
