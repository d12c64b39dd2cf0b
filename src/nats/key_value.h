// A JetStream key-value bucket: small facts that all daemons see, each forgotten when it is not
// renewed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "nats/connection.h"
#include "nats/messaging.h"

namespace baton::nats {

struct BucketConfig {
    std::string name;
    int replicas = 1;
    std::int64_t max_bytes = 16 * 1024 * 1024;  ///< some accounts want a limit
    /// A value goes when it is this old. Nobody is told: who watches must count for himself.
    Duration ttl{0};  ///< 0: values stay
};

struct KeyEntry {
    std::string key;
    std::string value;
    std::uint64_t revision = 0;  ///< ascends with each change of any key
    bool removed = false;        ///< the key was removed; no value
};

/// All methods block, and may be called from any thread. Errors everywhere: unavailable,
/// deadline_exceeded (whether it was done is not known), storage_io.
class KeyValue {
public:
    /// Null: every key that was there when the watch began has been told.
    using Handler = std::function<void(const KeyEntry*)>;

    virtual ~KeyValue() = default;

    /// A key that is not there. Returns its revision. Fails also: conflict (it is there).
    [[nodiscard]] virtual Result<std::uint64_t> create(
        const std::string& key, std::string_view value) = 0;
    /// A key whose last change was `revision`. Fails also: conflict (it was not).
    [[nodiscard]] virtual Result<std::uint64_t> update(
        const std::string& key, std::string_view value, std::uint64_t revision) = 0;
    /// Whatever was there.
    [[nodiscard]] virtual Result<std::uint64_t> put(
        const std::string& key, std::string_view value) = 0;
    [[nodiscard]] virtual Result<void> remove(const std::string& key) = 0;

    /// Tells `handler`, on a thread of its own, every key there is and then each change. What it
    /// misses while no server is there it hears later: of each key at least the last, perhaps all
    /// keys again.
    [[nodiscard]] virtual Result<std::unique_ptr<Subscription>> watch(Handler handler) = 0;
};

/// Makes the bucket unless it is there.
[[nodiscard]] Result<std::unique_ptr<KeyValue>> open_bucket(
    std::shared_ptr<Connection> connection, const BucketConfig& config, Duration timeout);

}  // namespace baton::nats
