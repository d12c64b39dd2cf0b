// What an operator asks of a queue, and what it tells him.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "model/message.h"

namespace baton {

/// Which of a message's keys. Numbers reach disk; never renumber.
enum class KeyKind : std::uint8_t { ordering = 0, fairness = 1 };
[[nodiscard]] std::string_view to_string(KeyKind kind) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<KeyKind> parse_key_kind(std::string_view text);

/// What all stored queues of one tenant keep together: content, also of dead letters, replies and
/// outputs.
struct StorageQuota {
    std::uint64_t used = 0;   ///< bytes
    std::uint64_t limit = 0;  ///< bytes; 0: no limit
    bool operator==(const StorageQuota&) const = default;
};

/// What one tenant keeps of it.
struct TenantUsage {
    static constexpr std::uint64_t used_max = 1ULL << 53;

    TenantId owner{};
    std::uint64_t used = 0;  ///< bytes
    bool operator==(const TenantUsage&) const = default;
};

/// What the tenants that have a limit keep in one part of the queues.
struct QuotaUsage {
    static constexpr std::size_t tenants_max = 2'000;

    bool has_limits = false;  ///< any tenant has a limit, also one that keeps nothing
    /// Each once, none that keeps nothing; at most tenants_max, those that keep most.
    std::vector<TenantUsage> tenants{};
    std::size_t left_out = 0;  ///< such that are not among them, as they are too many
    bool operator==(const QuotaUsage&) const = default;
};

/// Dead letters that are to be tried again. All conditions that are given must hold.
struct RedriveRequest {
    static constexpr std::uint32_t ids_max = 10'000;
    static constexpr std::uint32_t rate_max = 1'000'000;

    QueueName queue{};
    std::vector<MessageId> ids{};          ///< only these, at most ids_max; empty: any
    std::string reason_contains{};         ///< empty: any reason
    std::optional<TimePoint> dead_from{};  ///< died then or later
    std::optional<TimePoint> dead_to{};    ///< died before
    std::uint64_t limit = 0;               ///< the oldest so many (by seq); 0: all
    std::uint32_t rate_per_second = 0;     ///< due one after the other at this rate; 0: all at once
    std::optional<QueueName> target{};     ///< absent: the queue itself
    bool operator==(const RedriveRequest&) const = default;
};

/// Why a message is not handed out right now. `code` is one of: queue_paused, key_paused,
/// ordering_key_busy, level_full, not_due, rate_limited, leased, dead.
struct Hindrance {
    std::string code{};
    std::string detail{};  ///< for a person: which key, which message, until when
    bool operator==(const Hindrance&) const = default;
};

struct Explanation {
    static constexpr std::uint64_t ahead_max = 100'000;

    MessageView view{};
    /// Messages that will be handed out before it if nothing changes, counted up to ahead_max; 0:
    /// it is next, or nothing can be said because it is not ready.
    std::uint64_t ahead = 0;
    std::vector<Hindrance> hindrances{};  ///< empty: a pop may take it
    bool operator==(const Explanation&) const = default;
};

}  // namespace baton
