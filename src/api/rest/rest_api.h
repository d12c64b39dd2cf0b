// The REST door: JSON over HTTP/1.1, every route of docs/reference/openapi.yaml.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "api/door.h"
#include "api/rest/router.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/cache.h"
#include "net/http.h"
#include "net/server.h"
#include "net/web_socket.h"
#include "service/conversation_service.h"
#include "service/endpoint_service.h"
#include "service/health.h"
#include "service/key_service.h"
#include "service/log_service.h"
#include "service/message_service.h"
#include "service/operator_service.h"
#include "service/output_service.h"
#include "service/queue_history.h"
#include "service/queue_service.h"
#include "service/search_service.h"
#include "service/trace_service.h"
#include "service/user_service.h"

namespace baton::api::rest {

struct RestConfig {
    /// False: only health and metrics are answered, everything else is `unsupported`.
    bool is_gateway = true;
    /// Whether /metrics answers without a key (Prometheus commonly asks without one).
    bool metrics_public = false;
    /// Names a Host header may carry, lower case and without port ("localhost", "127.0.0.1",
    /// "[::1]"); anything else is 403, which stops DNS rebinding. Empty: any name.
    std::vector<std::string> allowed_hosts{};
    /// Origins of web pages that may call ("http://127.0.0.1:8090"). A request with another Origin
    /// is 403; one whose Origin is this server itself, and one without, always passes.
    std::vector<std::string> allowed_origins{};
    /// How long an idempotency key is remembered: 1 ms .. cache::ttl_max.
    Duration idempotency_ttl{86'400'000};
};

/// Serves a WebSocket that was opened by `who`. `still_allowed`: whether the key it was opened with
/// is good still.
using StreamHandler = std::function<Task<void>(
    access::Identity who, std::function<bool()> still_allowed, net::WebSocket& socket)>;

/// What the routes call. All must outlive the handler.
struct RestDeps {
    const access::Access& access;
    service::QueueService& queues;
    service::OperatorService& operations;
    service::OutputService& outputs;
    service::LogService& logs;
    service::MessageService& messages;
    service::TraceService& traces;
    service::ConversationService& conversations;
    service::UserService& users;
    service::SearchService& search;
    service::QueueHistory& history;
    service::KeyService& keys;
    service::EndpointService& endpoints;
    service::HealthService& health;
    cache::Cache& cache;  ///< of requests with an idempotency key
    MetricRegistry& metrics;
    StreamHandler stream;  ///< of /v1/stream
    /// The configuration in force, keys and values, secrets masked.
    std::function<std::vector<std::pair<std::string, std::string>>()> config{};
    std::vector<Door> doors{};  ///< of other protocols, on the same port
};

/// The handler for the HTTP server. Copies share one state; safe to call from any executor.
[[nodiscard]] net::Handler make_rest_handler(RestDeps deps, RestConfig config, Log log);

/// An error in the house's shape `{"error":{…}}`, with Retry-After and WWW-Authenticate where they
/// belong.
[[nodiscard]] net::Response error_response(const Error& error);

/// An error of a request that reached no route, in the shape of the tree its target stands in. A
/// net::ErrorFormatter.
[[nodiscard]] net::Response refused_request_response(const Error& error, std::string_view target);

/// Every route of this door, in the order of the table: for the documentation's test.
[[nodiscard]] std::vector<RouteInfo> routes();

}  // namespace baton::api::rest
