// Keys with values that go by themselves: what is costly to make anew, or was seen a moment ago.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"

namespace baton::cache {

inline constexpr std::size_t key_max = 512;            ///< bytes
inline constexpr std::size_t value_max = 2'097'152;    ///< bytes: an answer with a message in it
inline constexpr Duration ttl_max{30LL * 86'400'000};  ///< 30 days

/// Any bytes, with a time to live. What was put may be gone before its time (memory, a server that
/// restarts), never after it. Safe to use from any thread; a call that was begun is not cancelled.
/// Every method fails with invalid_argument (a key of 0 or more than `key_max` bytes, and so on),
/// unavailable (the server is away or too slow; retry_after when known), permission_denied,
/// storage_full, overloaded.
class Cache {
public:
    virtual ~Cache() = default;

    [[nodiscard]] virtual Task<Result<std::optional<std::string>>> get(std::string key) = 0;

    /// Over what was there. `ttl`: 1 ms to `ttl_max`.
    [[nodiscard]] virtual Task<Result<void>> put(
        std::string key, std::string value, Duration ttl) = 0;

    /// True: it was not there, and is now; of callers at the same time one hears it. A call that
    /// failed with `unavailable` may have put it.
    [[nodiscard]] virtual Task<Result<bool>> put_if_absent(
        std::string key, std::string value, Duration ttl) = 0;

    /// True: it was there.
    [[nodiscard]] virtual Task<Result<bool>> erase(std::string key) = 0;
};

/// Fails: invalid_argument (field `key`, `value`, `ttl`).
[[nodiscard]] Result<void> check_key(const std::string& key);
[[nodiscard]] Result<void> check_entry(
    const std::string& key, const std::string& value, Duration ttl);

}  // namespace baton::cache
