// What a nats-server says of itself on its monitoring port: the one door that needs no client, no
// user, and no leader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace baton::test {

/// Asks a server on 127.0.0.1 anew with each call. Ask only servers that run: one that is stopped
/// answers nobody, and the call takes ten seconds to say so.
class NatsMonitor final {
public:
    explicit NatsMonitor(std::uint16_t port) noexcept : port_(port) {}

    [[nodiscard]] bool answers() const;
    /// JetStream is up, has a leader of the meta group, and all streams on this server have caught
    /// up, as far as it knows.
    [[nodiscard]] bool healthy() const;
    /// The name of the server that leads, as this one sees it; empty when it knows none.
    [[nodiscard]] std::string meta_leader() const;
    /// The same of a stream; the server's own name when it is alone.
    [[nodiscard]] std::string stream_leader(std::string_view stream) const;
    /// Sequence of the last message that this server holds of a stream; 0: none.
    [[nodiscard]] std::uint64_t last_sequence(std::string_view stream) const;

private:
    std::uint16_t port_;
};

}  // namespace baton::test
