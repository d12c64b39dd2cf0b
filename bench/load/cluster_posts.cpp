// Durable posts into one partition of a cluster: the engine on a log in JetStream, without HTTP.
// One JSON line a row. Usage: cluster_posts SERVERS USER PASSWORD FOLDER BODIES [messages of a row,
// in thousands]; BODIES: a file of bodies of 256 bytes, one behind the other, which are posted in
// turns.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <latch>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/core.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "nats/connection.h"
#include "nats/jetstream.h"
#include "queue/engine/engine_queues.h"
#include "queue/store/jetstream/compressed_log.h"
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

/// What a row asks of the producers.
struct Shape {
    std::string what;
    std::size_t messages = 0;  ///< of all producers
    std::size_t batch = 1;     ///< messages of a call
    std::size_t window = 1;    ///< calls that a producer has under way
};

/// What is posted, in turns.
class Bodies {
public:
    explicit Bodies(const std::filesystem::path& file) {
        std::ifstream stream(file, std::ios::binary);
        const std::string all{std::istreambuf_iterator<char>(stream), {}};
        for (std::size_t at = 0; at + body_bytes <= all.size(); at += body_bytes) {
            bodies_.emplace_back(all.substr(at, body_bytes));
        }
        if (bodies_.empty()) must<void>(fail(Errc::not_found, "no bodies in " + file.string()));
    }
    std::vector<NewMessage> batch(std::size_t size) {
        std::vector<NewMessage> messages(size);
        auto at = next_.fetch_add(size, std::memory_order_relaxed);
        for (auto& message : messages) message.data.content = bodies_[at++ % bodies_.size()];
        return messages;
    }

private:
    std::vector<Bytes> bodies_;
    std::atomic<std::size_t> next_{0};
};

/// Where the producers post, and what.
struct Target {
    queue::Queues& queues;
    Bodies& bodies;
};

double micros_since(Steady::time_point begin) {
    return std::chrono::duration<double, std::micro>(Steady::now() - begin).count();
}

/// One call after the other. A producer with a window is as many of these.
Task<void> produce(
    Target target, std::size_t posts, std::size_t batch, std::vector<double>& micros) {
    for (std::size_t i = 0; i < posts; ++i) {
        QueueName name("bench");
        auto messages = target.bodies.batch(batch);
        const auto begin = Steady::now();
        auto posted = co_await target.queues.post(std::move(name), std::move(messages));
        must(std::move(posted));
        micros.push_back(micros_since(begin));
    }
}

/// One post whose time has come at `due`, and whose latency counts from then on.
Task<void> post_due(Target target, Steady::time_point due, double& micros) {
    QueueName name("bench");
    auto messages = target.bodies.batch(1);
    auto posted = co_await target.queues.post(std::move(name), std::move(messages));
    must(std::move(posted));
    micros = micros_since(due);
}

/// Posts at its times, whatever became of those before. `micros`: one for each.
Task<void> produce_steadily(Target target, Steady::time_point first, Steady::duration interval,
    std::vector<double>& micros, std::latch& done) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    auto due = first;
    for (auto& one : micros) {
        timer.expires_at(due);
        co_await timer.async_wait(asio::use_awaitable);
        asio::co_spawn(executor, post_due(target, due, one),
            [&done](const std::exception_ptr&) { done.count_down(); });
        due += interval;
    }
}

void print(const std::string& what, double seconds, std::size_t messages,
    const std::vector<std::vector<double>>& micros) {
    std::vector<double> all;
    for (const auto& some : micros) all.insert(all.end(), some.begin(), some.end());
    std::ranges::sort(all);
    const auto at = [&](double part) {
        return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
    };
    fmt::print(
        "{{\"design\":\"engine\",\"what\":\"{}\",\"messages\":{},\"per_second\":{:.0f},"
        "\"p50_us\":{:.0f},\"p95_us\":{:.0f},\"p99_us\":{:.0f},\"max_us\":{:.0f}}}\n",
        what, messages, static_cast<double>(messages) / seconds, at(0.5), at(0.95), at(0.99),
        all.back());
}

/// All that was answered is there, and nothing else; then it goes.
void check_and_purge(queue::Queues& queues, IoPool& pool, std::size_t messages) {
    const QueueName name("bench");
    const auto stats = must(pool.run(queues.stats(name)));
    if (stats.message_count != messages) {
        fmt::print(stderr, "void: {} messages are there\n", stats.message_count);
        std::_Exit(1);
    }
    must(pool.run(queues.purge(name)));
}

/// Producers that wait for answers before they go on. Returns messages a second.
double closed_loop(Target target, IoPool& pool, const Shape& shape) {
    const std::size_t loops = producers * shape.window;
    const auto posts = std::max<std::size_t>(1, shape.messages / loops / shape.batch);
    const auto messages = posts * loops * shape.batch;
    std::vector<std::vector<double>> micros(loops);
    std::vector<std::future<void>> ends;
    const auto begin = Steady::now();
    for (std::size_t i = 0; i < loops; ++i) {
        micros[i].reserve(posts);
        ends.push_back(asio::co_spawn(pool.executor(i % pool.size()),
            produce(target, posts, shape.batch, micros[i]), asio::use_future));
    }
    for (auto& end : ends) end.get();
    const double seconds = micros_since(begin) / 1e6;
    print(shape.what, seconds, messages, micros);
    check_and_purge(target.queues, pool, messages);
    return static_cast<double>(messages) / seconds;
}

/// Producers that post at fixed times, `per_second` all together, for `seconds`.
void steady_rate(
    Target target, IoPool& pool, const std::string& what, double per_second, double seconds) {
    const auto posts = static_cast<std::size_t>(per_second * seconds / producers) + 1;
    const auto interval = std::chrono::duration_cast<Steady::duration>(
        std::chrono::duration<double>(producers / per_second));
    std::vector<std::vector<double>> micros(producers, std::vector<double>(posts));
    std::latch done(static_cast<std::ptrdiff_t>(posts * producers));
    const auto begin = Steady::now() + std::chrono::milliseconds(10);
    for (std::size_t i = 0; i < producers; ++i) {
        const auto first = begin + interval * i / producers;
        asio::co_spawn(pool.executor(i % pool.size()),
            produce_steadily(target, first, interval, micros[i], done),
            [](const std::exception_ptr&) {});
    }
    done.wait();
    print(what, micros_since(begin) / 1e6, posts * producers, micros);
    check_and_purge(target.queues, pool, posts * producers);
}

void all_rows(Target target, IoPool& pool, std::size_t messages) {
    const auto what = [](const char* more) {
        return fmt::format("post, {} producers, {}", producers, more);
    };
    const double rate = closed_loop(target, pool, {what("batches of 1"), messages});
    closed_loop(target, pool, {what("batches of 10"), messages * 3, 10});
    closed_loop(target, pool, {what("batches of 100"), messages * 3, 100});
    closed_loop(target, pool, {what("16 single posts under way each"), messages * 3, 1, 16});
    closed_loop(target, pool, {what("64 single posts under way each"), messages * 3, 1, 64});
    steady_rate(target, pool, what("single posts at half the rate of the first row"), rate / 2, 4);
    steady_rate(target, pool, what("single posts, 5000 a second"), 5'000, 4);
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using namespace baton;
    using namespace baton::bench;
    if (argc < 6) {
        fmt::print(stderr, "cluster_posts SERVERS USER PASSWORD FOLDER BODIES [THOUSANDS]\n");
        return 2;
    }
    const std::size_t messages = 1'000 * (argc > 6 ? std::stoul(argv[6]) : 300);
    auto connection = must(
        nats::connect({.servers = split(argv[1]), .user = argv[2], .password = Secret(argv[3])}));
    Bodies bodies(argv[5]);
    auto log = queue::make_compressed_log(
        queue::make_jetstream_log(must(nats::make_jetstream(connection, Duration(2'000))),
            {.stream = "baton-log-0", .subject = "baton.log.0", .max_bytes = 2'000'000'000}));
    auto store = must(
        queue::make_journal_store(std::filesystem::path(argv[4]) / "copy", {}, std::move(log)));
    IoPool pool{2};
    const SystemClock clock;
    MetricRegistry metrics;
    const auto queues =
        must(queue::make_engine_queues(std::move(store), {}, clock, metrics, Log{}));
    must(pool.run(queues->put_queue(QueueName("bench"), QueueConfig{})));
    all_rows({*queues, bodies}, pool, messages);
    queues->stop();
}
