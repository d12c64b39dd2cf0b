// A real redis-server on loopback, and what happens to such a server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

/// Keeps nothing over its end. The port stays the same. Use from one thread. Throws
/// std::runtime_error with the server's words when it does not start.
class RedisServer final {
public:
    /// `password`: empty: none.
    explicit RedisServer(std::string password = {});

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// SIGKILL, and gone on return.
    void kill();
    /// Returns when it takes connections.
    void start();

private:
    [[nodiscard]] bool launch();

    TempDir dir_{fast_place()};
    std::string password_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace baton::test
