// An OpenAI endpoint that works, dies, refuses and dawdles when the test says so.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "net/server.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"
#include "support/plain_errors.h"

namespace baton::test {

/// Serves on 127.0.0.1 and a free port, which it keeps when it comes back. Use from one thread.
class ModelServer final {
public:
    using SteadyClock = std::chrono::steady_clock;

    ModelServer() { come_back(); }
    ~ModelServer() { die(); }
    ModelServer(const ModelServer&) = delete;
    ModelServer& operator=(const ModelServer&) = delete;

    [[nodiscard]] std::string base_url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + "/v1";
    }

    /// Connections are cut, and new ones refused.
    void die() {
        if (server_) pool_.run(server_->stop(Deadline::after(std::chrono::milliseconds(0))));
        server_.reset();
    }
    void come_back() {
        net::ServerConfig config;
        config.port = port_;
        auto made = net::make_server(pool_, config, format_error, metrics_, Log());
        if (!made) throw std::runtime_error(to_string(made.error()));
        server_ = *std::move(made);
        server_->start([this](const net::Request& request) { return answer(request.path); });
        port_ = server_->port();
    }
    /// So long until an answer begins.
    void set_delay(std::chrono::milliseconds delay) { delay_ms_ = delay.count(); }
    /// Chats are refused with 429 and Retry-After until then.
    void refuse_for(std::chrono::seconds time) {
        refuses_until_ = SteadyClock::now() + time;
        retry_after_ = time.count();
    }

    /// When chats came, in order.
    [[nodiscard]] std::vector<SteadyClock::time_point> chats() const {
        const std::scoped_lock lock(mutex_);
        return chats_;
    }
    [[nodiscard]] std::size_t chats_between(
        SteadyClock::time_point from, SteadyClock::time_point to) const {
        std::size_t count = 0;
        for (const auto at : chats()) count += at >= from && at < to ? 1 : 0;
        return count;
    }
    /// When the first chat was refused; zero: none was.
    [[nodiscard]] SteadyClock::time_point refused_at() const { return refused_at_; }

private:
    Task<net::Response> answer(std::string path) {
        net::Response response;
        if (!path.ends_with("/chat/completions")) {
            response.body = R"({"object":"list","data":[{"id":"stub","object":"model"}]})";
            co_return response;
        }
        const auto now = SteadyClock::now();
        {
            const std::scoped_lock lock(mutex_);
            chats_.push_back(now);
        }
        if (now < refuses_until_.load()) {
            auto none = SteadyClock::time_point{};
            refused_at_.compare_exchange_strong(none, now);
            response.status = 429;
            response.fields.set("Retry-After", std::to_string(retry_after_.load()));
            response.body = R"({"error":{"message":"slow down","type":"rate_limit_error"}})";
            co_return response;
        }
        co_await sleep_until(Deadline::after(std::chrono::milliseconds(delay_ms_.load())));
        response.content_type = "text/event-stream";
        response.body =
            "data: {\"model\":\"stub\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"stub "
            "answer\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        co_return response;
    }

    IoPool pool_{1};
    MetricRegistry metrics_;
    mutable std::mutex mutex_;
    std::vector<SteadyClock::time_point> chats_;
    std::atomic<std::int64_t> delay_ms_ = 0;
    std::atomic<std::int64_t> retry_after_ = 0;
    std::atomic<SteadyClock::time_point> refuses_until_{};
    std::atomic<SteadyClock::time_point> refused_at_{};
    std::uint16_t port_ = 0;
    std::unique_ptr<net::Server> server_;
};

}  // namespace baton::test
