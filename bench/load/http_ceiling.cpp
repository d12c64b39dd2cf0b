// What the HTTP server can do at most: a handler that answers at once, to be loaded with wrk.
//   http_ceiling [threads] [port]     then: wrk -t1 -c64 -d10 http://127.0.0.1:<port>/
// A POST is answered with the size of its body. Runs until it is told to end (SIGINT, SIGTERM).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/server.h"

namespace {

using namespace baton;

Task<net::Response> answer(net::Request request) {
    net::Response response;
    response.body = request.body.empty() ? R"({"ok":true})" : std::to_string(request.body.size());
    co_return response;
}

net::Response format_error(const Error& error, std::string_view) {
    net::Response response;
    response.status = errc_info(error.code).http;
    response.body = to_string(error);
    return response;
}

}  // namespace

int main(int argc, char** argv) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    IoPool pool(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2);
    MetricRegistry metrics;
    net::ServerConfig config;
    config.port = static_cast<std::uint16_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0);
    auto server = net::make_server(pool, config, format_error, metrics, Log());
    if (!server) {
        std::fprintf(stderr, "%s\n", to_string(server.error()).c_str());
        return 1;
    }
    (*server)->start(answer);
    std::printf("ready http=127.0.0.1:%u\n", (*server)->port());
    std::fflush(stdout);

    int signal = 0;
    sigwait(&signals, &signal);
    pool.run((*server)->stop(Deadline::after(std::chrono::seconds(1))));
    return 0;
}
