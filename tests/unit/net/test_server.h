// A server for one test: any free port, two executors, stopped with the test.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "net/server.h"
#include "support/plain_errors.h"
#include "support/raw_http.h"

namespace baton::test {

inline net::Response text_response(std::string body, int status = 200) {
    net::Response response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
}

class TestServer final {
public:
    explicit TestServer(net::Handler handler, net::ServerConfig config = {}, Log log = {}) {
        config.port = 0;
        auto made = net::make_server(pool, config, format_error, metrics, std::move(log));
        if (!made) throw std::runtime_error(to_string(made.error()));
        server = *std::move(made);
        server->start(std::move(handler));
    }
    ~TestServer() { stop(std::chrono::milliseconds(0)); }

    void stop(std::chrono::milliseconds grace) {
        if (std::exchange(stopped_, true)) return;
        pool.run(server->stop(Deadline::after(grace)));
    }

    RawConnection connect() const { return RawConnection::connect(server->port()); }
    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server->port()) + path;
    }
    bool counted(const std::string& line) const {
        return metrics.render().find(line + "\n") != std::string::npos;
    }

    IoPool pool{2};
    MetricRegistry metrics;
    std::unique_ptr<net::Server> server;

private:
    bool stopped_ = false;
};

/// Answers with the request's body, or "ok" when it has none.
inline Task<net::Response> echo(net::Request request) {
    co_return text_response(request.body.empty() ? "ok" : std::move(request.body));
}

inline std::string get_request(const std::string& target = "/") {
    return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

inline std::string post_request(const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace baton::test
