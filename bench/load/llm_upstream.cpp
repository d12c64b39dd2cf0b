// A provider that costs as little as it can, so that it is not the limit of what stands before it:
// OpenAI's chat completions, streamed or whole, always the same answer, and a list of its one
// model.
//   llm_upstream [pieces] [pause_ms] [port]
// `pieces` deltas a stream with `pause_ms` between them (0: all in one write). Runs until it is
// told to end (SIGINT, SIGTERM).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "llm_pieces.h"
#include "net/server.h"
#include "runtime/event.h"

namespace {

using namespace baton;

struct Script {
    unsigned long pieces = 8;
    Duration pause{0};
    std::vector<std::string> events{};  ///< of the pieces, made once
};

std::string chunk(const std::string& choice) {
    return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench","choices":[)" +
           choice + "]}\n\n";
}

std::string event_of(const std::string& piece) {
    return chunk(R"({"index":0,"delta":{"content":")" + piece + R"("},"finish_reason":null})");
}

const std::string end_of_stream =
    chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})") +
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":24,"total_tokens":33}})"
    "\n\ndata: [DONE]\n\n";

/// `script` must outlive the task.
Task<void> stream(const Script& script, net::BodyStream& body) {
    std::string text;
    for (const auto& event : script.events) {
        text += event;
        if (script.pause == Duration(0)) continue;
        const bool sent = co_await body.write(std::exchange(text, {}));
        if (!sent) co_return;
        co_await sleep_until(Deadline::after(script.pause));
    }
    const bool sent = co_await body.write(text + end_of_stream);
    static_cast<void>(sent);
}

std::string whole(const Script& script) {
    std::string content;
    for (unsigned long i = 0; i < script.pieces; ++i) content += llm_piece(i);
    return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":")" +
           content +
           R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":24,"total_tokens":33}})";
}

/// `script` must outlive the handler.
net::Handler answer(const Script& script) {
    return [&script, text = whole(script)](net::Request request) -> Task<net::Response> {
        net::Response response;
        if (request.method == net::Method::get) {
            response.body = R"({"object":"list","data":[{"id":"bench","object":"model"}]})";
        } else if (request.body.find(R"("stream":true)") != std::string::npos) {
            response.content_type = "text/event-stream";
            response.stream = [&script](net::BodyStream& body) { return stream(script, body); };
        } else {
            response.body = text;
        }
        co_return response;
    };
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

    Script script;
    if (argc > 1) script.pieces = std::strtoul(argv[1], nullptr, 10);
    if (argc > 2) script.pause = Duration(std::strtol(argv[2], nullptr, 10));
    for (unsigned long i = 0; i < script.pieces; ++i)
        script.events.push_back(event_of(llm_piece(i)));
    IoPool pool(1);
    MetricRegistry metrics;
    net::ServerConfig config;
    config.port = static_cast<std::uint16_t>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0);
    auto server = net::make_server(pool, config, format_error, metrics, Log());
    if (!server) {
        std::fprintf(stderr, "%s\n", to_string(server.error()).c_str());
        return 1;
    }
    (*server)->start(answer(script));
    std::printf("ready http=127.0.0.1:%u\n", (*server)->port());
    std::fflush(stdout);

    int signal = 0;
    sigwait(&signals, &signal);
    pool.run((*server)->stop(Deadline::after(std::chrono::seconds(1))));
    return 0;
}
