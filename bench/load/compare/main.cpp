// Load for one queue system whose server is already there: posts, takes, and both at once. One JSON
// line a phase. bench/compare.py starts the servers and this. Usage:
//   queue_compare --system NAME --port N [--key K] [--durability fsync|lazy] [--batch N]
//                 [--producers N] [--consumers N] [--messages N] [--time-ms N]
#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include <fmt/format.h>

#include "run.h"

namespace baton::bench {
namespace {

using Maker = std::unique_ptr<System> (*)(Target);

const std::map<std::string, Maker, std::less<>> makers{
    {"baton", make_baton},
    {"baton-ack-pop", make_baton_ack_pop},
    {"baton-stream", make_baton_stream},
    {"jetstream", make_jetstream},
    {"redis", make_redis},
    {"rabbitmq", make_rabbitmq},
    {"beanstalkd", make_beanstalkd},
    {"postgres", make_postgres},
};

void print(const Row& row) {
    auto micros = row.micros;
    std::ranges::sort(micros);
    const auto at = [&](double share) {
        return micros.empty() ? 0
                              : micros[static_cast<std::size_t>(
                                    share * static_cast<double>(micros.size() - 1))];
    };
    fmt::print(
        R"({{"phase":"{}","messages":{},"seconds":{:.3f},"per_second":{:.0f},"p50_us":{},"p95_us":{},"p99_us":{},"max_us":{}}})"
        "\n",
        row.phase, row.messages, row.seconds,
        static_cast<double>(row.messages) / std::max(row.seconds, 1e-9), at(0.5), at(0.95),
        at(0.99), at(1.0));
}

int main_of(int argc, char** argv) {
    std::map<std::string, std::string, std::less<>> options;
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    const auto text = [&](const char* name, const char* otherwise) {
        const auto found = options.find(name);
        return found == options.end() ? std::string(otherwise) : found->second;
    };
    const auto number = [&](const char* name, const char* otherwise) {
        return std::stoull(text(name, otherwise));
    };
    Target target{.system = text("--system", ""),
        .port = static_cast<std::uint16_t>(number("--port", "0")),
        .key = text("--key", ""),
        .durability = text("--durability", "fsync")};
    Load load{.producers = number("--producers", "16"),
        .consumers = number("--consumers", "16"),
        .batch = number("--batch", "100"),
        .messages_max = number("--messages", "500000"),
        .time = std::chrono::milliseconds(number("--time-ms", "3000"))};
    const auto maker = makers.find(target.system);
    if (maker == makers.end() || target.port == 0) throw Fault("give --system and --port");
    const auto system = maker->second(target);
    for (const auto& row : run(*system, load)) print(row);
    return 0;
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    try {
        return baton::bench::main_of(argc, argv);
    } catch (const std::exception& fault) {
        fmt::print(stderr, "void: {}\n", fault.what());
        return 1;
    }
}
