// What a queue promises: its limits, durability, levels, and what is counted about it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "model/message.h"

namespace baton {

/// When a post is answered. Numbers reach disk; never renumber.
enum class Durability : std::uint8_t {
    fsync = 0,    ///< after it is on disk
    relaxed = 1,  ///< after it is handed to the operating system
    memory = 2,   ///< kept in memory only, gone with the process
};
[[nodiscard]] std::string_view to_string(Durability durability) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<Durability> parse_durability(std::string_view text);

/// The tenant that owns a queue when nobody said who does.
inline constexpr std::string_view default_tenant = "default";

/// 1..128 characters of A-Z a-z 0-9 . _ - and no dot in front. Fails: invalid_argument.
[[nodiscard]] Result<TenantId> parse_tenant_id(std::string_view text);

/// What happens to a post on a full queue. Numbers reach disk; never renumber.
enum class Overflow : std::uint8_t { reject = 0, drop_oldest = 1 };
[[nodiscard]] std::string_view to_string(Overflow overflow) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<Overflow> parse_overflow(std::string_view text);

/// How messages leave. Numbers reach disk; never renumber.
enum class QueueMode : std::uint8_t {
    queue = 0,  ///< leased, and gone when they are acked
    log = 1,    ///< they stay; subscriptions read them with cursors of their own
};
[[nodiscard]] std::string_view to_string(QueueMode mode) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<QueueMode> parse_queue_mode(std::string_view text);

/// In which order messages leave. Numbers reach disk; never renumber.
enum class Strategy : std::uint8_t {
    strict = 0,             ///< the highest level first
    priority_weighted = 1,  ///< levels share by weight: none starves
    fair = 2,               ///< fairness keys share, whatever the level
    deadline = 3,           ///< what expires first; what never expires comes last, as strict
};
[[nodiscard]] std::string_view to_string(Strategy strategy) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<Strategy> parse_strategy(std::string_view text);

struct SchedulingConfig {
    static constexpr std::uint32_t weight_max = 1'000;

    Strategy strategy = Strategy::strict;
    /// 1..weight_max, by level: their shares with priority_weighted
    std::array<std::uint32_t, level_count> level_weights{8, 4, 2, 1};
    bool operator==(const SchedulingConfig&) const = default;
};

struct LevelConfig {
    Duration max_wait_time{0};         ///< a message waiting longer moves up a level; 0: never
    std::uint32_t max_concurrent = 0;  ///< leased at a time; 0: no limit
    bool operator==(const LevelConfig&) const = default;
};

/// Messages a second, with bursts of one second's worth; 0: no limit.
struct RateConfig {
    static constexpr std::uint32_t rate_max = 1'000'000'000;

    std::uint32_t post_per_second = 0;  ///< a post beyond fails with rate_limited
    std::uint32_t pop_per_second = 0;   ///< a pop or fetch beyond waits
    bool operator==(const RateConfig&) const = default;
};

struct QueueConfig {
    QueueMode mode = QueueMode::queue;  ///< changes only while the queue is empty
    std::uint64_t max_size = 0;         ///< messages not finished and not dead; 0: no limit
    std::uint64_t max_bytes = 0;        ///< their content; 0: no limit
    std::uint64_t max_message_size = 1'048'576;  ///< bytes of one content
    Durability durability = Durability::fsync;   ///< `persistence: false` is `memory`
    std::chrono::seconds retention_period{0};  ///< an unfinished message expires after it; 0: never
    std::chrono::seconds dedup_window{300};
    std::uint32_t max_failures = 5;  ///< that many failed deliveries make a dead letter; 0: never
    std::chrono::seconds reply_ttl{3'600};
    Overflow overflow = Overflow::reject;
    std::array<LevelConfig, level_count> levels{};
    RateConfig rates{};
    std::map<std::string, std::uint32_t> fairness_weights{};  ///< 1..1000; a key not named weighs 1
    SchedulingConfig scheduling{};                            ///< changes while messages wait
    bool operator==(const QueueConfig&) const = default;
};

/// 1..128 characters of A-Z a-z 0-9 . _ - and no dot in front. Fails: invalid_argument.
[[nodiscard]] Result<QueueName> parse_queue_name(std::string_view text);

struct QueueInfo {
    QueueName name{};
    /// Stands in the ids of its messages; a queue that is made anew gets another one. 0: unknown.
    std::uint64_t uid = 0;
    TenantId owner{std::string(default_tenant)};  ///< whose storage quota its content counts for
    QueueConfig config{};
    TimePoint created_at{};
    bool paused = false;
    bool operator==(const QueueInfo&) const = default;
};

struct LevelStats {
    std::uint64_t ready = 0;
    std::uint64_t leased = 0;
    bool operator==(const LevelStats&) const = default;
};

struct QueueStats {
    QueueName name{};
    std::uint64_t message_count = 0;  ///< scheduled + ready + leased
    std::uint64_t max_size = 0;       ///< 0: no limit
    std::uint64_t used_storage =
        0;  ///< bytes of content of messages not finished, dead ones included
    TimePoint created_at{};
    TimePoint last_accessed{};
    std::uint64_t ready = 0;  ///< waiting, those held back by an ordering key included
    std::uint64_t scheduled = 0;
    std::uint64_t leased = 0;
    std::uint64_t dead = 0;
    std::uint64_t posted_total = 0;  ///< since the daemon's start, like all totals
    std::uint64_t acked_total = 0;
    std::uint64_t expired_total = 0;
    std::array<LevelStats, level_count> levels{};
    bool paused = false;
    bool operator==(const QueueStats&) const = default;
};

}  // namespace baton
