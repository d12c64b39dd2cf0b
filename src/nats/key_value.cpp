#include "nats/key_value.h"

#include <atomic>
#include <thread>
#include <utility>

#include "nats/native.h"

namespace baton::nats {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
/// How long a watcher sleeps at most, so that it can be ended.
constexpr std::int64_t watch_step_ms = 100;
/// A watcher that hears nothing for so long is made anew: the one on the server may have gone.
constexpr int quiet_steps_max = 30;

using StoreHandle = std::unique_ptr<kvStore, Destroy<kvStore_Destroy>>;
using WatcherHandle = std::unique_ptr<kvWatcher, Destroy<kvWatcher_Destroy>>;
using EntryHandle = std::unique_ptr<kvEntry, Destroy<kvEntry_Destroy>>;

/// The library tells "another revision" by words only.
std::unexpected<Error> failed_write(const std::string& key, natsStatus status) {
    auto error = failed("writing key " + key, status).error();
    const bool is_conflict = error.detail.find("wrong last sequence") != std::string::npos ||
                             error.detail.find("key exists") != std::string::npos;
    if (is_conflict) error.code = Errc::conflict;
    return fail(std::move(error));
}

KeyEntry entry_of(kvEntry* entry) {
    return {.key = kvEntry_Key(entry),
        .value = std::string(static_cast<const char*>(kvEntry_Value(entry)),
            static_cast<std::size_t>(kvEntry_ValueLen(entry))),
        .revision = kvEntry_Revision(entry),
        .removed = kvEntry_Operation(entry) != kvOp_Put};
}

/// A thread that waits for changes.
class BucketWatch final : public Subscription {
public:
    BucketWatch(kvStore* store, KeyValue::Handler handler)
        : store_(store), handler_(std::move(handler)) {}
    ~BucketWatch() override {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
    }
    BucketWatch(const BucketWatch&) = delete;
    BucketWatch& operator=(const BucketWatch&) = delete;

    Result<void> start() {
        BATON_TRY(watcher_, make_watcher());
        thread_ = std::thread([this] { run(); });
        return {};
    }

private:
    Result<WatcherHandle> make_watcher() {
        kvWatcher* made = nullptr;
        if (const auto status = kvStore_WatchAll(&made, store_, nullptr); status != NATS_OK) {
            return failed("watching a bucket", status);
        }
        return WatcherHandle(made);
    }

    void tell(kvEntry* entry) {
        if (entry == nullptr) return handler_(nullptr);
        const auto told = entry_of(entry);
        handler_(&told);
    }

    void run() {
        int quiet_steps = 0;
        while (!ending_) {
            kvEntry* found = nullptr;
            const auto status = watcher_ ? kvWatcher_Next(&found, watcher_.get(), watch_step_ms)
                                         : NATS_INVALID_SUBSCRIPTION;
            const EntryHandle entry(found);
            if (status == NATS_OK) {
                quiet_steps = 0;
                tell(found);
                continue;
            }
            if (status != NATS_TIMEOUT && watcher_) nats_Sleep(watch_step_ms);
            if (++quiet_steps < quiet_steps_max && watcher_) continue;
            quiet_steps = 0;
            auto again = make_watcher();
            watcher_ = again ? *std::move(again) : nullptr;
            if (!watcher_) nats_Sleep(watch_step_ms);
        }
    }

    kvStore* store_;
    KeyValue::Handler handler_;
    WatcherHandle watcher_;
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

class NativeKeyValue final : public KeyValue {
public:
    NativeKeyValue(std::shared_ptr<Connection> connection, JetStreamHandle jetstream)
        : connection_(std::move(connection)), jetstream_(std::move(jetstream)) {}

    Result<void> open(const BucketConfig& config) {
        kvConfig native_config;
        kvConfig_Init(&native_config);
        native_config.Bucket = config.name.c_str();
        native_config.History = 1;
        native_config.TTL = config.ttl.count() * ns_per_ms;
        native_config.Replicas = config.replicas;
        native_config.MaxBytes = config.max_bytes;
        kvStore* made = nullptr;
        auto status = js_CreateKeyValue(&made, jetstream_.get(), &native_config);
        // Another daemon was first, perhaps with other words in its configuration.
        if (status != NATS_OK) status = js_KeyValue(&made, jetstream_.get(), config.name.c_str());
        if (status != NATS_OK) return failed("opening bucket " + config.name, status);
        store_.reset(made);
        return {};
    }

    Result<std::uint64_t> create(const std::string& key, std::string_view value) override {
        std::uint64_t revision = 0;
        const auto status = kvStore_Create(
            &revision, store_.get(), key.c_str(), value.data(), static_cast<int>(value.size()));
        if (status != NATS_OK) return failed_write(key, status);
        return revision;
    }
    Result<std::uint64_t> update(
        const std::string& key, std::string_view value, std::uint64_t last) override {
        std::uint64_t revision = 0;
        const auto status = kvStore_Update(&revision, store_.get(), key.c_str(), value.data(),
            static_cast<int>(value.size()), last);
        if (status != NATS_OK) return failed_write(key, status);
        return revision;
    }
    Result<std::uint64_t> put(const std::string& key, std::string_view value) override {
        std::uint64_t revision = 0;
        const auto status = kvStore_Put(
            &revision, store_.get(), key.c_str(), value.data(), static_cast<int>(value.size()));
        if (status != NATS_OK) return failed_write(key, status);
        return revision;
    }
    Result<void> remove(const std::string& key) override {
        const auto status = kvStore_Delete(store_.get(), key.c_str());
        if (status != NATS_OK) return failed_write(key, status);
        return {};
    }
    Result<std::unique_ptr<Subscription>> watch(Handler handler) override {
        auto watch = std::make_unique<BucketWatch>(store_.get(), std::move(handler));
        BATON_TRY_VOID(watch->start());
        return watch;
    }

private:
    std::shared_ptr<Connection> connection_;
    JetStreamHandle jetstream_;
    StoreHandle store_;
};

}  // namespace

Result<std::unique_ptr<KeyValue>> open_bucket(
    std::shared_ptr<Connection> connection, const BucketConfig& config, Duration timeout) {
    BATON_TRY(auto context, open_context(*connection, timeout));
    auto bucket = std::make_unique<NativeKeyValue>(std::move(connection), std::move(context));
    BATON_TRY_VOID(bucket->open(config));
    return bucket;
}

}  // namespace baton::nats
