// The settings of the servers that keep what queues do not: the relational database, and Redis.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/redis/redis_cache.h"
#include "db/postgres/postgres_database.h"

namespace baton::app {

// The names of enum values in the configuration, in the order of the enums.
enum class DatabaseKind : std::uint8_t { sqlite, postgres };
inline constexpr std::array<std::string_view, 2> database_names{"sqlite", "postgres"};

enum class SslMode : std::uint8_t { disable, allow, prefer, require, verify_ca, verify_full };
inline constexpr std::array<std::string_view, 6> ssl_mode_names{
    "disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

struct DatabaseSettings {
    DatabaseKind kind = DatabaseKind::sqlite;
    bool migrate = true;  ///< at a start
    std::uint32_t readers = 2;
    db::PostgresConfig postgres{};                 ///< its sslmode: see the next
    SslMode ssl_mode = SslMode::require;           ///< of postgres
    Duration start_timeout{30'000};                ///< of postgres
    std::string redis_address = "localhost:6379";  ///< host and port of the next
    cache::RedisConfig redis{};                    ///< after loading: with host and port
};

}  // namespace baton::app
