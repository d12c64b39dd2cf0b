// One connection to a Redis server, plain or over TLS, made anew when it breaks.
#pragma once

#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/server_gate.h"
#include "cache/redis/redis_cache.h"
#include "cache/redis/tls_link.h"

struct redisContext;  // NOLINT(readability-identifier-naming): the library's name
struct redisReply;    // NOLINT(readability-identifier-naming): the library's name

namespace baton::cache {

struct ContextCloser {
    void operator()(redisContext* context) const noexcept;
};
struct ReplyCloser {
    void operator()(redisReply* reply) const noexcept;
};
/// Never an error of the server.
using Reply = std::unique_ptr<redisReply, ReplyCloser>;

/// What the sessions of one server know of it together. Safe to use from any thread.
class KnownServer final {
public:
    /// Nothing: try now, and say how it went. Else what the last try failed with.
    [[nodiscard]] std::optional<Error> closed(SteadyTime now, Duration try_max) {
        const auto pause = gate_.closed_for(now, try_max);
        if (!pause) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        auto error = last_;
        if (error.code == Errc::unavailable) error.retry_after = *pause;
        return error;
    }
    void succeeded() { gate_.succeeded(); }
    /// Gives the error back, with when to come again if that is known to help.
    [[nodiscard]] Error failed(Error error, SteadyTime now) {
        const std::scoped_lock lock(mutex_);
        const auto pause = gate_.failed(now);
        if (error.code == Errc::unavailable) error.retry_after = pause;
        last_ = error;
        return error;
    }

private:
    ServerGate gate_;
    std::mutex mutex_;
    Error last_{};
};

/// Blocking, one thread at a time.
class RedisSession final {
public:
    /// `config` and `server` outlive it.
    RedisSession(const RedisConfig& config, KnownServer& server) noexcept
        : config_(config), server_(server) {}

    /// Fails: unavailable, permission_denied, storage_full (its memory), internal.
    [[nodiscard]] Result<Reply> ask(std::initializer_list<std::string_view> words);

private:
    [[nodiscard]] bool is_open() noexcept;
    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Result<void> shake_hands();
    [[nodiscard]] Result<void> log_in();
    [[nodiscard]] Result<Reply> send(std::initializer_list<std::string_view> words);
    [[nodiscard]] Result<Reply> exchange(std::initializer_list<std::string_view> words);
    [[nodiscard]] Result<Reply> exchange_over_tls(std::string_view command);
    void close() noexcept;

    const RedisConfig& config_;
    KnownServer& server_;
    std::unique_ptr<redisContext, ContextCloser> context_;  // null: to be made
    std::unique_ptr<TlsLink> link_;                         // over its socket; null: plain
};

}  // namespace baton::cache
