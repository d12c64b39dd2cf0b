#include "support/aimock.h"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "support/raw_http.h"

namespace baton::test {
namespace {

constexpr std::string_view listening = "[aimock] aimock server listening on http://127.0.0.1:";
constexpr std::chrono::seconds start_timeout{30};

std::filesystem::path program() {
    const auto tests = std::filesystem::path(__FILE__).parent_path().parent_path();
    auto path = tests / "peers/aimock/node_modules/.bin/llmock";
    if (!std::filesystem::exists(path)) {
        throw std::runtime_error("no " + path.string() + ": run `npm ci --ignore-scripts` there");
    }
    return path;
}

ProcessOptions launch_of(const AimockOptions& options, const TempDir& fixtures) {
    std::ofstream(fixtures / "chat.json") << options.fixtures;
    ProcessOptions launch{.program = program(),
        .arguments = {"-p", "0", "-h", "127.0.0.1", "-f", fixtures.path().string()},
        .environment = options.environment,
        .directory = {},
        .input = {}};
    launch.arguments.insert(
        launch.arguments.end(), options.arguments.begin(), options.arguments.end());
    return launch;
}

std::uint16_t wait_port(Process& process) {
    const auto line = process.wait_line(listening, start_timeout);
    if (!line) {
        throw std::runtime_error("aimock did not start: " + process.out() + process.err());
    }
    std::uint16_t port = 0;
    std::from_chars(line->data() + listening.size(), line->data() + line->size(), port);
    return port;
}

}  // namespace

Aimock::Aimock(const AimockOptions& options)
    : process_(launch_of(options, fixtures_)), port_(wait_port(process_)) {}

std::string Aimock::base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

std::string Aimock::journal() const {
    auto connection = RawConnection::connect(port_);
    // HTTP/1.0, so that the answer comes unchunked and ends with the connection.
    connection.send("GET /__aimock/journal HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    const std::string answer = connection.read_to_end();
    const std::size_t body = answer.find("\r\n\r\n");
    return body == std::string::npos ? std::string() : answer.substr(body + 4);
}

}  // namespace baton::test
