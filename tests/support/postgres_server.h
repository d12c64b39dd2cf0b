// A real PostgreSQL on loopback with a database of its own, and what happens to such a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/postgres/postgres_database.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

/// One server: data in memory, commits without fsync (no power is cut here), port the same over
/// restarts. PostgreSQL refuses root, so a test that is root runs it as the user `postgres`. Use
/// from one thread. Destruction ends it; should the test die first, the kernel ends it.
/// Methods throw std::runtime_error with its last words when the server does not do as told.
class PostgresServer final {
public:
    PostgresServer();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    /// The server that the tests of one program share: started with the first that asks.
    [[nodiscard]] static PostgresServer& shared();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// A superuser without a password over TCP, without TLS.
    [[nodiscard]] db::PostgresConfig config() const;
    /// The same as `--set` of batond.
    [[nodiscard]] std::vector<std::string> settings() const;
    /// The same with a database of its own for each `owner`, made when it is first asked for.
    [[nodiscard]] db::PostgresConfig config_of(const std::string& owner);
    [[nodiscard]] std::vector<std::string> settings_of(const std::string& owner);

    /// The database as it was made: no tables. Whoever is connected is thrown out.
    void reset();
    /// Runs a script in a session of its own.
    void run(const std::string& sql);

    /// SIGKILL, and all of it gone on return.
    void kill();
    /// Ends all sessions at once and the server in order (a "fast" shutdown).
    void stop();
    /// Returns when it takes connections.
    void start();

private:
    [[nodiscard]] ProcessOptions as_owner(
        const std::string& program, std::vector<std::string> arguments) const;
    void make_data() const;
    void make_database(const std::string& name) const;
    [[nodiscard]] bool launch();
    [[noreturn]] void fail(const std::string& what) const;

    TempDir dir_{fast_place()};
    std::uint16_t port_ = 0;
    std::map<std::string, std::string> databases_;  ///< by owner
    std::unique_ptr<Process> process_;
};

}  // namespace baton::test
