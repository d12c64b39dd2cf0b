// What a daemon does of the whole: `batond --roles`.
#pragma once

#include <string_view>

#include "app/config.h"
#include "base/result.h"

namespace baton::app {

struct Roles {
    bool gateway = true;    ///< the API; without it health and metrics are all that is answered
    bool queue = true;      ///< leads partitions of the cluster
    bool scheduler = true;  ///< runs agents for what waits in the LLM queue
    bool operator==(const Roles&) const = default;
};

/// "all", or names with commas between them, each once. Fails: invalid_argument.
[[nodiscard]] Result<Roles> parse_roles(std::string_view text);

/// Whether a daemon with this configuration can have these roles. Fails: invalid_argument (apart
/// from the queues, without a cluster that has them), unsupported (gateway and scheduler apart:
/// they share conversations, which each daemon has in a database of its own).
[[nodiscard]] Result<void> check_roles(const Roles& roles, const Config& config);

}  // namespace baton::app
