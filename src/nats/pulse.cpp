#include "nats/pulse.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace baton::nats {

Pulse::Pulse(natsConnection* connection, std::string subject, natsSubscription* echo,
    Duration interval, Duration silence_max)
    : connection_(connection),
      subject_(std::move(subject)),
      echo_(echo),
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
    return std::chrono::steady_clock::now() - felt_at_.load() <= silence_max_;
}

void Pulse::run() {
    std::uint64_t number = 0;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, interval_, [&] { return is_ending_; })) {
        lock.unlock();
        if (comes_back(std::to_string(++number))) felt_at_ = std::chrono::steady_clock::now();
        lock.lock();
    }
}

bool Pulse::comes_back(const std::string& text) {
    if (natsConnection_PublishString(connection_, subject_.c_str(), text.c_str()) != NATS_OK) {
        return false;
    }
    while (true) {
        natsMsg* message = nullptr;
        const auto status = natsSubscription_NextMsg(&message, echo_, silence_max_.count());
        const MsgHandle handle(message);
        if (status != NATS_OK) return false;
        // An earlier one may come late, and says nothing of now.
        if (std::string_view(natsMsg_GetData(message),
                static_cast<std::size_t>(natsMsg_GetDataLength(message))) == text) {
            return true;
        }
    }
}

}  // namespace baton::nats
