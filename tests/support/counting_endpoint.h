// An OpenAI endpoint that takes a while for each chat and counts them.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/plain_errors.h"

namespace baton::test {

/// Each chat reads 5 tokens and writes 10. Safe to use from any thread.
class CountingEndpoint final {
public:
    CountingEndpoint() {
        auto made = net::make_server(pool_, {.port = 0}, format_error, metrics_, Log());
        if (!made) throw std::runtime_error(to_string(made.error()));
        server_ = *std::move(made);
        server_->start([this](const net::Request& request) { return answer(request.path); });
    }
    ~CountingEndpoint() { pool_.run(server_->stop(Deadline::after(std::chrono::milliseconds(0)))); }
    CountingEndpoint(const CountingEndpoint&) = delete;
    CountingEndpoint& operator=(const CountingEndpoint&) = delete;

    [[nodiscard]] std::string base_url() const {
        return fmt::format("http://127.0.0.1:{}/v1", server_->port());
    }
    [[nodiscard]] int chats() const { return chats_; }
    /// The most at a time since the last call.
    int take_most() { return most_.exchange(0); }

private:
    static constexpr std::chrono::milliseconds thinks{30};

    Task<net::Response> answer(std::string path) {
        net::Response response;
        response.content_type = "application/json";
        response.body = R"({"object":"list","data":[]})";
        if (!path.ends_with("/chat/completions")) co_return response;
        ++chats_;
        const int now = ++under_way_;
        for (int most = most_; most < now && !most_.compare_exchange_weak(most, now);) continue;
        co_await sleep_until(Deadline::after(thinks));
        --under_way_;
        response.content_type = "text/event-stream";
        response.body =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yes\"},"
            "\"finish_reason\":\"stop\"}]}\n\n"
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":10,"
            "\"total_tokens\":15}}\n\ndata: [DONE]\n\n";
        co_return response;
    }

    IoPool pool_{1};
    MetricRegistry metrics_;
    std::atomic<int> chats_{0};
    std::atomic<int> under_way_{0};
    std::atomic<int> most_{0};
    std::unique_ptr<net::Server> server_;
};

/// Asks a daemon for one chat of at most 10 tokens; the status, 0 when there was no answer in time.
/// `mode`: of `Baton-Mode`.
inline int ask_chat(const Daemon& daemon, net::Client& http, IoPool& pool, std::string_view mode,
    std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    net::ClientRequest request{.method = net::Method::post,
        .url = daemon.url() + "/v1/chat/completions",
        .body = R"({"model":"m","max_tokens":10,)"
                R"("messages":[{"role":"user","content":"hello"}]})"};
    request.fields.set("Authorization", "Bearer " + daemon.admin_key());
    request.fields.set("Content-Type", "application/json");
    request.fields.set("Baton-Mode", std::string(mode));
    const auto answer = pool.run(http.send(std::move(request), Deadline::after(patience)));
    return answer ? answer->status : 0;
}

/// One chat after the other, passed through, so many at a time, until the time is over; how many
/// were answered.
inline int load_chats(const Daemon& daemon, int at_a_time, std::chrono::milliseconds time) {
    std::atomic<int> answered{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < at_a_time; ++i) {
        clients.emplace_back([&] {
            IoPool pool(1);
            const auto http = net::make_client({});
            for (const auto end = Deadline::after(time); !end.expired();) {
                if (ask_chat(daemon, *http, pool, "pass-through") == 200) ++answered;
            }
        });
    }
    for (auto& client : clients) client.join();
    return answered;
}

}  // namespace baton::test
