// Calls of outputs, logs and quotas. Pure.
#pragma once

#include "api/krpc/calls.h"
#include "api/krpc/params.h"
#include "base/result.h"

namespace baton::api::krpc {

[[nodiscard]] Result<Call> read_append_output(Params& params);
[[nodiscard]] Result<Call> read_read_output(Params& params);
[[nodiscard]] Result<Call> read_subscribe(Params& params);
[[nodiscard]] Result<Call> read_seek(Params& params);
[[nodiscard]] Result<Call> read_unsubscribe(Params& params);
[[nodiscard]] Result<Call> read_fetch(Params& params);
[[nodiscard]] Result<Call> read_commit(Params& params);
[[nodiscard]] Result<Call> read_truncate(Params& params);
[[nodiscard]] Result<Call> read_get_quota(Params& params);
[[nodiscard]] Result<Call> read_set_quota(Params& params);

}  // namespace baton::api::krpc
