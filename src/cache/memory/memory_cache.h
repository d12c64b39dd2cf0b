// The cache of one process: no server, and gone with it.
#pragma once

#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "cache/cache.h"

namespace baton::cache {

struct MemoryCacheConfig {
    /// Keys, values and what keeps them; what was used longest ago goes first. ≥ 4 KiB
    std::size_t bytes_max = 16 * 1'048'576;
};

/// Never waits. `clock` (its steady time) outlives it.
[[nodiscard]] std::unique_ptr<Cache> make_memory_cache(
    MemoryCacheConfig config, const Clock& clock);

}  // namespace baton::cache
