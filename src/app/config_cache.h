// The settings of what is kept for a short time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "cache/memory/memory_cache.h"
#include "cache/on_failure.h"

namespace baton::app {

enum class CacheKind : std::uint8_t { memory, redis };
inline constexpr std::array<std::string_view, 2> cache_names{"memory", "redis"};
/// Of cache::OnFailure.
inline constexpr std::array<std::string_view, 2> on_failure_names{"fail", "skip"};

struct CacheSettings {
    CacheKind kind = CacheKind::memory;  ///< redis: as database.redis says
    cache::OnFailure on_failure = cache::OnFailure::fail;
    cache::MemoryCacheConfig memory{};
    Duration idempotency_ttl{86'400'000};  ///< 1 min .. 30 days
};

}  // namespace baton::app
