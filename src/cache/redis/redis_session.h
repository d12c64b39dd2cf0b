// One connection to a Redis server over hiredis, made anew when it breaks.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/server_gate.h"
#include "cache/redis/redis_cache.h"

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

/// Blocking, one thread at a time.
class RedisSession final {
public:
    /// `config` and `gate` outlive it.
    RedisSession(const RedisConfig& config, ServerGate& gate) noexcept
        : config_(config), gate_(gate) {}

    /// Fails: unavailable, permission_denied, storage_full (its memory), internal.
    [[nodiscard]] Result<Reply> ask(std::initializer_list<std::string_view> words);

private:
    [[nodiscard]] bool is_open() const noexcept;
    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Result<Reply> send(std::initializer_list<std::string_view> words);

    const RedisConfig& config_;
    ServerGate& gate_;
    std::unique_ptr<redisContext, ContextCloser> context_;  // null: to be made
};

}  // namespace baton::cache
