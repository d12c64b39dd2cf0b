// Where a server that is away is told of: all of it to who runs the daemon, and to callers only
// that it is so.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace baton::db {

/// The detail of errors that say nothing that was not logged before.
inline constexpr std::string_view known_to_be_away = "postgres: the server is away";

/// Shared by all connections to a server. Safe to use from any thread.
class AwayLog final {
public:
    explicit AwayLog(Log log) : log_(std::move(log)) {}

    /// Logs the error, once as long as it stays the same, and gives what callers hear instead: a
    /// plain `unavailable` with its retry_after, whatever keeps the server away (a password too).
    [[nodiscard]] Error told(const Error& error) {
        Error plain{.code = Errc::unavailable,
            .detail = "the database is away",
            .retry_after = error.retry_after};
        if (plain.retry_after == std::chrono::milliseconds(0))
            plain.retry_after = std::chrono::milliseconds(100);
        const std::scoped_lock lock(mutex_);
        if (error.detail == last_ || error.detail == known_to_be_away) return plain;
        last_ = error.detail;
        log_.warn("the database is away", {{"error", to_string(error)}});
        return plain;
    }

    /// The same of a statement that a server refused which is there: `unavailable`, to be tried
    /// again in a second. What the server says is logged, once a minute as long as it stays the
    /// same.
    [[nodiscard]] Error refused(const Error& error) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock(mutex_);
        if (error.detail != refused_ || now >= refused_until_) {
            refused_ = error.detail;
            refused_until_ = now + std::chrono::minutes(1);
            log_.warn("the database refused a statement", {{"error", to_string(error)}});
        }
        return {.code = Errc::unavailable,
            .detail = "the database could not do it now",
            .retry_after = std::chrono::seconds(1)};
    }

    void is_back() {
        const std::scoped_lock lock(mutex_);
        if (last_.empty()) return;
        last_.clear();
        log_.info("the database is back");
    }

private:
    const Log log_;
    std::mutex mutex_;
    std::string last_;  // empty: the server is there, as far as is known
    std::string refused_;
    std::chrono::steady_clock::time_point refused_until_{};
};

}  // namespace baton::db
