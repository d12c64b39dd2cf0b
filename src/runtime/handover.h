// What other threads have for the tasks of a context, on its way there.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

namespace baton {

/// One for each context, made on first use. Runs what it is given on the context, in order, one at
/// a time, whatever else is posted there. A thread that ends thousands of waits at once wakes the
/// context once: with a post for each it and the context's thread would take turns at the lock of
/// the context's queue. For executors of contexts themselves, not of strands on them: all runs on
/// that of whoever pushed first.
class Handover final : public boost::asio::execution_context::service {
public:
    using Work = std::move_only_function<void()>;
    using Executor = boost::asio::any_io_executor;

    static boost::asio::execution_context::id id;

    explicit Handover(boost::asio::execution_context& context) : service(context) {}
    ~Handover() override = default;
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;

    /// That of the executor's context; holds as long as the context. From any thread.
    [[nodiscard]] static Handover& of(const Executor& executor);

    /// From any thread. The caller sees to it that the context stays until this returns.
    void push(const Executor& executor, Work work);

private:
    void shutdown() noexcept override;
    void run_some(const Executor& executor);
    /// What is next; nothing: all is done, and the next push has to post again.
    [[nodiscard]] Work take();
    void post(const Executor& executor);

    std::mutex mutex_;
    std::vector<Work> arrived_;  ///< under `mutex_`
    bool is_posted_ = false;     ///< under `mutex_`: `run_some` is, or runs
    bool is_shut_ = false;       ///< under `mutex_`: nothing runs any more
    // Of `run_some`, which is posted once at a time.
    std::vector<Work> taken_;
    std::size_t next_ = 0;  ///< in `taken_`
};

}  // namespace baton
