// What the header fields of an answer say about the endpoint's limits. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "llm/provider.h"
#include "net/http.h"

namespace baton::llm {

/// How long the fields ask to wait: `retry-after-ms`, else `Retry-After` as seconds (fractions too)
/// or HTTP-date (counted from the answer's own `Date`, or `now`). At most a week; nothing when
/// absent or unreadable.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(
    const net::Fields& fields, TimePoint now);

/// What is left of the endpoint's limits: `x-ratelimit-{remaining,reset}-{requests,tokens}` (OpenAI
/// and most who speak like it; resets such as "6m0s", "12ms" or seconds) or
/// `anthropic-ratelimit-{requests,input-tokens,output-tokens,tokens}-{remaining,reset}` (resets as
/// RFC 3339, counted from the answer's own `Date`, or `now`). Resets are at most a week; nothing
/// when no such field can be read.
[[nodiscard]] std::optional<RateReport> parse_rate_report(const net::Fields& fields, TimePoint now);

}  // namespace baton::llm
