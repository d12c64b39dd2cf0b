// Parameters that several calls have. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "api/krpc/calls.h"
#include "base/result.h"
#include "model/json_fields.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::api::krpc {

/// The parameters of one call. `value`: the tree they stand in, which may be taken apart.
struct Params {
    Fields fields;
    boost::json::value& value;
};

/// All fail with invalid_argument, naming the parameter.
[[nodiscard]] Result<QueueName> read_queue(const Params& params);
[[nodiscard]] Result<TenantId> read_tenant(const Params& params, std::string_view name);
[[nodiscard]] Result<MessageRef> read_ref(const Params& params);
[[nodiscard]] Result<std::uint32_t> read_count(
    const Params& params, std::string_view name, std::int64_t fallback);
[[nodiscard]] Result<Duration> read_ms(
    const Params& params, std::string_view name, Duration fallback);
/// A whole number that must be there.
[[nodiscard]] Result<std::uint64_t> read_number(const Params& params, std::string_view name);
[[nodiscard]] Result<Encoding> read_encoding(const Params& params);
[[nodiscard]] Result<std::vector<std::string>> read_receipts(
    const Params& params, std::string_view name);

}  // namespace baton::api::krpc
