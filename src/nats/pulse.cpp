#include "nats/pulse.h"

namespace baton::nats {

bool is_answered(natsConnection* connection, Duration timeout) {
    natsInbox* nobody = nullptr;
    if (natsInbox_Create(&nobody) != NATS_OK) return false;
    natsMsg* answer = nullptr;
    const auto status =
        natsConnection_RequestString(&answer, connection, nobody, "", timeout.count());
    natsMsg_Destroy(answer);
    natsInbox_Destroy(nobody);
    return status == NATS_NO_RESPONDERS;
}

Pulse::Pulse(natsConnection* connection, Duration interval, Duration silence_max)
    : connection_(connection),
      interval_(interval),
      silence_max_(silence_max),
      thread_([this] { run(); }) {}

Pulse::~Pulse() {
    {
        const std::scoped_lock lock(mutex_);
        is_ending_ = true;
    }
    ended_.notify_one();
    thread_.join();
}

bool Pulse::is_felt() const noexcept {
    return std::chrono::steady_clock::now() - answered_at_.load() <= silence_max_;
}

void Pulse::run() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, interval_, [&] { return is_ending_; })) {
        lock.unlock();
        if (is_answered(connection_, silence_max_)) {
            answered_at_ = std::chrono::steady_clock::now();
        }
        lock.lock();
    }
}

}  // namespace baton::nats
