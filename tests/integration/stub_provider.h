// An OpenAI endpoint that answers when the test says so.
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "net/server.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"
#include "support/plain_errors.h"

namespace baton::test {

/// Serves on 127.0.0.1 and a free port until destruction. Requests wait until `release`; afterwards
/// each is answered at once with `stub answer`.
class StubProvider final {
public:
    StubProvider() {
        net::ServerConfig config;
        config.port = 0;
        auto made = net::make_server(pool_, config, format_error, metrics_, Log());
        if (!made) throw std::runtime_error(to_string(made.error()));
        server_ = *std::move(made);
        server_->start([this](const net::Request&) { return answer(); });
    }
    ~StubProvider() { pool_.run(server_->stop(Deadline::after(std::chrono::milliseconds(0)))); }
    StubProvider(const StubProvider&) = delete;
    StubProvider& operator=(const StubProvider&) = delete;

    /// For --set.
    [[nodiscard]] std::string setting() const {
        return R"(llm.endpoints=[{"base_url":"http://127.0.0.1:)" +
               std::to_string(server_->port()) + R"(/v1"}])";
    }

    [[nodiscard]] int requests() const noexcept { return requests_; }
    void release() noexcept { released_ = true; }

private:
    Task<net::Response> answer() {
        ++requests_;
        while (!released_) co_await sleep_until(Deadline::after(std::chrono::milliseconds(2)));
        net::Response response;
        response.content_type = "text/event-stream";
        response.body =
            "data: {\"model\":\"stub\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"stub "
            "answer\"},"
            "\"finish_reason\":null}]}\n\n"
            "data: "
            "{\"model\":\"stub\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}"
            "]}\n\n"
            "data: [DONE]\n\n";
        co_return response;
    }

    IoPool pool_{1};
    MetricRegistry metrics_;
    std::atomic<int> requests_ = 0;
    std::atomic<bool> released_ = false;
    std::unique_ptr<net::Server> server_;
};

}  // namespace baton::test
