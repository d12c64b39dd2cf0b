// PostgreSQL behind the relational port. libpq is known in this folder's .cpp files only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "db/database.h"

namespace baton::db {

struct PostgresConfig {
    /// A name, an address, or the folder of a Unix socket; several with commas between, of which
    /// the one that takes writes is used.
    std::string host = "localhost";
    std::uint16_t port = 5432;
    std::string user = "baton";
    Secret password{};  ///< empty: PGPASSWORD, or ~/.pgpass
    std::string dbname = "baton";
    std::string sslmode = "require";  ///< libpq's words; means nothing on a Unix socket
    std::string ca_file;              ///< for verify-ca and verify-full; empty: the system's
    std::string cert_file;            ///< of this client; empty: none
    std::string key_file;
    std::string application_name = "batond";  ///< in pg_stat_activity
    Duration connect_timeout{5'000};          ///< > 0; one attempt, all hosts
    /// > 0; one statement. The server ends it; one that does not answer `connect_timeout` later is
    /// taken to be gone.
    Duration statement_timeout{15'000};
    Duration lock_timeout{5'000};  ///< > 0; a statement's wait for a row
};

/// Connects to PostgreSQL 13 or newer with a database in UTF-8. Nothing is tried before `connect`.
///
/// Beyond the port:
/// - Transactions are serialisable. Text may be any UTF-8, zero bytes too.
/// - A connection that broke is made anew outside of a transaction; while the server is away, or
///   lets nobody in any more, calls fail with `database_unavailable` and `retry_after`, at once
///   when it is known to be. They hear no more than that; where the server is and what it says goes
///   to `log`. A read that broke is repeated; a write outside of a transaction is not.
/// - `connect` fails with database_unavailable, permission_denied, not_found (no such database),
/// unsupported
///   (too old), invalid_config (not in UTF-8).
[[nodiscard]] std::unique_ptr<Database> make_postgres_database(PostgresConfig config, Log log = {});

}  // namespace baton::db
