// The numbers that set queues apart.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

namespace baton::queue {

/// Safe to use from any thread.
class QueueUids {
public:
    /// `low_byte`: of each uid, for whoever routes by it; absent: any.
    explicit QueueUids(std::optional<std::uint8_t> low_byte) : low_byte_(low_byte) {}

    /// For a queue that is made.
    [[nodiscard]] std::uint64_t make() const { return make_run() | low_byte_.value_or(0); }
    /// See EngineConfig::run.
    [[nodiscard]] std::uint64_t make_run() const {
        std::random_device device;
        const auto random = (static_cast<std::uint64_t>(device()) << 32) | device();
        return low_byte_ ? random & ~std::uint64_t{0xff} : random;
    }

private:
    std::optional<std::uint8_t> low_byte_;
};

}  // namespace baton::queue
