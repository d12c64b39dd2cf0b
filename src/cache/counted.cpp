#include "cache/counted.h"

#include <array>
#include <utility>

#include <prometheus/counter.h>

namespace baton::cache {
namespace {

/// Thread-safe.
class CacheMetrics final {
public:
    explicit CacheMetrics(MetricRegistry& registry)
        : hits_(lookups(registry, "hit")), misses_(lookups(registry, "miss")) {
        for (std::size_t i = 0; i < codes.size(); ++i) {
            failures_[i] = &failures(registry, std::string(to_string(codes[i])));
        }
        failures_.back() = &failures(registry, "other");
    }

    void looked_up(bool was_there) { (was_there ? hits_ : misses_).Increment(); }
    void failed(Errc code) {
        std::size_t i = 0;
        while (i < codes.size() && codes[i] != code) ++i;
        failures_[i]->Increment();
    }

private:
    static constexpr std::array codes{
        Errc::unavailable, Errc::permission_denied, Errc::storage_full, Errc::overloaded};

    static prometheus::Counter& lookups(MetricRegistry& registry, std::string result) {
        return registry.counter("baton_cache_lookups_total",
            "Keys looked for in the cache, by whether they were there",
            {{.name = "result", .value = std::move(result)}});
    }
    static prometheus::Counter& failures(MetricRegistry& registry, std::string code) {
        return registry.counter("baton_cache_failures_total",
            "Calls that the cache did not take, whatever became of their caller",
            {{.name = "code", .value = std::move(code)}});
    }

    prometheus::Counter& hits_;
    prometheus::Counter& misses_;
    std::array<prometheus::Counter*, codes.size() + 1> failures_{};
};

class CountedCache final : public Cache {
public:
    CountedCache(std::shared_ptr<Cache> inner, MetricRegistry& registry)
        : inner_(std::move(inner)), metrics_(registry) {}

    Task<Result<std::optional<std::string>>> get(std::string key) override {
        auto found = co_await inner_->get(std::move(key));
        if (found) metrics_.looked_up(found->has_value());
        co_return noted(std::move(found));
    }

    Task<Result<void>> put(std::string key, std::string value, Duration ttl) override {
        auto done = co_await inner_->put(std::move(key), std::move(value), ttl);
        co_return noted(std::move(done));
    }

    Task<Result<bool>> put_if_absent(std::string key, std::string value, Duration ttl) override {
        auto done = co_await inner_->put_if_absent(std::move(key), std::move(value), ttl);
        if (done) metrics_.looked_up(!*done);
        co_return noted(std::move(done));
    }

    Task<Result<bool>> erase(std::string key) override {
        auto done = co_await inner_->erase(std::move(key));
        co_return noted(std::move(done));
    }

private:
    template <class T>
    Result<T> noted(Result<T> result) {
        if (!result) metrics_.failed(result.error().code);
        return result;
    }

    const std::shared_ptr<Cache> inner_;
    CacheMetrics metrics_;
};

}  // namespace

std::unique_ptr<Cache> with_metrics(std::shared_ptr<Cache> inner, MetricRegistry& registry) {
    return std::make_unique<CountedCache>(std::move(inner), registry);
}

}  // namespace baton::cache
