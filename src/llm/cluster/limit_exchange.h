// Limits that hold for all daemons of a cluster together: the thread that tells the others what is
// used here, and the pool what it may use.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "llm/share_node.h"
#include "llm/shared_limits.h"
#include "nats/connection.h"
#include "nats/key_value.h"

namespace baton::llm {

struct LimitExchangeConfig {
    std::string cluster = "baton";  ///< first word of stream and subjects
    std::string id{};               ///< of this run of this daemon; no spaces
    int replicas = 1;
    ShareTiming timing{};
};

/// Tells once more, that nothing is kept, and ends when it is destroyed: after the last chat, and
/// before the pool. Counts baton_llm_limit_tellings_total{outcome}.
class LimitExchange {
public:
    virtual ~LimitExchange() = default;
};

/// Makes the log of tellings unless it is there, and begins. `limits`, `clock` and `metrics` must
/// outlive it. Fails: unavailable, permission_denied, as nats::open_bucket.
[[nodiscard]] Result<std::unique_ptr<LimitExchange>> make_limit_exchange(LimitExchangeConfig config,
    std::shared_ptr<nats::Connection> connection, SharedLimits& limits, const Clock& clock,
    MetricRegistry& metrics, Log log);

/// Over the port.
[[nodiscard]] std::unique_ptr<LimitExchange> make_limit_exchange(LimitExchangeConfig config,
    std::unique_ptr<nats::KeyValue> tellings, SharedLimits& limits, const Clock& clock,
    MetricRegistry& metrics, Log log);

}  // namespace baton::llm
