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

using SteadyTimePoint = std::chrono::steady_clock::time_point;

/// Sends itself a message again and again, on a thread of its own. The library pings as well, but
/// for all connections from one thread, and that one may wait for a connection that was just found
/// lost: its lock is held while it tries to connect again, `connect_timeout` for each server. The
/// loss of the next connection was told 2 to 6 s late then.
class Pulse {
public:
    /// `echo`: a subscription to `subject`; both handles, and `heard_at`, must outlive this.
    /// `heard_at`: becomes the time at which the last message that came back was sent.
    Pulse(natsConnection* connection, std::string subject, natsSubscription* echo,
        Duration interval, std::atomic<SteadyTimePoint>& heard_at);
    /// Waits for what is under way, which ends at once when the connection is closed.
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

private:
    void run();
    void beat();

    natsConnection* const connection_;
    const std::string subject_;
    natsSubscription* const echo_;
    const Duration interval_;
    std::atomic<SteadyTimePoint>& heard_at_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_ending_ = false;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace baton::nats
