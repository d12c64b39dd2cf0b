// What an operator asks a daemon: health and keys.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "client/connection.h"
#include "model/cluster_state.h"
#include "model/queue_operations.h"
#include "runtime/task.h"

namespace baton::client {

struct ComponentHealth {
    std::string name;
    bool healthy = false;
    std::string detail;
};

struct Health {
    bool ready = false;
    std::string phase;
    std::string version;
    std::chrono::seconds uptime{0};
    std::vector<ComponentHealth> components;
    std::optional<ClusterState> cluster{};  ///< absent: the daemon is in none
};

struct ApiKey {
    KeyId id;
    std::string name;
    std::string role;
    TimePoint created_at{};
    std::optional<TimePoint> revoked_at{};
    std::string chat_mode{};  ///< durable | pass-through; empty: as the daemon is told
};

struct NewApiKey {
    std::string name;
    std::string role = "member";
    std::string chat_mode{};  ///< as ApiKey has it
};

struct CreatedApiKey {
    ApiKey key;
    Secret text;  ///< seen this once
};

/// Safe to use from any thread. Every method fails as Connection::call. `connection` must outlive
/// it.
class OperatorClient final {
public:
    explicit OperatorClient(Connection& connection) noexcept : connection_(connection) {}

    /// A daemon that is not ready is no error.
    [[nodiscard]] Task<Result<Health>> health();

    // For administrators; others get permission_denied.
    [[nodiscard]] Task<Result<CreatedApiKey>> create_key(NewApiKey key);
    [[nodiscard]] Task<Result<std::vector<ApiKey>>> list_keys();
    /// Fails: not_found.
    [[nodiscard]] Task<Result<void>> revoke_key(KeyId id);
    [[nodiscard]] Task<Result<StorageQuota>> quota(std::string tenant);
    /// Returns the quota as it is then. `bytes` 0: no limit.
    [[nodiscard]] Task<Result<StorageQuota>> set_quota(std::string tenant, std::uint64_t bytes);

private:
    Connection& connection_;
};

}  // namespace baton::client
