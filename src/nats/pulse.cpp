#include "nats/pulse.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace baton::nats {
namespace {

SteadyTimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

Pulse::Pulse(natsConnection* connection, std::string subject, natsSubscription* echo,
    Duration interval, std::atomic<SteadyTimePoint>& heard_at)
    : connection_(connection),
      subject_(std::move(subject)),
      echo_(echo),
      interval_(interval),
      heard_at_(heard_at),
      thread_([this] { run(); }) {}

Pulse::~Pulse() {
    {
        const std::scoped_lock lock(mutex_);
        is_ending_ = true;
    }
    ended_.notify_one();
    thread_.join();
}

void Pulse::run() {
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        lock.unlock();
        const auto next = now() + interval_;
        beat();
        lock.lock();
        ended_.wait_until(lock, next, [&] { return is_ending_; });
    }
}

/// Sends one, and hears what comes back for an interval: also one that was sent before.
void Pulse::beat() {
    const auto sent_at = now();
    const auto end = sent_at + interval_;
    const auto sent = natsConnection_Publish(
        connection_, subject_.c_str(), &sent_at, static_cast<int>(sizeof sent_at));
    if (sent != NATS_OK) return;
    while (true) {
        const auto left = std::chrono::ceil<Duration>(end - now());
        natsMsg* message = nullptr;
        const auto status = natsSubscription_NextMsg(
            &message, echo_, std::max<Duration>(left, Duration(1)).count());
        const MsgHandle handle(message);
        if (status != NATS_OK) return;
        SteadyTimePoint of{};
        if (natsMsg_GetDataLength(message) != static_cast<int>(sizeof of)) continue;
        std::memcpy(&of, natsMsg_GetData(message), sizeof of);
        heard_at_ = std::max(heard_at_.load(), of);
        if (of == sent_at) return;
    }
}

}  // namespace baton::nats
