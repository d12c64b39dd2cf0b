// A journal on a simulated disk beside a store in memory that is told the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"
#include "support/simulated_files.h"
#include "support/store_picture.h"
#include "support/store_script.h"

namespace baton::test {

using Batch = std::vector<queue::Record>;

// Records of one queue.

inline queue::QueuePut queue_one() {
    queue::QueuePut put{.number = queue::QueueNumber{1}, .uid = 1};
    put.info.name = QueueName("q");
    return put;
}
inline queue::MessagePosted post(std::uint64_t seq, std::string content, std::string dedup = {}) {
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::move(content));
    data->dedup_key = std::move(dedup);
    queue::MessagePosted posted{.at = {queue::QueueNumber{1}, seq},
        .posted_at = FakeClock::start,
        .due_at = FakeClock::start};
    if (!data->dedup_key.empty()) posted.dedup_until = FakeClock::start + std::chrono::hours(1);
    posted.data = std::move(data);
    return posted;
}
inline queue::MessageGone gone(std::uint64_t seq) { return {{queue::QueueNumber{1}, seq}}; }

/// An open journal. The disk must outlive it.
class OpenJournal {
public:
    explicit OpenJournal(
        SimulatedDisk& disk, std::uint64_t segment_size = queue::JournalConfig::segment_size_min)
        : files_(disk.files()),
          store_(must(queue::make_journal_store(*files_, {.segment_size = segment_size}))) {}

    [[nodiscard]] queue::Store& store() { return *store_; }
    /// Recovers; throws when that fails.
    void start() { static_cast<void>(must(picture_of(*store_))); }
    /// Recovers; what it holds, or "storage_corrupt: …".
    [[nodiscard]] std::string picture() {
        const auto painted = picture_of(*store_);
        return painted ? *painted : to_string(painted.error());
    }
    Result<void> commit(const Batch& batch, Durability durability = Durability::fsync) {
        return store_->commit(batch, durability);
    }

private:
    std::unique_ptr<queue::journal::FileSystem> files_;
    std::unique_ptr<queue::Store> store_;
};

/// What a journal that went through `batches` must hold.
class Expectation {
public:
    std::string commit(const Batch& batch) {
        must(store_->commit(batch, Durability::fsync));
        return picture();
    }
    [[nodiscard]] std::string picture() { return must(picture_of(*store_)); }

private:
    std::unique_ptr<queue::Store> store_ = queue::make_memory_store();
};

/// Opens what is on the disk, as a start after a crash does.
inline std::string reopened(SimulatedDisk& disk) { return OpenJournal(disk).picture(); }

}  // namespace baton::test
