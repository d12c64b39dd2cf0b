// The composition root: every service of the daemon, in the order they need each other.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/roles.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/deadline.h"

namespace baton::app {

/// Owned by the main thread. One call at a time, from any thread.
class Daemon {
public:
    virtual ~Daemon() = default;

    /// Starts what its roles need (`check_roles` holds). Blocks. Call once; when it fails `stop`
    /// ends what was started.
    /// Fails: data_dir_unusable, data_dir_locked, address_in_use, invalid_argument (host),
    /// permission_denied (port, key file), storage_corrupt, storage_io, conflict (a schema from a
    /// newer version, a cluster with another number of partitions), unavailable (NATS).
    [[nodiscard]] virtual Result<void> start() = 0;

    /// "ready http=127.0.0.1:8080 metrics=127.0.0.1:9090 pid=4711 data=./data"; `metrics` is absent
    /// when off, and `data` comes last, because a path may hold spaces.
    [[nodiscard]] virtual std::string ready_line() const = 0;

    /// Whether what it stands on is still there. Cheap; to be asked every second or so.
    /// Fails: data_dir_unusable (see DataDir::check); then nothing that it promises is kept.
    [[nodiscard]] virtual Result<void> check() const = 0;

    /// Accepts nothing more, lets requests and agent runs under way finish until the deadline,
    /// gives the rest back to the queue, and closes the stores. Blocks. Call once, before
    /// destruction.
    virtual void stop(Deadline deadline) = 0;
};

/// Threads that serve requests, as `server.threads` says.
[[nodiscard]] std::size_t thread_count(const Config& config);

/// `clock`: of all that it stores, shows and counts by; how long it waits is real time.
[[nodiscard]] std::unique_ptr<Daemon> make_daemon(Config config, Roles roles,
    std::shared_ptr<LogSink> sink, std::string version,
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>());

}  // namespace baton::app
