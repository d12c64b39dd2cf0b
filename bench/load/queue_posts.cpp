// Posts into the embedded engine, without any wire: batches and single posts from many producers,
// one synchronous producer, and full cycles. One JSON line a row. Usage: queue_posts
// [memory|sqlite] [folder]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/core.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "db/sqlite/sqlite_database.h"
#include "queue/engine/engine_queues.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "runtime/io_pool.h"

namespace baton::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t body_bytes = 256;

struct Setup {
    IoPool pool{2};
    SystemClock clock;
    MetricRegistry metrics;
    std::unique_ptr<db::Database> database;
    std::unique_ptr<queue::Queues> queues;
};

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

std::vector<NewMessage> make_batch(std::size_t count) {
    std::vector<NewMessage> batch(count);
    for (auto& message : batch) message.data.content = Bytes(std::string(body_bytes, 'x'));
    return batch;
}

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "failed: {}\n", to_string(result.error()));
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Task<void> produce(queue::Queues& queues, std::size_t posts, std::size_t batch) {
    for (std::size_t i = 0; i < posts; ++i) {
        auto messages = make_batch(batch);
        const QueueName name("bench");
        auto posted = co_await queues.post(name, std::move(messages));
        must(std::move(posted));
    }
}

Task<void> consume(queue::Queues& queues, std::size_t& taken, std::size_t batch) {
    while (true) {
        queue::PopRequest request{
            .queue = QueueName("bench"), .max = static_cast<std::uint32_t>(batch)};
        auto popped = co_await queues.pop(std::move(request));
        const auto messages = must(std::move(popped));
        if (messages.empty()) co_return;
        for (const auto& leased : messages) {
            auto acked = co_await queues.ack(leased.receipt);
            must(std::move(acked));
        }
        taken += messages.size();
    }
}

/// Runs `make(i)` for `count` producers, spread over the pool; returns the seconds it took.
template <class Make>
double run_all(Setup& setup, std::size_t count, const Make& make) {
    const auto begin = Steady::now();
    std::vector<std::future<void>> done;
    for (std::size_t i = 0; i < count; ++i) {
        done.push_back(
            asio::co_spawn(setup.pool.executor(i % setup.pool.size()), make(i), asio::use_future));
    }
    for (auto& one : done) one.get();
    return seconds_since(begin);
}

void row(const std::string& store, const std::string& what, std::size_t messages, double seconds) {
    fmt::print(
        R"({{"bench":"queue_posts","store":"{}","row":"{}","messages":{},"per_second":{:.0f}}})"
        "\n",
        store, what, messages, static_cast<double>(messages) / seconds);
    std::fflush(stdout);
}

void latency_row(const std::string& store, const std::string& what, std::vector<double> micros) {
    std::ranges::sort(micros);
    const auto at = [&](double share) {
        return micros[static_cast<std::size_t>(share * static_cast<double>(micros.size() - 1))];
    };
    fmt::print(
        R"({{"bench":"queue_posts","store":"{}","row":"{}","p50_us":{:.0f},"p95_us":{:.0f},"p99_us":{:.0f},"max_us":{:.0f}}})"
        "\n",
        store, what, at(0.5), at(0.95), at(0.99), at(1.0));
    std::fflush(stdout);
}

/// What the disk gives: one 4 KiB write and fdatasync into a preallocated file.
void measure_fdatasync(const std::filesystem::path& folder) {
    const auto file = folder / "fdatasync.probe";
    const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    const std::string block(4096, 'x');
    constexpr int rounds = 1000;
    if (::posix_fallocate(fd, 0, 4096L * rounds) != 0) return;
    ::fsync(fd);
    std::vector<double> micros;
    for (int i = 0; i < rounds; ++i) {
        const auto begin = Steady::now();
        if (::pwrite(fd, block.data(), block.size(), 4096L * i) < 0 || ::fdatasync(fd) != 0) return;
        micros.push_back(seconds_since(begin) * 1e6);
    }
    ::close(fd);
    std::filesystem::remove(file);
    latency_row("none", "fdatasync of 4 KiB, preallocated", std::move(micros));
}

void run(Setup& setup, const std::string& store) {
    auto& queues = *setup.queues;
    must(setup.pool.run(queues.put_queue(QueueName("bench"), QueueConfig{})));
    const auto producers = [&](std::size_t count, std::size_t batch, std::size_t total) {
        const std::size_t posts = total / count / batch;
        const double seconds =
            run_all(setup, count, [&](std::size_t) { return produce(queues, posts, batch); });
        row(store, fmt::format("post, {} producers, batch {}", count, batch), posts * count * batch,
            seconds);
    };
    producers(16, 100, 800'000);
    producers(64, 1, 200'000);

    std::vector<double> micros;
    for (int i = 0; i < 1000; ++i) {
        const auto begin = Steady::now();
        must(setup.pool.run(queues.post(QueueName("bench"), make_batch(1))));
        micros.push_back(seconds_since(begin) * 1e6);
    }
    latency_row(store, "one synchronous producer", std::move(micros));

    std::size_t taken = 0;
    const auto consumers = [&](std::size_t count) {
        std::vector<std::size_t> counts(count, 0);
        const double seconds =
            run_all(setup, count, [&](std::size_t i) { return consume(queues, counts[i], 100); });
        for (const auto one : counts) taken += one;
        row(store, fmt::format("pop and ack one by one, {} consumers, batch 100", count), taken,
            seconds);
    };
    consumers(64);
    const auto stats = must(setup.pool.run(queues.stats(QueueName("bench"))));
    if (stats.message_count != 0) {
        fmt::print(stderr, "void: {} messages are left\n", stats.message_count);
        std::exit(1);
    }
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using namespace baton;
    const std::string store = argc > 1 ? argv[1] : "sqlite";
    const std::filesystem::path folder =
        argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::current_path();
    bench::Setup setup;
    bench::measure_fdatasync(folder);
    std::unique_ptr<queue::Store> kept;
    const auto file = folder / "queue_posts.db";
    if (store == "memory") {
        kept = queue::make_memory_store();
    } else {
        for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
        setup.database = db::make_sqlite_database({.file = file});
        kept = bench::must(queue::make_sqlite_store(*setup.database));
    }
    setup.queues = bench::must(
        queue::make_engine_queues(std::move(kept), {}, setup.clock, setup.metrics, Log{}));
    bench::run(setup, store);
    setup.queues->stop();
    setup.queues.reset();
    setup.database.reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
}
