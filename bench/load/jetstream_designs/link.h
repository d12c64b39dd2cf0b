// A connection to the cluster, and what every design measures with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nats/nats.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace baton::bench {

using Steady = std::chrono::steady_clock;

/// The run is void.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Throws Fault unless it went well.
void must(natsStatus status, std::string_view what, int code = 0);

/// Where the cluster is and how much to do.
struct Plan {
    std::vector<std::string> urls;  ///< of the nodes n1, n2, n3 in this order
    std::string user;
    std::string password;
    std::size_t messages = 200'000;  ///< of a row
    std::size_t producers = 64;
    std::size_t body_bytes = 256;
};

/// A connection to any node, or to one, with its JetStream context. One thread.
class Link final {
public:
    /// `urls`: tried in their order. `pending_max`: asynchronous publishes without an answer; one
    /// more waits.
    explicit Link(const Plan& plan, std::vector<std::string> urls = {},
        jsPubAckHandler acked = nullptr, void* closure = nullptr, std::size_t pending_max = 4'096);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] jsCtx* context() const noexcept { return context_; }
    [[nodiscard]] natsConnection* connection() const noexcept { return connection_; }

    /// A file stream with three copies over one subject.
    void add_stream(
        const std::string& name, const std::string& subject, jsRetentionPolicy retention);
    void remove_stream(const std::string& name);
    [[nodiscard]] jsStreamState state(const std::string& name);
    /// The node that leads the stream, as an address of the plan.
    [[nodiscard]] std::string leader_url(const std::string& name, const Plan& plan);

private:
    natsConnection* connection_ = nullptr;
    jsCtx* context_ = nullptr;
};

/// An inbox with its subscription.
class Inbox final {
public:
    explicit Inbox(natsConnection* connection);
    ~Inbox();
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    [[nodiscard]] const char* subject() const noexcept { return inbox_; }
    /// The next message, which the caller destroys; null when none came in time.
    [[nodiscard]] natsMsg* next(std::int64_t timeout_ms) const;

private:
    natsInbox* inbox_ = nullptr;
    natsSubscription* subscription_ = nullptr;
};

/// What a row showed.
struct Row {
    std::string design;
    std::string what;
    std::size_t messages = 0;
    double seconds = 0;
    std::vector<float> micros;  ///< from post to answer of each message
};

/// One JSON line.
void print(Row row);

[[nodiscard]] inline double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}
[[nodiscard]] inline float micros_since(Steady::time_point begin) {
    return std::chrono::duration<float, std::micro>(Steady::now() - begin).count();
}

/// A body that starts with the time of its post, so that whoever hears of it can tell its age.
[[nodiscard]] std::string stamped_body(std::size_t bytes);
[[nodiscard]] float age_micros(const char* body);

}  // namespace baton::bench
