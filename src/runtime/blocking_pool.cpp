#include "runtime/blocking_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace baton {

struct BlockingPool::Impl {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::move_only_function<void()>> queue;
    std::size_t queue_max = 0;
    bool stopping = false;
    std::vector<std::thread> threads;

    void work() {
        std::unique_lock lock(mutex);
        while (true) {
            wake.wait(lock, [&] { return stopping || !queue.empty(); });
            if (queue.empty()) return;
            auto call = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            call();
            call = nullptr;  // what it holds is released before the lock is taken again
            lock.lock();
        }
    }
};

BlockingPool::BlockingPool(std::size_t threads, std::size_t queue_max)
    : impl_(std::make_unique<Impl>()) {
    impl_->queue_max = queue_max;
    for (std::size_t i = 0; i < threads; ++i)
        impl_->threads.emplace_back([this] { impl_->work(); });
}

BlockingPool::~BlockingPool() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->wake.notify_all();
    for (auto& thread : impl_->threads) thread.join();
}

bool BlockingPool::submit(std::move_only_function<void()> call) {
    {
        const std::scoped_lock lock(impl_->mutex);
        if (impl_->stopping || impl_->queue.size() >= impl_->queue_max) return false;
        impl_->queue.push_back(std::move(call));
    }
    impl_->wake.notify_one();
    return true;
}

}  // namespace baton
