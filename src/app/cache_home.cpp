#include "app/cache_home.h"

#include "cache/counted.h"
#include "cache/memory/memory_cache.h"
#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"

namespace baton::app {
namespace {

std::shared_ptr<cache::Cache> make_cache(const Config& config, const Clock& clock) {
    if (config.cache.kind == CacheKind::redis) {
        return cache::make_redis_cache(config.database.redis);
    }
    return cache::make_memory_cache(config.cache.memory, clock);
}

}  // namespace

CacheHome::CacheHome(
    const Config& config, const Clock& clock, MetricRegistry& registry, const Log& log)
    : has_server_(config.cache.kind == CacheKind::redis),
      own_(make_cache(config, clock)),
      ruled_(cache::with_policy(
          cache::with_metrics(own_, registry), config.cache.on_failure, log.channel("cache"))) {}

Task<Result<void>> CacheHome::check() {
    const auto nothing = co_await own_->get("health-check");
    if (!nothing) co_return fail(nothing.error());
    co_return Result<void>();
}

}  // namespace baton::app
