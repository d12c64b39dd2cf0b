// What the server counts, as verbs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "base/metrics.h"

namespace baton::net {

/// The limits a peer can run into; labels of `baton_net_limit_hits_total`.
enum class Limit : std::uint8_t {
    connections,
    header,
    body,
    request_time,
    write_time,
    web_socket_message,
    web_socket_protocol,
    web_socket_unsent,
    pong_time,
};

/// Thread-safe; one per server.
class ServerMetrics final {
public:
    explicit ServerMetrics(MetricRegistry& registry)
        : connections_(registry.gauge("baton_net_connections_count", "Open HTTP connections")),
          web_sockets_(registry.gauge("baton_net_web_sockets_count", "Open WebSockets")),
          received_(registry.counter("baton_net_web_socket_messages_total",
              "Text messages over WebSockets", {{.name = "direction", .value = "in"}})),
          sent_(registry.counter("baton_net_web_socket_messages_total",
              "Text messages over WebSockets", {{.name = "direction", .value = "out"}})) {
        for (std::size_t i = 0; i < answered_.size(); ++i) {
            answered_[i] = &registry.counter("baton_net_requests_total", "HTTP requests answered",
                {{.name = "status_class", .value = std::to_string(i + 1) + "xx"}});
        }
        constexpr std::array names{"connections", "header", "body", "request_time", "write_time",
            "web_socket_message", "web_socket_protocol", "web_socket_unsent", "pong_time"};
        for (std::size_t i = 0; i < limit_hits_.size(); ++i) {
            limit_hits_[i] = &registry.counter("baton_net_limit_hits_total",
                "Peers that ran into a limit of the HTTP server",
                {{.name = "limit", .value = names[i]}});
        }
    }

    void connected() { connections_.Increment(); }
    void disconnected() { connections_.Decrement(); }
    void answered(int status) {
        answered_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1]->Increment();
    }
    void upgraded() { web_sockets_.Increment(); }
    void downgraded() { web_sockets_.Decrement(); }
    void message_received() { received_.Increment(); }
    void message_sent() { sent_.Increment(); }
    void hit(Limit limit) { limit_hits_[static_cast<std::size_t>(limit)]->Increment(); }

private:
    prometheus::Gauge& connections_;
    prometheus::Gauge& web_sockets_;
    prometheus::Counter& received_;
    prometheus::Counter& sent_;
    std::array<prometheus::Counter*, 5> answered_{};
    std::array<prometheus::Counter*, 9> limit_hits_{};
};

}  // namespace baton::net
