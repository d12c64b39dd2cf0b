// API keys, for administrators only.
#pragma once

#include <vector>

#include "access/access.h"

namespace baton::service {

/// Checks that an administrator asks, then calls access. Safe to use from any thread; `who` must
/// outlive the task. Every method fails with permission_denied for others, and as access::Access.
class KeyService final {
public:
    /// `access` must outlive the service.
    explicit KeyService(access::Access& access) noexcept : access_(access) {}

    [[nodiscard]] Task<Result<access::CreatedKey>> create(
        const access::Identity& who, access::NewKey key);
    [[nodiscard]] Task<Result<std::vector<access::KeyInfo>>> list(const access::Identity& who);
    [[nodiscard]] Task<Result<void>> revoke(const access::Identity& who, KeyId id);

private:
    access::Access& access_;
};

}  // namespace baton::service
