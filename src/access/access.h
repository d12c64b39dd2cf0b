// Who may knock: keys, identities, and the one check every door makes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "db/database.h"
#include "runtime/task.h"

namespace baton::access {

enum class Role : std::uint8_t {
    member = 0,  ///< queues, messages, conversations
    admin = 1,   ///< everything, keys included
};
[[nodiscard]] std::string_view to_string(Role role) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<Role> parse_role(std::string_view text);

/// How a chat with a model goes. Numbers reach disk; never renumber.
enum class ChatMode : std::uint8_t {
    durable = 0,       ///< through the queue: stored before anything is answered
    pass_through = 1,  ///< to the pool at once: nothing is stored
};
inline constexpr std::array<std::string_view, 2> chat_mode_names{"durable", "pass-through"};
[[nodiscard]] std::string_view to_string(ChatMode mode) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<ChatMode> parse_chat_mode(std::string_view text);

/// Who makes a request.
struct Identity {
    KeyId key{};  ///< "admin" for the admin key
    std::string name{};
    Role role = Role::member;
    std::optional<ChatMode> chat_mode{};  ///< of chats that do not say; absent: the daemon's
};

/// An API key as it is listed: never with its secret.
struct KeyInfo {
    KeyId id{};
    std::string name{};
    Role role = Role::member;
    TimePoint created_at{};
    std::optional<TimePoint> revoked_at{};
    std::optional<ChatMode> chat_mode{};  ///< as Identity has it
};

/// What is asked for. `name`: 1..64 bytes of UTF-8 without control characters.
struct NewKey {
    std::string name{};
    Role role = Role::member;
    std::optional<ChatMode> chat_mode{};
};

/// A fresh key: the only time its text is seen. "bt_<id>_<secret>".
struct CreatedKey {
    KeyInfo info{};
    Secret text{};
};

/// Keys are 256 random bits and stored as BLAKE2b hashes; comparison takes constant time.
/// Safe to use from any thread.
class Access {
public:
    virtual ~Access() = default;

    /// Checks an `Authorization` header ("Bearer <key>"). In memory; never waits.
    /// Fails: unauthenticated (missing, malformed, unknown, revoked: all the same answer).
    [[nodiscard]] virtual Result<Identity> authenticate(std::string_view authorization) const = 0;

    /// Durable on return. Fails: invalid_argument (field `name`), conflict (100,000 keys exist),
    /// and as the database does.
    [[nodiscard]] virtual Task<Result<CreatedKey>> create_key(NewKey key) = 0;
    [[nodiscard]] virtual Task<Result<std::vector<KeyInfo>>> list_keys() = 0;
    /// In force for the next request. Fails: not_found.
    [[nodiscard]] virtual Task<Result<void>> revoke_key(KeyId id) = 0;
};

/// Fails: permission_denied unless `identity` has at least `role`.
[[nodiscard]] Result<void> require(const Identity& identity, Role role);

/// Reads the admin key from `file`, or draws one ("bt_admin_<secret>") and writes it with mode
/// 0600. The file is there whole or not at all, whenever the power fails. Fails: data_dir_unusable
/// (no file can be made, or it holds no key); permission_denied when group or others may read it.
[[nodiscard]] Result<Secret> load_or_create_admin_key(const std::filesystem::path& file);

struct AccessConfig {
    /// How often keys are taken over that others made or revoked in the same database; 0: never,
    /// because nobody else does. While the database is away what was known last holds.
    Duration refresh_interval{0};
};

/// `database` must outlive it and have the current schema.
/// Fails: what connecting fails with; storage_corrupt; invalid_argument for an empty admin key.
[[nodiscard]] Result<std::unique_ptr<Access>> make_access(db::Database& database,
    const Secret& admin_key, const Clock& clock, const AccessConfig& config = {});

}  // namespace baton::access
