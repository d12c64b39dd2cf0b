// A client for one test, and a peer that is no server of ours.
#pragma once

#include <future>
#include <string>
#include <utility>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/raw_http.h"

namespace baton::test {

// Far enough that no test meets it by accident.
inline const Deadline soon = Deadline::after(std::chrono::minutes(5));

/// A client and executors for its callers.
struct Caller {
    explicit Caller(net::ClientConfig config = {}) : client(net::make_client(config)) {}

    Result<net::Response> send(net::ClientRequest request, Deadline deadline = soon) {
        return pool.run(client->send(std::move(request), deadline));
    }
    std::future<Result<net::Response>> start(net::ClientRequest request, Deadline deadline = soon) {
        return std::async(std::launch::async,
            [this, request = std::move(request), deadline] { return send(request, deadline); });
    }

    IoPool pool{1};
    std::unique_ptr<net::Client> client;
};

/// A peer that is no server of ours.
struct RawPeer {
    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(listener.port()) + path;
    }
    RawConnection accept_request() {
        auto connection = listener.accept();
        head = connection.read_until("\r\n\r\n");
        return connection;
    }
    RawListener listener;
    std::string head;
};

}  // namespace baton::test
