// What a test says to a store under watch, and learns from it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "queue/engine/growth.h"
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
    /// What the store has room for from now on (UINT64_MAX: for everything), and how much of it it
    /// has at hand.
    void set_room(std::uint64_t bytes, std::uint64_t at_hand = UINT64_MAX) {
        const std::scoped_lock lock(mutex_);
        room_ = bytes;
        at_hand_ = std::min(at_hand, bytes);
    }
    /// Commits that add content fail from now on, whatever room was promised; nothing: no longer.
    void fail_commits_that_grow(std::optional<Errc> code) {
        const std::scoped_lock lock(mutex_);
        growth_code_ = code;
    }
    /// How often the store was read back, and asked for room that it had not told of before.
    [[nodiscard]] int recoveries() const {
        const std::scoped_lock lock(mutex_);
        return recoveries_;
    }
    [[nodiscard]] int asked() const {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }
    /// How often it was closed.
    [[nodiscard]] int closings() const {
        const std::scoped_lock lock(mutex_);
        return closings_;
    }
    /// Closing fails from now on.
    void fail_close(Errc code) {
        const std::scoped_lock lock(mutex_);
        close_code_ = code;
    }

    /// Reading it back fails from now on.
    void fail_recoveries(Errc code) {
        const std::scoped_lock lock(mutex_);
        recovery_code_ = code;
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
    [[nodiscard]] Verdict commit(std::span<const queue::Record> records, Durability durability) {
        std::unique_lock lock(mutex_);
        commits_.push_back(records.size());
        durabilities_.push_back(durability);
        waiting_ = held_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        waiting_ = false;
        const auto grows = [](const queue::Record& record) { return queue::growth_of(record) > 0; };
        if (growth_code_ && std::ranges::any_of(records, grows)) {
            return {.write = false, .answer = fail(*growth_code_, "a planned fault")};
        }
        if (left_ == 0 || --left_ != 0) return {};
        fired_ = true;
        return {.write = written_, .answer = fail(code_, "a planned fault")};
    }
    [[nodiscard]] Result<void> recover() {
        const std::scoped_lock lock(mutex_);
        ++recoveries_;
        if (recovery_code_) return fail(*recovery_code_, "a planned fault");
        return {};
    }
    [[nodiscard]] Result<std::uint64_t> reserve(std::uint64_t bytes) {
        const std::scoped_lock lock(mutex_);
        if (bytes == 0) return at_hand_;
        ++asked_;
        if (bytes > room_) return fail(Errc::storage_full, "a planned lack of room");
        return room_;
    }
    [[nodiscard]] Result<void> close() {
        const std::scoped_lock lock(mutex_);
        ++closings_;
        if (close_code_) return fail(*close_code_, "a planned fault");
        return {};
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
    std::uint64_t room_ = UINT64_MAX;
    std::uint64_t at_hand_ = UINT64_MAX;
    std::optional<Errc> growth_code_;
    int recoveries_ = 0;
    int asked_ = 0;
    int closings_ = 0;
    std::optional<Errc> close_code_;
    std::optional<Errc> recovery_code_;
    bool fail_reads_ = false;
    bool held_ = false;
    bool waiting_ = false;
    std::vector<std::size_t> commits_;
    std::vector<Durability> durabilities_;
};

}  // namespace baton::test
