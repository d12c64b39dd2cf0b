// The connections of one executor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/session.h"
#include "runtime/task_group.h"

namespace baton::net {

/// Owns the sessions that run on one single-threaded executor, and looks after their time. All
/// calls happen on that executor. `finish_stop` must have completed before destruction.
class Worker final {
public:
    Worker(Executor executor, ServerContext& context);

    /// Serves a connection that was counted in `context.connection_count`; discounts it when it
    /// ends.
    void adopt(Session::Socket socket);

    /// Tells a connection beyond the limit so and ends it; when too many are being told, just ends
    /// it.
    void refuse(Session::Socket socket);

    /// No new connections; idle ones end, and each answer from now on is the last of its
    /// connection.
    [[nodiscard]] Task<void> begin_stop();
    /// Waits for the connections to end, cancels what is left at the deadline.
    [[nodiscard]] Task<void> finish_stop(Deadline deadline);

    [[nodiscard]] const Executor& executor() const noexcept { return sessions_group_.executor(); }

private:
    class Membership;

    Task<void> serve(std::shared_ptr<Session> session);
    Task<void> turn_away(std::shared_ptr<Session> session);
    void sweep_from_now_on();
    Task<void> sweep_while_busy();
    void sweep();

    ServerContext& context_;
    std::string date_;
    std::int64_t date_second_ = 0;
    /// A session and when to look at it: side by side, so that passing over ten thousand of them
    /// touches none.
    struct Visit {
        Session* session;
        Session::TimePoint at;
    };
    std::vector<Visit> sessions_;
    std::size_t refusal_count_ = 0;
    bool sweeping_ = false;
    bool stopping_ = false;
    TaskGroup housekeeping_;
    TaskGroup sessions_group_;
};

}  // namespace baton::net
