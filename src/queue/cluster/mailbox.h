// What one thread is to do, put there by others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace baton::queue::cluster {

/// Many put, one takes.
template <class T>
class Mailbox {
public:
    void put(T item) {
        {
            const std::scoped_lock lock(mutex_);
            items_.push_back(std::move(item));
        }
        arrived_.notify_one();
    }
    /// All there is, in order, as soon as there is something; empty at `until`.
    [[nodiscard]] std::vector<T> take(std::chrono::steady_clock::time_point until) {
        std::unique_lock lock(mutex_);
        arrived_.wait_until(lock, until, [&] { return !items_.empty(); });
        return std::exchange(items_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<T> items_;
};

}  // namespace baton::queue::cluster
