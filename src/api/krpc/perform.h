// What each call does.
#pragma once

#include <string>

#include "access/access.h"
#include "api/krpc/calls.h"
#include "api/krpc/krpc_door.h"
#include "base/result.h"
#include "runtime/task.h"

namespace baton::api::krpc {

/// Does the call and returns its result as JSON. `deps` and `who` must outlive the task.
[[nodiscard]] Task<Result<std::string>> perform(
    const KrpcDeps& deps, const access::Identity& who, Call call);

}  // namespace baton::api::krpc
