#include "access/access.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>
#include <sodium.h>

#include "access/key_text.h"
#include "base/text.h"
#include "model/names.h"
#include "runtime/blocking_pool.h"

namespace baton::access {
namespace {

constexpr std::array<std::string_view, 2> role_names{"member", "admin"};

constexpr std::size_t name_max = 64;
constexpr std::size_t keys_max = 100'000;  // revoked ones included; 30 MB of memory

constexpr std::string_view admin_id = "admin";

constexpr db::Statement select_keys{
    "SELECT id, name, role, hash, created_at, revoked_at, chat_mode FROM api_keys"};
// Keys are only added, and revoked once: two counts tell whether something has changed.
constexpr db::Statement count_keys{"SELECT count(*), count(revoked_at) FROM api_keys"};
constexpr db::Statement insert_key{
    "INSERT INTO api_keys (id, name, role, hash, created_at, chat_mode) VALUES (?, ?, ?, ?, ?, ?)"};
constexpr db::Statement update_revoked{
    "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"};

/// A key as it is kept.
struct Entry {
    KeyInfo info;
    KeyHash hash{};
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};
using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

Result<void> check_name(std::string_view name) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (name.empty() || name.size() > name_max || !is_utf8(name) ||
        std::ranges::any_of(name, is_control)) {
        return fail_field(Errc::invalid_argument, "name",
            fmt::format("a key's name is 1 to {} bytes without control characters", name_max));
    }
    return {};
}

Result<Entry> entry_of(const db::Row& row) {
    Entry entry;
    entry.info.id = KeyId(std::string(row.text(0)));
    entry.info.name = row.text(1);
    const auto role = row.integer(2);
    const auto hash = row.text(3);
    if (role < 0 || role >= static_cast<std::int64_t>(role_names.size()) ||
        hash.size() != entry.hash.size()) {
        return fail(Errc::storage_corrupt, fmt::format("key `{}` is damaged", entry.info.id.text));
    }
    entry.info.role = static_cast<Role>(role);
    std::ranges::copy(hash, entry.hash.begin());
    entry.info.created_at = from_unix_ms(row.integer(4));
    if (!row.is_null(5)) entry.info.revoked_at = from_unix_ms(row.integer(5));
    if (row.is_null(6)) return entry;
    const auto mode = row.integer(6);
    if (mode < 0 || mode >= static_cast<std::int64_t>(chat_mode_names.size())) {
        return fail(Errc::storage_corrupt, fmt::format("key `{}` is damaged", entry.info.id.text));
    }
    entry.info.chat_mode = static_cast<ChatMode>(mode);
    return entry;
}

Result<Entries> load(db::Connection& connection) {
    Entries entries;
    Result<void> readable;
    BATON_TRY_VOID(connection.execute(select_keys, {}, [&](const db::Row& row) {
        auto entry = entry_of(row);
        if (entry) {
            entries.emplace(entry->info.id.text, *entry);
        } else {
            readable = fail(std::move(entry).error());
        }
        return readable.has_value();
    }));
    if (!readable) return fail(std::move(readable).error());
    return entries;
}

/// Writes go through one pool thread, which owns the connection; checks read the map.
class StoredAccess final : public Access {
public:
    StoredAccess(std::unique_ptr<db::Connection> connection, Entries entries, KeyHash admin_hash,
        const Clock& clock, Duration refresh_interval)
        : connection_(std::move(connection)),
          entries_(std::move(entries)),
          admin_hash_(admin_hash),
          clock_(clock) {
        if (refresh_interval == Duration(0)) return;
        refresher_ = std::jthread([this, refresh_interval](const std::stop_token& stop) {
            refresh_until(stop, refresh_interval);
        });
    }

    Result<Identity> authenticate(std::string_view authorization) const override {
        const auto key = bearer_key(authorization);
        if (!key) return refuse();
        const KeyHash hash = hash_key(*key);
        if (same(hash, admin_hash_)) {
            return Identity{KeyId(std::string(admin_id)), std::string(admin_id), Role::admin};
        }
        const std::shared_lock lock(mutex_);
        const auto found = entries_.find(id_of_key(*key));
        if (found == entries_.end()) return refuse();
        const Entry& entry = found->second;
        if (!same(hash, entry.hash) || entry.info.revoked_at) return refuse();
        return Identity{entry.info.id, entry.info.name, entry.info.role, entry.info.chat_mode};
    }

    Task<Result<CreatedKey>> create_key(NewKey key) override {
        BATON_CO_TRY_VOID(check_name(key.name));
        auto call = [this, key = std::move(key)] { return create(key); };
        auto created = co_await pool_.run(std::move(call));
        co_return created;
    }

    Task<Result<std::vector<KeyInfo>>> list_keys() override {
        std::vector<KeyInfo> keys;
        {
            const std::shared_lock lock(mutex_);
            keys.reserve(entries_.size());
            for (const auto& [id, entry] : entries_) keys.push_back(entry.info);
        }
        std::ranges::sort(
            keys, {}, [](const KeyInfo& key) { return std::pair(key.created_at, key.id.view()); });
        co_return keys;
    }

    Task<Result<void>> revoke_key(KeyId id) override {
        auto call = [this, id = std::move(id)] { return revoke(id); };
        auto revoked = co_await pool_.run(std::move(call));
        co_return revoked;
    }

private:
    static std::unexpected<Error> refuse() {
        return fail(Errc::unauthenticated, "a valid key is needed: `Authorization: Bearer <key>`");
    }

    static bool same(const KeyHash& a, const KeyHash& b) noexcept {
        return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
    }

    /// On the pool thread.
    Result<CreatedKey> create(const NewKey& key) {
        const DrawnKey drawn = draw_key();
        Entry entry{{.id = drawn.id,
                        .name = key.name,
                        .role = key.role,
                        .created_at = clock_.now(),
                        .chat_mode = key.chat_mode},
            hash_key(drawn.text.reveal())};
        {
            const std::shared_lock lock(mutex_);
            if (entries_.size() >= keys_max) {
                return fail(Errc::conflict, fmt::format("there are {} keys already", keys_max));
            }
        }
        const std::string_view hash(
            reinterpret_cast<const char*>(entry.hash.data()), entry.hash.size());
        db::Value mode;
        if (key.chat_mode) mode = static_cast<std::int64_t>(*key.chat_mode);
        const std::array<db::Value, 6> values{drawn.id.view(), std::string_view(key.name),
            static_cast<std::int64_t>(key.role), db::Blob{hash}, to_unix_ms(entry.info.created_at),
            mode};
        BATON_TRY_VOID(connection_->execute(insert_key, values));
        CreatedKey created{entry.info, drawn.text};
        const std::unique_lock lock(mutex_);
        entries_.emplace(drawn.id.text, std::move(entry));
        return created;
    }

    /// On the pool thread.
    Result<void> revoke(const KeyId& id) {
        {
            const std::shared_lock lock(mutex_);
            if (!entries_.contains(id.view())) {
                return fail(Errc::not_found, id.view() == admin_id
                                                 ? "the admin key is replaced through its file"
                                                 : "no such key");
            }
        }
        const TimePoint now = clock_.now();
        const std::array<db::Value, 2> values{to_unix_ms(now), id.view()};
        BATON_TRY_VOID(connection_->execute(update_revoked, values));
        const std::unique_lock lock(mutex_);
        auto& revoked_at = entries_.find(id.view())->second.info.revoked_at;
        if (!revoked_at) revoked_at = now;
        return {};
    }

    void refresh_until(const std::stop_token& stop, Duration interval) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!wake.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
            if (refreshing_.exchange(true)) continue;  // a slow database is asked once
            static_cast<void>(pool_.submit([this] {
                refresh();
                refreshing_ = false;
            }));
        }
    }

    /// On the pool thread. What can't be read is read the next time.
    void refresh() {
        std::pair<std::int64_t, std::int64_t> counts;
        const auto counted = connection_->execute(count_keys, {}, [&](const db::Row& row) {
            counts = {row.integer(0), row.integer(1)};
            return false;
        });
        if (!counted || counts == counts_) return;
        auto entries = load(*connection_);
        if (!entries) return;
        counts_ = counts;
        const std::unique_lock lock(mutex_);
        entries_ = *std::move(entries);
    }

    std::unique_ptr<db::Connection> connection_;            // the pool thread's
    std::pair<std::int64_t, std::int64_t> counts_{-1, -1};  // the pool thread's
    mutable std::shared_mutex mutex_;                       // guards entries_
    Entries entries_;
    const KeyHash admin_hash_;
    const Clock& clock_;
    std::atomic<bool> refreshing_{false};
    BlockingPool pool_{1};    // its calls use the rest
    std::jthread refresher_;  // last: it uses the pool
};

}  // namespace

std::string_view to_string(Role role) noexcept { return name_of(role, role_names); }

Result<Role> parse_role(std::string_view text) {
    return enum_from_name<Role>("role", text, role_names);
}

std::string_view to_string(ChatMode mode) noexcept { return name_of(mode, chat_mode_names); }

Result<ChatMode> parse_chat_mode(std::string_view text) {
    return enum_from_name<ChatMode>("chat_mode", text, chat_mode_names);
}

Result<void> require(const Identity& identity, Role role) {
    if (identity.role >= role) return {};
    return fail(Errc::permission_denied,
        fmt::format("key `{}` is no {} key", identity.key.text, to_string(role)));
}

Result<std::unique_ptr<Access>> make_access(db::Database& database, const Secret& admin_key,
    const Clock& clock, const AccessConfig& config) {
    if (admin_key.empty()) return fail(Errc::invalid_argument, "there is no admin key");
    BATON_TRY_VOID(start_crypto());
    BATON_TRY(auto connection, database.connect());
    BATON_TRY(auto entries, load(*connection));
    return std::make_unique<StoredAccess>(std::move(connection), std::move(entries),
        hash_key(admin_key.reveal()), clock, config.refresh_interval);
}

}  // namespace baton::access
