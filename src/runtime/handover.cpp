#include "runtime/handover.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace baton {

namespace asio = boost::asio;

namespace {

/// After so many the sockets and timers of the context have their turn.
constexpr int turn_max = 64;

}  // namespace

asio::execution_context::id Handover::id;

Handover& Handover::of(const Executor& executor) {
    return asio::use_service<Handover>(asio::query(executor, asio::execution::context));
}

void Handover::push(const Executor& executor, Work work) {
    {
        const std::scoped_lock lock(mutex_);
        if (is_shut_) return;  // `work` ends behind the lock
        arrived_.push_back(std::move(work));
        if (std::exchange(is_posted_, true)) return;
    }
    post(executor);
}

void Handover::post(const Executor& executor) {
    asio::post(executor, [this, executor] { run_some(executor); });
}

void Handover::run_some(const Executor& executor) {
    for (int i = 0; i < turn_max; ++i) {
        auto work = take();
        if (!work) return;
        try {
            work();
        } catch (...) {
            post(executor);  // for those behind it
            throw;
        }
    }
    post(executor);
}

Handover::Work Handover::take() {
    if (next_ == taken_.size()) {
        taken_.clear();
        next_ = 0;
        const std::scoped_lock lock(mutex_);
        if (arrived_.empty()) {
            is_posted_ = false;
            return {};
        }
        taken_.swap(arrived_);
    }
    return std::move(taken_[next_++]);
}

void Handover::shutdown() noexcept {
    // While the services that they use are still there; and outside the lock, as they may push.
    std::vector<Work> left;
    {
        const std::scoped_lock lock(mutex_);
        is_shut_ = true;
        left.swap(arrived_);
    }
    left.clear();
    taken_.clear();
}

}  // namespace baton
