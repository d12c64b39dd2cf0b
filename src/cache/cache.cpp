#include "cache/cache.h"

#include <fmt/core.h>

namespace baton::cache {

Result<void> check_key(const std::string& key) {
    if (!key.empty() && key.size() <= key_max) return {};
    return fail_field(
        Errc::invalid_argument, "key", fmt::format("a key is 1 to {} bytes", key_max));
}

Result<void> check_entry(const std::string& key, const std::string& value, Duration ttl) {
    BATON_TRY_VOID(check_key(key));
    if (value.size() > value_max) {
        return fail_field(
            Errc::invalid_argument, "value", fmt::format("a value is {} bytes at most", value_max));
    }
    if (ttl < Duration(1) || ttl > ttl_max) {
        return fail_field(
            Errc::invalid_argument, "ttl", fmt::format("1 ms to {} ms", ttl_max.count()));
    }
    return {};
}

}  // namespace baton::cache
