// What an unreachable cache means to its users.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "cache/cache.h"

namespace baton::cache {

enum class OnFailure : std::uint8_t {
    fail,  ///< they hear the error
    skip,  ///< they find nothing, and what they put is lost
};

/// `inner` as it is for `fail`. For `skip` a cache that is never unavailable: then nothing is
/// found, and `put_if_absent` is true for everybody. Other errors are handed on: a password or a
/// certificate that is wrong stays so until somebody acts. Each begin and end of such a time is
/// logged: of an absence as a warning, of a refusal as an error, anew when it gives another reason.
[[nodiscard]] std::unique_ptr<Cache> with_policy(
    std::shared_ptr<Cache> inner, OnFailure policy, Log log);

}  // namespace baton::cache
