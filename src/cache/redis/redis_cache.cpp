#include "cache/redis/redis_cache.h"

#include <hiredis/hiredis.h>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/redis/redis_session.h"
#include "cache/redis/tls_context.h"
#include "runtime/blocking_pool.h"

namespace baton::cache {
namespace {

class RedisCache final : public Cache {
public:
    explicit RedisCache(RedisConfig config) : config_(std::move(config)), pool_(config_.pool_size) {
        for (std::size_t i = 0; i < config_.pool_size; ++i) {
            free_.push_back(std::make_unique<RedisSession>(config_, server_));
        }
    }

    Task<Result<std::optional<std::string>>> get(std::string key) override {
        BATON_CO_TRY_VOID(check_key(key));
        auto call = [this, key = own(key)] { return get_now(key); };
        auto found = co_await pool_.run(std::move(call));
        co_return found;
    }

    Task<Result<void>> put(std::string key, std::string value, Duration ttl) override {
        BATON_CO_TRY_VOID(check_entry(key, value, ttl));
        auto call = [this, key = own(key), value = std::move(value), ttl]() -> Result<void> {
            const auto ms = std::to_string(ttl.count());
            BATON_TRY_VOID(ask({"SET", key, value, "PX", ms}));
            return {};
        };
        auto done = co_await pool_.run(std::move(call));
        co_return done;
    }

    Task<Result<bool>> put_if_absent(std::string key, std::string value, Duration ttl) override {
        BATON_CO_TRY_VOID(check_entry(key, value, ttl));
        auto call = [this, key = own(key), value = std::move(value), ttl]() -> Result<bool> {
            const auto ms = std::to_string(ttl.count());
            BATON_TRY(const auto reply, ask({"SET", key, value, "PX", ms, "NX"}));
            return reply->type != REDIS_REPLY_NIL;
        };
        auto done = co_await pool_.run(std::move(call));
        co_return done;
    }

    Task<Result<bool>> erase(std::string key) override {
        BATON_CO_TRY_VOID(check_key(key));
        auto call = [this, key = own(key)]() -> Result<bool> {
            BATON_TRY(const auto reply, ask({"DEL", key}));
            return reply->integer != 0;
        };
        auto done = co_await pool_.run(std::move(call));
        co_return done;
    }

private:
    [[nodiscard]] std::string own(const std::string& key) const { return config_.prefix + key; }

    /// On a pool thread, like the following.
    Result<std::optional<std::string>> get_now(const std::string& key) {
        BATON_TRY(const auto reply, ask({"GET", key}));
        if (reply->type != REDIS_REPLY_STRING) return std::optional<std::string>();
        return std::optional(std::string(reply->str, static_cast<std::size_t>(reply->len)));
    }

    /// As many sessions as threads, so there is always one that is free.
    Result<Reply> ask(std::initializer_list<std::string_view> words) {
        std::unique_ptr<RedisSession> session;
        {
            const std::scoped_lock lock(mutex_);
            session = std::move(free_.back());
            free_.pop_back();
        }
        auto reply = session->ask(words);
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(session));
        return reply;
    }

    const RedisConfig config_;
    KnownServer server_;
    std::mutex mutex_;                                 // guards the next
    std::vector<std::unique_ptr<RedisSession>> free_;  // the one used last is the next to be used
    BlockingPool pool_;                                // last: its calls use the rest
};

}  // namespace

Result<std::unique_ptr<Cache>> make_redis_cache(RedisConfig config) {
    if (config.tls.enabled) {
        BATON_TRY_VOID(make_tls_context(config.tls));
    }
    return std::make_unique<RedisCache>(std::move(config));
}

}  // namespace baton::cache
