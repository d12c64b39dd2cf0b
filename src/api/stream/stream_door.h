// The door for those who stay: /v1/stream, one WebSocket for posting, consuming and settling.
// What goes over it: docs/reference/stream.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "access/access.h"
#include "base/metrics.h"
#include "net/web_socket.h"
#include "runtime/task.h"
#include "service/log_service.h"
#include "service/output_service.h"
#include "service/queue_service.h"

namespace baton::api::stream {

/// What one connection may have at a time. Beyond the first two it is not read for a while.
struct StreamConfig {
    std::size_t commands_max = 1'000;            ///< commands not answered yet
    std::size_t command_bytes_max = 64'000'000;  ///< their frames
    std::size_t consumers_max = 100;             ///< one more is refused with `overloaded`
    std::uint32_t credit_max = 100'000;          ///< of one consumer; more is invalid_argument
    std::size_t held_max = 100'000;              ///< leases; then nothing more is pushed
};

/// Who opened the connection. `still_allowed` is asked again now and then.
struct Caller {
    access::Identity who;
    std::function<bool()> still_allowed;
};

/// Serves one connection to its end: then what it still leased is given back, without blame.
/// Safe to call from any executor.
using ServeStream = std::function<Task<void>(Caller caller, net::WebSocket& socket)>;

struct StreamDeps {
    service::QueueService& queues;
    service::LogService& logs;
    service::OutputService& outputs;
    MetricRegistry& metrics;
};

/// The references must outlive what comes back.
[[nodiscard]] ServeStream make_stream_door(const StreamDeps& deps, StreamConfig config);

}  // namespace baton::api::stream
