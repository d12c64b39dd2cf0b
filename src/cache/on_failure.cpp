#include "cache/on_failure.h"

#include <mutex>
#include <string>
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
    enum class State : std::uint8_t { well, away, refusing };

    static State state_of(const Error& error) noexcept {
        if (error.code == Errc::unavailable) return State::away;
        return error.code == Errc::permission_denied ? State::refusing : State::well;
    }

    /// Whether the cache was away and nobody is to hear of it; tells when that changes.
    template <class T>
    bool skips(const Result<T>& result) {
        const auto state = result ? State::well : state_of(result.error());
        note(state, result ? std::string() : to_string(result.error()));
        return state == State::away && policy_ == OnFailure::skip;
    }

    void note(State state, std::string said) {
        const std::scoped_lock lock(mutex_);
        const bool is_other_refusal = state == State::refusing && said != refusal_;
        if (state == state_ && !is_other_refusal) return;
        if (state == State::well) {
            log_.info("the cache is back");
        } else if (state == State::away) {
            log_.warn(policy_ == OnFailure::skip ? "the cache is away; going on without"
                                                 : "the cache is away; what needs it fails",
                {{"error", said}});
        } else {
            log_.error("the cache refuses us; what needs it fails until that is put right",
                {{"error", said}});
        }
        state_ = state;
        refusal_ = state == State::refusing ? std::move(said) : std::string();
    }
    template <class T>
    Result<T> or_else(Result<T> result, T instead) {
        if (skips(result)) return instead;
        return result;
    }

    const std::shared_ptr<Cache> inner_;
    const OnFailure policy_;
    const Log log_;
    std::mutex mutex_;  // guards the next
    State state_ = State::well;
    std::string refusal_;  // what was logged of it; empty while nobody refuses
};

}  // namespace

std::unique_ptr<Cache> with_policy(std::shared_ptr<Cache> inner, OnFailure policy, Log log) {
    return std::make_unique<RuledCache>(std::move(inner), policy, std::move(log));
}

}  // namespace baton::cache
