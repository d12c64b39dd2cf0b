// A real redis-server on loopback, and what happens to such a server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "support/certificates.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

struct RedisServerOptions {
    std::string password;  ///< empty: none
    /// Its port speaks TLS with this certificate, and nothing else; empty: plain.
    CertificateFiles certificate{};
    std::filesystem::path clients_ca_file;  ///< clients need a certificate by it; empty: none
};

/// Keeps nothing over its end. The port stays the same. Use from one thread. Throws
/// std::runtime_error with the server's words when it does not start.
class RedisServer final {
public:
    explicit RedisServer(RedisServerOptions options = {});

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// SIGKILL, and gone on return.
    void kill();
    /// Returns when it takes connections.
    void start();
    /// The same with other options.
    void start(RedisServerOptions options);

private:
    [[nodiscard]] bool launch();

    TempDir dir_{fast_place()};
    RedisServerOptions options_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace baton::test
