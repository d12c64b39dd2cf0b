// Durable posts into one partition of a cluster: the engine on a log in JetStream, without HTTP.
// One JSON line a row. Usage: cluster_posts SERVERS USER PASSWORD FOLDER [messages of a row, in
// thousands]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/core.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "nats/connection.h"
#include "nats/jetstream.h"
#include "queue/engine/engine_queues.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/journal/journal_store.h"
#include "runtime/io_pool.h"

namespace baton::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t body_bytes = 256;
constexpr std::size_t producers = 64;

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "void: {}\n", to_string(result.error()));
        std::_Exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

Task<void> produce(
    queue::Queues& queues, std::size_t posts, std::size_t batch, std::vector<double>& micros) {
    const Bytes body(std::string(body_bytes, 'x'));
    for (std::size_t i = 0; i < posts; ++i) {
        std::vector<NewMessage> messages(batch);
        for (auto& message : messages) message.data.content = body;
        QueueName name("bench");
        const auto begin = Steady::now();
        auto posted = co_await queues.post(std::move(name), std::move(messages));
        must(std::move(posted));
        micros.push_back(std::chrono::duration<double, std::micro>(Steady::now() - begin).count());
    }
}

void row(queue::Queues& queues, IoPool& pool, std::size_t messages, std::size_t batch) {
    const std::size_t posts = std::max<std::size_t>(1, messages / producers / batch);
    std::vector<std::vector<double>> micros(producers);
    std::vector<std::future<void>> ends;
    const auto begin = Steady::now();
    for (std::size_t i = 0; i < producers; ++i) {
        ends.push_back(asio::co_spawn(pool.executor(i % pool.size()),
            produce(queues, posts, batch, micros[i]), asio::use_future));
    }
    for (auto& end : ends) end.get();
    const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    std::vector<double> all;
    for (const auto& some : micros) all.insert(all.end(), some.begin(), some.end());
    std::ranges::sort(all);
    const auto at = [&](double part) {
        return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
    };
    fmt::print(
        "{{\"design\":\"engine\",\"what\":\"post, {} producers, batches of {}\","
        "\"messages\":{},\"per_second\":{:.0f},\"p50_us\":{:.0f},\"p95_us\":{:.0f},"
        "\"p99_us\":{:.0f},\"max_us\":{:.0f}}}\n",
        producers, batch, posts * producers * batch,
        static_cast<double>(posts * producers * batch) / seconds, at(0.5), at(0.95), at(0.99),
        all.back());
    const QueueName name("bench");
    const auto stats = must(pool.run(queues.stats(name)));
    if (stats.message_count != posts * producers * batch) {
        fmt::print(stderr, "void: {} messages are there\n", stats.message_count);
        std::_Exit(1);
    }
    must(pool.run(queues.purge(name)));
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using namespace baton;
    using namespace baton::bench;
    if (argc < 5) {
        fmt::print(stderr, "cluster_posts SERVERS USER PASSWORD FOLDER [THOUSANDS]\n");
        return 2;
    }
    const std::size_t messages = 1'000 * (argc > 5 ? std::stoul(argv[5]) : 300);
    auto connection = must(
        nats::connect({.servers = split(argv[1]), .user = argv[2], .password = Secret(argv[3])}));
    auto log = queue::make_jetstream_log(must(nats::make_jetstream(connection, Duration(2'000))),
        {.stream = "baton-log-0", .subject = "baton.log.0", .max_bytes = 2'000'000'000});
    auto store = must(
        queue::make_journal_store(std::filesystem::path(argv[4]) / "copy", {}, std::move(log)));
    IoPool pool{2};
    const SystemClock clock;
    MetricRegistry metrics;
    const auto queues =
        must(queue::make_engine_queues(std::move(store), {}, clock, metrics, Log{}));
    must(pool.run(queues->put_queue(QueueName("bench"), QueueConfig{})));
    for (const std::size_t batch : {1, 10, 100})
        row(*queues, pool, messages * (batch > 1 ? 3 : 1), batch);
    queues->stop();
}
