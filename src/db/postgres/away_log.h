// Where a server that is away is told of: all of it to who runs the daemon, and to callers only
// that it is so.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
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
    /// plain `database_unavailable` with its retry_after, whatever keeps the server away (a
    /// password too).
    [[nodiscard]] Error told(const Error& error) {
        Error plain{.code = Errc::database_unavailable,
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

    /// The same of a statement that a server refused which is there, to be tried again in a second:
    /// `database_unavailable`, also where the role has no right to it; a full or broken disk stays
    /// what it is. Whatever the server says is logged once a minute.
    [[nodiscard]] Error refused(const Error& error) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock(mutex_);
        const bool is_full = refused_.size() == refused_max && !refused_.contains(error.detail);
        if (is_full) refused_.clear();
        auto& told_until = refused_[error.detail];
        if (now >= told_until) {
            told_until = now + std::chrono::minutes(1);
            log_.warn("the database refused a statement", {{"error", to_string(error)}});
        }
        const bool has_no_right = error.code == Errc::permission_denied;
        return {.code = has_no_right ? Errc::database_unavailable : error.code,
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
    static constexpr std::size_t refused_max = 64;

    const Log log_;
    std::mutex mutex_;
    std::string last_;  // empty: the server is there, as far as is known
    std::map<std::string, std::chrono::steady_clock::time_point> refused_;  // and told until then
};

}  // namespace baton::db
