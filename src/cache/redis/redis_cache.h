// Redis behind the cache port, shared by the daemons that use one server. hiredis is known in this
// folder's .cpp files only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "cache/cache.h"

namespace baton::cache {

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
};

/// Connects when it is used. A connection that broke is made anew; while the server is away one
/// call at a time tries it and the others are `unavailable` with retry_after at once. A call whose
/// connection broke under it is not repeated.
[[nodiscard]] std::unique_ptr<Cache> make_redis_cache(RedisConfig config);

}  // namespace baton::cache
