// Logs and those who read them: where a reader begins, and how far it has come.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "base/result.h"

namespace baton {

using SubscriptionName = Id<struct SubscriptionNameTag>;

/// 1..128 characters of A-Z a-z 0-9 . _ - and no dot in front. Fails: invalid_argument.
[[nodiscard]] Result<SubscriptionName> parse_subscription_name(std::string_view text);

/// A place in a log to read from.
struct LogStart {
    enum class Kind : std::uint8_t {
        earliest,  ///< the oldest message that is kept
        latest,    ///< what is posted from now on
        seq,       ///< the message with this seq
    };
    Kind kind = Kind::earliest;
    std::uint64_t seq = 0;  ///< only of Kind::seq: 1 up to the next one that will be given out

    bool operator==(const LogStart&) const = default;
};

/// "earliest", "latest", or the decimal seq. Fails: invalid_argument.
[[nodiscard]] Result<LogStart> parse_log_start(std::string_view text);

/// One reader of a log, as its queue knows it.
struct Subscription {
    SubscriptionName name{};
    std::uint64_t committed = 0;  ///< everything up to this seq is done with
    std::uint64_t lag = 0;        ///< messages kept behind it
    bool operator==(const Subscription&) const = default;
};

}  // namespace baton
