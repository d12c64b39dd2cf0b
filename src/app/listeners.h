// The sockets a daemon is called on. They listen before anything is answered.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "net/server.h"
#include "runtime/io_pool.h"

namespace baton::app {

struct Listeners {
    std::unique_ptr<net::Server> api;
    std::unique_ptr<net::Server> metrics;  ///< null: metrics are on the API's port only
};

/// `registry` counts what goes on at the API's port. All but `config` and `log` outlive the result.
/// Fails: address_in_use, invalid_argument (host), permission_denied (port).
[[nodiscard]] Result<Listeners> open_listeners(const Config& config, IoPool& io,
    MetricRegistry& registry, MetricRegistry& metrics_door_registry, const Log& log);

}  // namespace baton::app
