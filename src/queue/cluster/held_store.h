// A store whose recovery is held back once the log is this daemon's, until it may serve.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "queue/engine/store.h"

namespace baton::queue::cluster {

/// What a HeldStore tells, and what lets it go on. All methods from any thread.
class StoreGate {
public:
    /// Recovery may return; later calls do nothing.
    void open();
    /// Recovery fails, also one that has not begun.
    void close();
    [[nodiscard]] bool is_closed() const;

    /// Blocks. False when it was closed.
    [[nodiscard]] bool pass();

private:
    enum class State { shut, open, closed };
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::shut;
};

struct HeldStoreCallbacks {
    /// The log was taken over and read, and has queues with these uids. Now the gate is waited for.
    std::function<void(std::vector<std::uint64_t> uids)> recovered;
    /// A commit failed for good, or the recovery after a refused one did; called once.
    std::function<void()> broken;
};

/// `gate` must outlive the store. The callbacks run on the thread that recovers or commits.
[[nodiscard]] std::unique_ptr<Store> hold_store(
    std::unique_ptr<Store> store, StoreGate& gate, HeldStoreCallbacks callbacks);

}  // namespace baton::queue::cluster
