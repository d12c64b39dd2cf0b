// A bucket of keys and values: small facts that all daemons see, each forgotten when it is not
// renewed. A stream holds the writes, and whoever reads them knows what counts (bucket_rule.h): a
// nats-server 2.9 that has to refuse something while one of its peers hangs keeps replicas that are
// no longer the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "nats/connection.h"
#include "nats/jetstream.h"
#include "nats/messaging.h"

namespace baton::nats {

struct BucketConfig {
    /// Of the stream `<name>-bucket`.
    std::string name;
    /// Its subject is `<subjects>.bucket`; on `<subjects>.bell` those who have written say so.
    /// Empty: as `name`.
    std::string subjects{};
    std::string description = "Who is there and who leads; written by Baton's daemons only";
    int replicas = 1;
    std::int64_t max_bytes = 16 * 1024 * 1024;  ///< some accounts want a limit
    /// A value goes when it is this old. Nobody is told: who watches must count for himself.
    Duration ttl{3'000};
    /// Writes stay so many times `ttl`, so that who comes later sees what those before it saw. 1 is
    /// enough where nothing is expected of a key.
    int history_ttls = 4;
    /// How long a write waits until it is known to count.
    Duration patience{1'000};
    /// How often who hears no bell looks for what is new.
    Duration look_interval{250};
};

struct KeyEntry {
    std::string key;
    std::string value;
    std::uint64_t revision = 0;  ///< ascends with each change of the key
};

/// Ends its watch when it is destroyed, which may wait for an answer (1 s); on return the handler
/// is not running and will not be called again. Not to be destroyed by the handler.
class KeyWatch {
public:
    virtual ~KeyWatch() = default;
    /// Every key is told again, then null.
    virtual void tell_again() = 0;
};

/// All methods may be called from any thread; those that write block. Errors of these: unavailable
/// (not done), deadline_exceeded (whether it was done is not known), storage_io.
class KeyValue {
public:
    /// Null: every key that was there when the watch began has been told.
    using Handler = std::function<void(const KeyEntry*)>;

    virtual ~KeyValue() = default;

    /// A key that is not there. Returns its revision. Fails also: conflict (it is there).
    [[nodiscard]] virtual Result<std::uint64_t> create(
        const std::string& key, std::string_view value) = 0;
    /// A key whose last change was `revision`. Fails also: conflict (it was not, or has expired).
    [[nodiscard]] virtual Result<std::uint64_t> update(
        const std::string& key, std::string_view value, std::uint64_t revision) = 0;
    /// Whatever was there.
    [[nodiscard]] virtual Result<std::uint64_t> put(
        const std::string& key, std::string_view value) = 0;

    /// Tells `handler`, on a thread of its own, every key there is and then each change. A write is
    /// known to count only while there is a watch: have one, not more. What it misses while
    /// no server is there it hears later: of each key at least the last.
    [[nodiscard]] virtual std::unique_ptr<KeyWatch> watch(Handler handler) = 0;
};

/// Makes the bucket unless it is there; waits up to 10 s for servers that choose a leader.
[[nodiscard]] Result<std::unique_ptr<KeyValue>> open_bucket(
    std::shared_ptr<Connection> connection, const BucketConfig& config, Duration timeout);

/// Over ports. `messaging` may be null: then nobody is told, and news is looked for.
[[nodiscard]] Result<std::unique_ptr<KeyValue>> open_bucket(std::unique_ptr<JetStream> jetstream,
    std::unique_ptr<Messaging> messaging, const BucketConfig& config);

}  // namespace baton::nats
