#include "api/stream/stream_door.h"

#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "api/stream/connection.h"

namespace baton::api::stream {
namespace {

Task<void> serve(std::shared_ptr<StreamContext> context, Caller caller, net::WebSocket& socket) {
    const Executor executor = co_await asio::this_coro::executor;
    Connection connection(*context, std::move(caller), socket, executor);
    co_await connection.run();
}

}  // namespace

ServeStream make_stream_door(const StreamDeps& deps, StreamConfig config) {
    const auto context = std::make_shared<StreamContext>(StreamContext{.queues = deps.queues,
        .logs = deps.logs,
        .outputs = deps.outputs,
        .config = config,
        .metrics = StreamMetrics(deps.metrics)});
    return [context](Caller caller, net::WebSocket& socket) {
        return serve(context, std::move(caller), socket);
    };
}

}  // namespace baton::api::stream
