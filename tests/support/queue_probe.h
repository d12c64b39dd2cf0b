// A store under watch: it counts commits, can be held, and fails when told to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "queue/engine/store.h"

namespace baton::test {

/// What a test says to a ProbeStore and learns from it. Outlives the store; safe to use from any
/// thread.
class StoreProbe final {
public:
    /// Fails the `n`-th commit from now (1, 2, …); 0: none. `written`: the records get to the store
    /// all the same, as after a power cut between writing and answering.
    void fail_commit(std::int64_t n, Errc code, bool written = false) {
        const std::scoped_lock lock(mutex_);
        left_ = n;
        code_ = code;
        written_ = written;
        fired_ = false;
    }
    [[nodiscard]] bool fired() const {
        const std::scoped_lock lock(mutex_);
        return fired_;
    }
    /// Fails every read of contents and replies from now on.
    void fail_reads(bool fail) {
        const std::scoped_lock lock(mutex_);
        fail_reads_ = fail;
    }

    /// Commits from now on wait until `release`.
    void hold() {
        const std::scoped_lock lock(mutex_);
        held_ = true;
    }
    void release() {
        const std::scoped_lock lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }
    /// Waits until a commit is held.
    void wait_held() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_; });
    }
    /// Records of each commit so far.
    [[nodiscard]] std::vector<std::size_t> commits() const {
        const std::scoped_lock lock(mutex_);
        return commits_;
    }

    /// How durable each commit so far was to be.
    [[nodiscard]] std::vector<Durability> durabilities() const {
        const std::scoped_lock lock(mutex_);
        return durabilities_;
    }

    // For the store.
    struct Verdict {
        bool write = true;
        Result<void> answer{};
    };
    [[nodiscard]] Verdict commit(std::size_t records, Durability durability) {
        std::unique_lock lock(mutex_);
        commits_.push_back(records);
        durabilities_.push_back(durability);
        waiting_ = held_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        waiting_ = false;
        if (left_ == 0 || --left_ != 0) return {};
        fired_ = true;
        return {.write = written_, .answer = fail(code_, "a planned fault")};
    }
    [[nodiscard]] Result<void> read() const {
        const std::scoped_lock lock(mutex_);
        if (fail_reads_) return fail(Errc::storage_io, "a planned fault");
        return {};
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::int64_t left_ = 0;
    Errc code_ = Errc::storage_io;
    bool written_ = false;
    bool fired_ = false;
    bool fail_reads_ = false;
    bool held_ = false;
    bool waiting_ = false;
    std::vector<std::size_t> commits_;
    std::vector<Durability> durabilities_;
};

class ProbeStore final : public queue::Store {
public:
    ProbeStore(std::unique_ptr<queue::Store> inner, std::shared_ptr<StoreProbe> probe)
        : inner_(std::move(inner)), probe_(std::move(probe)) {}

    Result<void> recover(queue::RecoverySink& sink) override { return inner_->recover(sink); }
    Result<void> commit(std::span<const queue::Record> records, Durability durability) override {
        auto verdict = probe_->commit(records.size(), durability);
        if (verdict.write) {
            BATON_TRY_VOID(inner_->commit(records, durability));
        }
        return verdict.answer;
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const queue::Locator> messages) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(queue::Locator message) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        queue::Locator message, std::uint64_t from, std::size_t max) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read_output(message, from, max);
    }

private:
    std::unique_ptr<queue::Store> inner_;
    std::shared_ptr<StoreProbe> probe_;
};

}  // namespace baton::test
