// A NATS client for tests: one connection to one node, with what tests ask of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nats/nats.h>
#include <optional>
#include <string>

#include "support/nats_cluster.h"

namespace baton::test {

/// Certificates of a client; PEM files.
struct NatsCertificates {
    std::filesystem::path authority;
    std::filesystem::path certificate;  ///< empty: shows none
    std::filesystem::path key;
};

/// Stays with its node. One thread. Methods that can fail return whether the server said yes within
/// their time; what it forbids it does not answer at all.
class NatsClient final {
public:
    /// Throws std::runtime_error when the server cannot be reached or does not let the user in.
    NatsClient(const std::string& url, const NatsUser& user,
        const std::optional<NatsCertificates>& tls = {});
    NatsClient(const NatsCluster& cluster, std::size_t node)
        : NatsClient(cluster.url(node), cluster.user()) {}
    ~NatsClient();
    NatsClient(const NatsClient&) = delete;
    NatsClient& operator=(const NatsClient&) = delete;

    [[nodiscard]] natsConnection* connection() const noexcept { return connection_; }
    [[nodiscard]] jsCtx* context() const noexcept { return context_; }

    /// A file stream over one subject.
    bool add_stream(const std::string& name, const std::string& subject, std::int64_t replicas,
        std::int64_t bytes_max = -1);
    /// Whether a stream has acknowledged it.
    bool publish(const std::string& subject, std::int64_t wait_ms = 1'000);
    /// The answer to a request; nothing when there is none in time, or nobody to answer.
    std::optional<std::string> request(
        const std::string& subject, const std::string& body = {}, std::int64_t wait_ms = 500);
    /// Whether the server lets it subscribe.
    bool may_subscribe(const std::string& subject);
    /// How many messages the stream holds. Throws when there is no answer.
    std::uint64_t count(const std::string& stream);

private:
    natsConnection* connection_ = nullptr;
    jsCtx* context_ = nullptr;
};

}  // namespace baton::test
