// What a cache is worth, in numbers.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "cache/cache.h"

namespace baton::cache {

/// `inner`, and `baton_cache_lookups_total` (of get and put_if_absent: whether the key was there),
/// `baton_cache_failures_total` by kind. `registry` outlives it.
[[nodiscard]] std::unique_ptr<Cache> with_metrics(
    std::shared_ptr<Cache> inner, MetricRegistry& registry);

}  // namespace baton::cache
