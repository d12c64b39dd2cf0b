#include "cache/memory/memory_cache.h"

#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace baton::cache {
namespace {

/// List node, table entry, and two small strings, about.
constexpr std::size_t entry_overhead = 160;

struct Entry {
    std::string key;
    std::string value;
    SteadyTime expires_at{};

    [[nodiscard]] std::size_t bytes() const noexcept {
        return key.size() + value.size() + entry_overhead;
    }
};

class MemoryCache final : public Cache {
public:
    MemoryCache(MemoryCacheConfig config, const Clock& clock) : config_(config), clock_(clock) {}

    Task<Result<std::optional<std::string>>> get(std::string key) override {
        BATON_CO_TRY_VOID(check_key(key));
        const std::scoped_lock lock(mutex_);
        const auto found = find(key);
        if (found == entries_.end()) co_return std::optional<std::string>();
        co_return std::optional<std::string>(found->value);
    }

    Task<Result<void>> put(std::string key, std::string value, Duration ttl) override {
        BATON_CO_TRY_VOID(check_entry(key, value, ttl));
        const std::scoped_lock lock(mutex_);
        const auto found = find(key);
        if (found != entries_.end()) drop(found);
        add(std::move(key), std::move(value), ttl);
        co_return Result<void>();
    }

    Task<Result<bool>> put_if_absent(std::string key, std::string value, Duration ttl) override {
        BATON_CO_TRY_VOID(check_entry(key, value, ttl));
        const std::scoped_lock lock(mutex_);
        if (find(key) != entries_.end()) co_return false;
        add(std::move(key), std::move(value), ttl);
        co_return true;
    }

    Task<Result<bool>> erase(std::string key) override {
        BATON_CO_TRY_VOID(check_key(key));
        const std::scoped_lock lock(mutex_);
        const auto found = find(key);
        if (found == entries_.end()) co_return false;
        drop(found);
        co_return true;
    }

private:
    using Entries = std::list<Entry>;

    /// A living entry, which becomes the one used last.
    Entries::iterator find(std::string_view key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return entries_.end();
        const auto entry = place->second;
        if (entry->expires_at <= clock_.steady_now()) {
            drop(entry);
            return entries_.end();
        }
        entries_.splice(entries_.begin(), entries_, entry);
        return entry;
    }

    void add(std::string key, std::string value, Duration ttl) {
        entries_.push_front({std::move(key), std::move(value), clock_.steady_now() + ttl});
        places_[entries_.front().key] = entries_.begin();
        bytes_ += entries_.front().bytes();
        while (bytes_ > config_.bytes_max) drop(std::prev(entries_.end()));
    }

    void drop(Entries::iterator entry) {
        bytes_ -= entry->bytes();
        places_.erase(entry->key);
        entries_.erase(entry);
    }

    const MemoryCacheConfig config_;
    const Clock& clock_;
    std::mutex mutex_;  // guards the rest
    Entries entries_;   // the one used last in front
    std::unordered_map<std::string_view, Entries::iterator> places_;
    std::size_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Cache> make_memory_cache(MemoryCacheConfig config, const Clock& clock) {
    return std::make_unique<MemoryCache>(config, clock);
}

}  // namespace baton::cache
