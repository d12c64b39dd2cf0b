// Whether the server on the other side of a connection is there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "nats/native.h"

namespace baton::nats {

/// Sends itself a message again and again, on a thread of its own. The library pings as well, but
/// for all connections from one thread, and that one may wait for a connection that was just found
/// lost: its lock is held while it tries to connect again, `connect_timeout` for each server. The
/// loss of the next connection was told 2 to 6 s late then.
class Pulse {
public:
    /// `echo`: a subscription to `subject`. Both handles must outlive this. `interval`: between a
    /// message that came and the next one.
    Pulse(natsConnection* connection, std::string subject, natsSubscription* echo,
        Duration interval, Duration silence_max);
    /// Waits for the message that is under way, which ends at once when the connection is closed.
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    /// Whether the last message came at most `silence_max` ago. Any thread.
    [[nodiscard]] bool is_felt() const noexcept;

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    void run();
    [[nodiscard]] bool comes_back(const std::string& text);

    natsConnection* const connection_;
    const std::string subject_;
    natsSubscription* const echo_;
    const Duration interval_;
    const Duration silence_max_;
    std::atomic<SteadyTime> felt_at_{std::chrono::steady_clock::now()};
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_ending_ = false;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace baton::nats
