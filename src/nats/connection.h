// A connection to a NATS server or cluster. This module is the only home of libnats.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace baton::nats {

struct ConnectionConfig {
    std::vector<std::string> servers{"nats://127.0.0.1:4222"};  ///< tried in random order
    std::string name = "baton";  ///< what the server shows of this connection
    std::string user;            ///< empty: none is sent
    Secret password;
    bool tls = false;
    std::string ca_file;              ///< PEM; empty: the system's
    std::string cert_file;            ///< of this client, PEM; empty: none
    std::string key_file;             ///< belongs to `cert_file`
    Duration connect_timeout{2'000};  ///< of one server
    /// A server that is silent for twice as long is not connected; then another one is tried.
    Duration ping_interval{1'000};
};

/// Comes back by itself when it is lost, until `close`. All methods from any thread.
class Connection {
public:
    virtual ~Connection() = default;

    /// Whether a server is on the other side: a message of ours came back within two ping
    /// intervals, and nothing was heard of a loss. Does not block.
    [[nodiscard]] virtual bool is_connected() const = 0;
    /// How often it was lost and came back.
    [[nodiscard]] virtual std::uint64_t reconnects() const = 0;
    /// What is under way fails with `unavailable`, and so does everything later.
    virtual void close() = 0;
};

/// Blocks until a server has let us in. Fails: unavailable (none did in time), unauthenticated,
/// invalid_config (a file that can't be read, an address that is none).
[[nodiscard]] Result<std::shared_ptr<Connection>> connect(const ConnectionConfig& config);

}  // namespace baton::nats
