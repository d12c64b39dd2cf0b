// Whether the server on the other side of a connection answers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "nats/native.h"

namespace baton::nats {

/// Whether the server answered, within `timeout`, a request that nobody takes. What it sent before
/// has been handed out then. (A flush says yes as well when its ping could not be sent.)
[[nodiscard]] bool is_answered(natsConnection* connection, Duration timeout);

/// Asks the server again and again on a thread of its own. The library pings as well, but for all
/// connections from one thread, and that one may wait for a connection that was just found lost:
/// its lock is held while it tries to connect again, `connect_timeout` for each server. The loss of
/// the next connection was told 2 to 6 s late then.
class Pulse {
public:
    /// `interval`: between an answer and the next question. The connection must outlive this.
    Pulse(natsConnection* connection, Duration interval, Duration silence_max);
    /// Waits for a question that is under way; it ends at once when the connection is closed.
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    /// Whether the last answer is at most `silence_max` old. Any thread.
    [[nodiscard]] bool is_felt() const noexcept;

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    void run();

    natsConnection* const connection_;
    const Duration interval_;
    const Duration silence_max_;
    std::atomic<SteadyTime> answered_at_{std::chrono::steady_clock::now()};
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_ending_ = false;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace baton::nats
