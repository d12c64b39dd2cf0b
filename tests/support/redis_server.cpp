#include "support/redis_server.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "support/eventually.h"
#include "support/free_port.h"

namespace baton::test {
namespace {

constexpr int launches_max = 5;
constexpr std::chrono::seconds patience{30};
constexpr const char* program = "/usr/bin/redis-server";

}  // namespace

RedisServer::RedisServer(RedisServerOptions options) : options_(std::move(options)) {
    if (!std::filesystem::exists(program)) {
        throw std::runtime_error(
            "there is no redis-server; scripts/install-deps.sh test installs it");
    }
    for (int tries = 1;; ++tries) {
        port_ = free_port();
        if (launch()) return;
        if (tries == launches_max) throw std::runtime_error("redis-server: " + process_->out());
    }
}

/// False when it ended at once: somebody else has the port.
bool RedisServer::launch() {
    ProcessOptions process{.program = program,
        .arguments = {"--bind", "127.0.0.1", "--dir", dir_.path().string(), "--appendonly", "no",
            "--save", ""}};
    auto& arguments = process.arguments;
    const auto add = [&](std::initializer_list<std::string> more) {
        arguments.insert(arguments.end(), more);
    };
    const auto port = std::to_string(port_);
    const auto& [cert, key] = options_.certificate;
    if (cert.empty()) {
        add({"--port", port});
    } else {
        add({"--port", "0", "--tls-port", port, "--tls-cert-file", cert.string(), "--tls-key-file",
            key.string()});
        if (options_.clients_ca_file.empty()) {
            add({"--tls-auth-clients", "no"});
        } else {
            add({"--tls-ca-cert-file", options_.clients_ca_file.string()});
        }
    }
    if (!options_.password.empty()) add({"--requirepass", options_.password});
    process_ = std::make_unique<Process>(std::move(process));
    bool is_ready = false;
    const bool settled = eventually(
        [&] {
            is_ready = process_->out().contains("Ready to accept connections");
            return is_ready || process_->wait_exit(std::chrono::milliseconds(0)).has_value();
        },
        patience);
    if (!settled) throw std::runtime_error("redis-server does not get ready: " + process_->out());
    return is_ready;
}

void RedisServer::kill() {
    process_->send_signal(SIGKILL);
    if (!process_->wait_exit(patience)) throw std::runtime_error("redis-server survived SIGKILL");
}

void RedisServer::start() {
    if (!eventually([&] { return launch(); }, patience)) {
        throw std::runtime_error("redis-server does not start again");
    }
}

void RedisServer::start(RedisServerOptions options) {
    options_ = std::move(options);
    start();
}

}  // namespace baton::test
