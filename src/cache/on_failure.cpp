#include "cache/on_failure.h"

#include <atomic>
#include <utility>

namespace baton::cache {
namespace {

class RuledCache final : public Cache {
public:
    RuledCache(std::shared_ptr<Cache> inner, OnFailure policy, Log log)
        : inner_(std::move(inner)), policy_(policy), log_(std::move(log)) {}

    Task<Result<std::optional<std::string>>> get(std::string key) override {
        auto found = co_await inner_->get(std::move(key));
        co_return or_else(std::move(found), std::optional<std::string>());
    }

    Task<Result<void>> put(std::string key, std::string value, Duration ttl) override {
        auto done = co_await inner_->put(std::move(key), std::move(value), ttl);
        if (skips(done)) co_return Result<void>();
        co_return done;
    }

    Task<Result<bool>> put_if_absent(std::string key, std::string value, Duration ttl) override {
        auto done = co_await inner_->put_if_absent(std::move(key), std::move(value), ttl);
        co_return or_else(std::move(done), true);
    }

    Task<Result<bool>> erase(std::string key) override {
        auto done = co_await inner_->erase(std::move(key));
        co_return or_else(std::move(done), false);
    }

private:
    /// Whether the cache was away and nobody is to hear of it; tells when that changes.
    template <class T>
    bool skips(const Result<T>& result) {
        const bool is_away = !result && result.error().code == Errc::unavailable;
        const bool skipping = policy_ == OnFailure::skip;
        if (is_away_.exchange(is_away) != is_away) {
            if (is_away) {
                log_.warn(skipping ? "the cache is away; going on without"
                                   : "the cache is away; what needs it fails",
                    {{"error", to_string(result.error())}});
            } else {
                log_.info("the cache is back");
            }
        }
        return is_away && skipping;
    }
    template <class T>
    Result<T> or_else(Result<T> result, T instead) {
        if (skips(result)) return instead;
        return result;
    }

    const std::shared_ptr<Cache> inner_;
    const OnFailure policy_;
    const Log log_;
    std::atomic<bool> is_away_{false};
};

}  // namespace

std::unique_ptr<Cache> with_policy(std::shared_ptr<Cache> inner, OnFailure policy, Log log) {
    return std::make_unique<RuledCache>(std::move(inner), policy, std::move(log));
}

}  // namespace baton::cache
