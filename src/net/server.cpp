#include "net/server.h"

#include <netinet/tcp.h>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "net/worker.h"
#include "runtime/run_on.h"

namespace baton::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// When the process is out of descriptors, accepting again at once would spin.
constexpr std::chrono::milliseconds accept_retry_delay{100};
constexpr int keepalive_idle_s = 60;

std::string to_text(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    const auto port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

Result<tcp::endpoint> resolve(const Executor& executor, const ServerConfig& config) {
    error_code error;
    const auto address = asio::ip::make_address(config.host, error);
    if (!error) return tcp::endpoint(address, config.port);
    tcp::resolver resolver(executor);
    const auto found =
        resolver.resolve(config.host, std::to_string(config.port), tcp::resolver::passive, error);
    if (error || found.empty()) {
        return fail(Errc::invalid_argument, "`" + config.host + "` is no address of this machine");
    }
    return found.begin()->endpoint();
}

Error listen_error(const error_code& error, const tcp::endpoint& endpoint) {
    Errc code = Errc::unavailable;
    if (error == asio::error::address_in_use) code = Errc::address_in_use;
    if (error == asio::error::access_denied) code = Errc::permission_denied;
    if (error == boost::system::errc::address_not_available) code = Errc::invalid_argument;
    return {.code = code, .detail = "listening on " + to_text(endpoint) + ": " + error.message()};
}

/// Options set here are inherited by every accepted socket (Linux), which saves a call each.
void set_options(tcp::acceptor& acceptor, error_code& error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.set_option(tcp::no_delay(true), error);
    if (!error) acceptor.set_option(asio::socket_base::keep_alive(true), error);
    using KeepaliveIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    if (!error) acceptor.set_option(KeepaliveIdle(keepalive_idle_s), error);
}

Result<tcp::acceptor> listen(const Executor& executor, const ServerConfig& config) {
    BATON_TRY(const auto endpoint, resolve(executor, config));
    tcp::acceptor acceptor(executor);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) set_options(acceptor, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(listen_error(error, endpoint));
    return acceptor;
}

/// One acceptor on executor 0; accepted sockets go round the workers, one per executor.
class TcpServer final : public Server {
public:
    TcpServer(IoPool& pool, tcp::acceptor acceptor, std::unique_ptr<ServerContext> context)
        : context_(std::move(context)),
          acceptor_(std::move(acceptor)),
          port_(acceptor_.local_endpoint().port()),
          accepting_(pool.executor(0)) {
        for (std::size_t i = 0; i < pool.size(); ++i) {
            workers_.push_back(std::make_unique<Worker>(pool.executor(i), *context_));
        }
    }

    void start(Handler handler) override {
        context_->handler = std::move(handler);
        asio::post(accepting_.executor(),
            [this] { accepting_.spawn([this] { return accept_connections(); }); });
    }

    std::uint16_t port() const override { return port_; }
    std::size_t connections() const override { return context_->connection_count; }

    Task<void> stop(Deadline deadline) override {
        co_await run_on(accepting_.executor(), stop_accepting());
        // All are told before the first is waited for, so that they wind up side by side.
        for (auto& worker : workers_) co_await run_on(worker->executor(), worker->begin_stop());
        for (auto& worker : workers_) {
            co_await run_on(worker->executor(), worker->finish_stop(deadline));
        }
        context_->log.info("server stopped", {{"port", port_}});
    }

private:
    Task<void> accept_connections() {
        for (std::size_t i = 0;; ++i) {
            Worker& worker = *workers_[i % workers_.size()];
            const auto token = asio::as_tuple(asio::use_awaitable);
            auto [error, socket] = co_await acceptor_.async_accept(worker.executor(), token);
            if (!error) {
                hand_over(worker, std::move(socket));
            } else if (!acceptor_.is_open()) {
                co_return;
            } else if (error != asio::error::connection_aborted) {
                context_->log.warn(
                    "a connection could not be accepted", {{"error", error.message()}});
                co_await sleep_until(Deadline::after(accept_retry_delay));
            }
        }
    }

    void hand_over(Worker& worker, tcp::socket socket) {
        const bool free = context_->take_connection();
        asio::post(worker.executor(), [&worker, free, socket = std::move(socket)]() mutable {
            free ? worker.adopt(std::move(socket)) : worker.refuse(std::move(socket));
        });
    }

    Task<void> stop_accepting() {
        error_code ignored;
        acceptor_.close(ignored);
        co_await accepting_.stop();
    }

    std::unique_ptr<ServerContext> context_;
    tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::vector<std::unique_ptr<Worker>> workers_;
    TaskGroup accepting_;
};

}  // namespace

Result<std::unique_ptr<Server>> make_server(IoPool& pool, ServerConfig config,
    ErrorFormatter format_error, MetricRegistry& metrics, Log log) {
    BATON_TRY(auto acceptor, listen(pool.executor(0), config));
    // NOLINTNEXTLINE(modernize-make-unique): an aggregate with an atomic can't be made in place
    std::unique_ptr<ServerContext> context(new ServerContext{.config = std::move(config),
        .format_error = std::move(format_error),
        .handler = {},
        .log = std::move(log),
        .metrics = ServerMetrics(metrics)});
    return std::make_unique<TcpServer>(pool, std::move(acceptor), std::move(context));
}

}  // namespace baton::net
