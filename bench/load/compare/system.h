// What the comparison asks of each queue system: the same few things, through that system's usual
// client. A fault ends the run with an exception: a run with a fault counts for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace baton::bench {

class Fault final : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Where the server is and which queue of it is used. The harness (bench/compare.py) started it.
struct Target {
    std::string system{};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string key{};         ///< Baton's API key
    std::string durability{};  ///< of the queue, where the system lets the client choose
};

/// One connection that posts; one thread uses it.
class Producer {
public:
    virtual ~Producer() = default;
    /// Posts all bodies in the way that is fastest for them together, and returns when the server
    /// has confirmed each.
    virtual void post(std::span<const std::string> bodies) = 0;
};

/// One connection that takes; one thread uses it.
class Consumer {
public:
    using Sink = std::function<void(std::string_view body)>;
    virtual ~Consumer() = default;
    /// Takes up to `max` messages, gives each to `sink`, and acknowledges them so that the server
    /// will drop them. Returns how many; 0 when none came within about a tenth of a second.
    virtual std::size_t take(std::size_t max, const Sink& sink) = 0;
};

class System {
public:
    virtual ~System() = default;
    /// Makes the queue; it is empty afterwards. Call once, before anything else.
    virtual void prepare() = 0;
    virtual std::unique_ptr<Producer> producer() = 0;
    /// `batch`: the most that `take` will ask for.
    virtual std::unique_ptr<Consumer> consumer(std::size_t batch) = 0;
    /// Messages the server holds: posted and not yet dropped.
    virtual std::uint64_t held() = 0;
};

std::unique_ptr<System> make_baton(Target target);
std::unique_ptr<System> make_baton_ack_pop(Target target);
std::unique_ptr<System> make_baton_stream(Target target);
std::unique_ptr<System> make_jetstream(Target target);
std::unique_ptr<System> make_redis(Target target);
std::unique_ptr<System> make_rabbitmq(Target target);
std::unique_ptr<System> make_beanstalkd(Target target);
std::unique_ptr<System> make_postgres(Target target);

}  // namespace baton::bench
