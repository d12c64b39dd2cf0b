// Redis behind the cache port, shared by the daemons that use one server. hiredis is known in this
// folder's .cpp files only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cache/cache.h"

namespace baton::cache {

/// TLS to the server. Files are PEM and read again for each connection.
struct RedisTls {
    bool enabled = false;
    std::string ca_file;      ///< authorities that are trusted; empty: the system's
    std::string cert_file;    ///< of this client; empty: none
    std::string key_file;     ///< belongs to `cert_file`; without a passphrase
    std::string server_name;  ///< name or address the certificate must be of; empty: the host
};

struct RedisConfig {
    std::string host = "localhost";  ///< a name or an address
    std::uint16_t port = 6379;
    std::string user;                 ///< of an ACL (Redis 6); empty: none
    Secret password{};                ///< empty: none
    int database = 0;                 ///< 0..15, as the server is set up
    std::size_t pool_size = 10;       ///< connections, each with a thread: 1..64
    std::string prefix = "baton:";    ///< of every key
    Duration connect_timeout{2'000};  ///< > 0
    Duration command_timeout{1'000};  ///< > 0; sending, and the answer
    RedisTls tls{};                   ///< its handshake has `connect_timeout` again
};

/// Connects when it is used. A connection that broke is made anew; while the server is away one
/// call at a time tries it and the others are `unavailable` with retry_after at once. A call whose
/// connection broke under it is not repeated. While it refuses us (`permission_denied`: password,
/// certificate of either side) it is tried as seldom, and the others hear the same.
/// Fails: invalid_config (a file of `tls` that can't be used: which, and why).
[[nodiscard]] Result<std::unique_ptr<Cache>> make_redis_cache(RedisConfig config);

}  // namespace baton::cache
