#include "app/cache_home.h"

#include <utility>

#include "cache/counted.h"
#include "cache/memory/memory_cache.h"
#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"

namespace baton::app {
namespace {

Result<std::shared_ptr<cache::Cache>> make_cache(const Config& config, const Clock& clock) {
    if (config.cache.kind == CacheKind::memory) {
        return cache::make_memory_cache(config.cache.memory, clock);
    }
    BATON_TRY(auto redis, cache::make_redis_cache(config.database.redis));
    return std::shared_ptr<cache::Cache>(std::move(redis));
}

}  // namespace

CacheHome::CacheHome(bool has_server, std::shared_ptr<cache::Cache> own,
    std::unique_ptr<cache::Cache> ruled) noexcept
    : has_server_(has_server), own_(std::move(own)), ruled_(std::move(ruled)) {}

Result<std::unique_ptr<CacheHome>> CacheHome::make(
    const Config& config, const Clock& clock, MetricRegistry& registry, const Log& log) {
    BATON_TRY(const auto own, make_cache(config, clock));
    auto ruled = cache::with_policy(
        cache::with_metrics(own, registry), config.cache.on_failure, log.channel("cache"));
    return std::unique_ptr<CacheHome>(
        new CacheHome(config.cache.kind == CacheKind::redis, own, std::move(ruled)));
}

Task<Result<void>> CacheHome::check() {
    const auto nothing = co_await own_->get("health-check");
    if (!nothing) co_return fail(nothing.error());
    co_return Result<void>();
}

}  // namespace baton::app
