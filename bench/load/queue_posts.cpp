// The embedded engine, without any wire: posts in batches and one by one, one synchronous producer,
// full cycles, many fairness keys, and a million queued messages with their memory and recovery.
// With a backlog given: what posts and pops cost behind so many queued messages, and nothing else.
// One JSON line a row. Usage: queue_posts [journal|sqlite|memory] [folder] [messages of a row, in
// thousands] [backlog, in thousands]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <malloc.h>
#include <map>
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
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "runtime/io_pool.h"

namespace baton::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t body_bytes = 256;

/// The queues of one store in one folder, and what they stand on.
struct Setup {
    IoPool pool{2};
    SystemClock clock;
    MetricRegistry metrics;
    std::unique_ptr<db::Database> database;
    std::unique_ptr<queue::Queues> queues;

    Setup(const std::string& store, const std::filesystem::path& folder);
    ~Setup() {
        queues->stop();
        queues.reset();
    }
};

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

[[noreturn]] void fail_run(std::string_view why) {
    fmt::print(stderr, "void: {}\n", why);
    std::_Exit(1);
}

template <class T>
T must(Result<T> result) {
    if (!result) fail_run(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Setup::Setup(const std::string& store, const std::filesystem::path& folder) {
    std::unique_ptr<queue::Store> kept;
    if (store == "memory") {
        kept = queue::make_memory_store();
    } else if (store == "journal") {
        kept = must(queue::make_journal_store(folder / "journal"));
    } else {
        database = db::make_sqlite_database({.file = folder / "queue_posts.db"});
        kept = must(queue::make_sqlite_store(*database));
    }
    queues = must(queue::make_engine_queues(std::move(kept), {}, clock, metrics, Log{}));
}

struct Shape {
    std::size_t batch = 100;
    std::size_t keys = 0;  ///< fairness keys in turn; 0: none
};

std::vector<NewMessage> make_batch(const Shape& shape, std::size_t& number) {
    std::vector<NewMessage> batch(shape.batch);
    static const std::string body(body_bytes, 'x');
    BytesBlocks blocks;
    for (auto& message : batch) {
        message.data.content = blocks.add(body);
        if (shape.keys != 0)
            message.data.fairness_key = fmt::format("key-{}", number++ % shape.keys);
    }
    return batch;
}

Task<void> produce(queue::Queues& queues, std::size_t posts, Shape shape, std::size_t number) {
    for (std::size_t i = 0; i < posts; ++i) {
        auto messages = make_batch(shape, number);
        const QueueName name("bench");
        auto posted = co_await queues.post(name, std::move(messages));
        must(std::move(posted));
    }
}

/// Takes until `taken` of all consumers has reached `total`; acks go with the next pop, the last
/// alone.
Task<void> consume(queue::Queues& queues, std::atomic<std::size_t>& taken, std::size_t total) {
    std::vector<Receipt> receipts;
    while (taken < total) {
        queue::PopRequest request{.queue = QueueName("bench"), .max = 100};
        request.wait = Deadline::after(Duration(20));
        auto settled = co_await queues.ack_and_pop(std::move(receipts), std::move(request));
        const auto result = must(std::move(settled));
        for (const auto& ack : result.acks) must(Result<void>(ack));
        receipts.clear();
        for (const auto& leased : result.messages) receipts.push_back(leased.receipt);
        taken += receipts.size();
    }
    if (receipts.empty()) co_return;
    auto acked = co_await queues.ack(std::move(receipts));
    const auto acks = must(std::move(acked));
    for (const auto& ack : acks) must(Result<void>(ack));
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

void value_row(
    const std::string& store, std::string_view what, std::string_view unit, double value) {
    fmt::print(R"({{"bench":"queue_posts","store":"{}","row":"{}","{}":{:.2f}}})"
               "\n",
        store, what, unit, value);
    std::fflush(stdout);
}

double resident_mib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
    }
    return 0;
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

/// Rows of one store.
class Rows final {
public:
    Rows(std::string store, std::filesystem::path folder, std::size_t messages)
        : store_(std::move(store)),
          folder_(std::move(folder)),
          messages_(messages),
          setup_(std::make_unique<Setup>(store_, folder_)) {
        must(setup_->pool.run(queues().put_queue(QueueName("bench"), QueueConfig{})));
    }

    void posts(std::size_t producers, Shape shape, std::size_t about) {
        const auto posts = about / producers / shape.batch;
        const double seconds = post(producers, shape, posts);
        row(store_, fmt::format("post, {} producers, batches of {}", producers, shape.batch),
            posts * producers * shape.batch, seconds);
    }

    void synchronous_producer() {
        std::vector<double> micros;
        std::size_t number = 0;
        for (int i = 0; i < 1000; ++i) {
            const auto begin = Steady::now();
            must(setup_->pool.run(
                queues().post(QueueName("bench"), make_batch({.batch = 1}, number))));
            micros.push_back(seconds_since(begin) * 1e6);
        }
        latency_row(store_, "post, one synchronous producer", std::move(micros));
    }

    /// Empties the queue.
    void takes(std::string_view more = "") {
        const auto total = count();
        const double seconds = take(total);
        row(store_, fmt::format("pop and ack, 16 consumers, batches of 100{}", more), total,
            seconds);
    }

    void cycles() {
        std::atomic<std::size_t> taken = 0;
        const auto posts = messages_ / 16 / 100;
        const auto total = posts * 16 * 100;
        const double seconds = run_all(*setup_, 32, [&](std::size_t i) {
            return i % 4 < 2 ? produce(queues(), posts, {.batch = 100}, 0)
                             : consume(queues(), taken, total);
        });
        row(store_, "post, pop and ack at once, 16 producers, 16 consumers, batches of 100", total,
            seconds);
        expect_empty();
    }

    /// For each number of keys the same, in turns: what the disk does meanwhile meets all alike.
    void fairness_keys(std::initializer_list<std::size_t> numbers) {
        constexpr std::size_t rounds = 5;
        const std::size_t posts = messages_ / 16 / 100;
        std::map<std::size_t, double> post_seconds;
        std::map<std::size_t, double> take_seconds;
        for (std::size_t round = 0; round < rounds; ++round) {
            for (const std::size_t keys : numbers) {
                post_seconds[keys] += post(16, {.batch = 100, .keys = keys}, posts);
                take_seconds[keys] += take(count());
            }
        }
        for (const std::size_t keys : numbers) {
            const auto text = fmt::format("batches of 100, {} fairness keys", keys);
            const std::size_t total = rounds * posts * 16 * 100;
            row(store_, "post, 16 producers, " + text, total, post_seconds[keys]);
            row(store_, "pop and ack, 16 consumers, " + text, total, take_seconds[keys]);
        }
    }

    /// A million queued messages: what they cost in memory, and the time until a store that holds
    /// them is open again.
    void million() {
        post(16, {.batch = 100}, million_messages / 16 / 100);
        value_row(store_, "a million queued messages, resident memory of the process", "mib",
            resident_mib());
        setup_.reset();
        ::malloc_trim(0);
        const auto begin = Steady::now();
        setup_ = std::make_unique<Setup>(store_, folder_);
        value_row(store_, "a million queued messages, recovery", "seconds", seconds_since(begin));
        value_row(store_, "a million recovered messages, resident memory of the process", "mib",
            resident_mib());
        if (count() != million_messages) fail_run("not all messages came back");
        must(setup_->pool.run(queues().purge(QueueName("bench"))));
        settled_memory_row("a million messages purged, resident memory of the process");
    }

    /// Rounds of posts and takes behind `backlog` messages; then all are taken out.
    void backlog(std::size_t backlog) {
        constexpr std::size_t rounds = 20;
        const std::size_t portion = messages_ / rounds;
        const auto behind = fmt::format(", behind {} queued", backlog);
        post(16, {.batch = 100}, backlog / 16 / 100);
        double post_seconds = 0;
        double take_seconds = 0;
        std::size_t posted = 0;
        std::size_t taken = 0;
        for (std::size_t round = 0; round < rounds; ++round) {
            const auto posts = portion / 16 / 100;
            post_seconds += post(16, {.batch = 100}, posts);
            posted += posts * 16 * 100;
            std::atomic<std::size_t> taken_now = 0;
            take_seconds += run_all(*setup_, 16,
                [&](std::size_t) { return consume(queues(), taken_now, posts * 16 * 100); });
            taken += taken_now;
        }
        row(store_, "post, 16 producers, batches of 100" + behind, posted, post_seconds);
        row(store_, "pop and ack, 16 consumers, batches of 100" + behind, taken, take_seconds);
        value_row(store_, fmt::format("{} queued, resident memory of the process", backlog), "mib",
            resident_mib());
        takes(behind + ", until none is left");
        settled_memory_row(fmt::format("{} taken out, resident memory of the process", backlog));
    }

private:
    /// What went is given back a moment later.
    void settled_memory_row(const std::string& what) {
        std::this_thread::sleep_for(std::chrono::seconds(7));
        value_row(store_, what, "mib", resident_mib());
    }

    static constexpr std::size_t million_messages = 1'000'000;

    queue::Queues& queues() { return *setup_->queues; }

    double post(std::size_t producers, Shape shape, std::size_t posts) {
        return run_all(*setup_, producers, [&](std::size_t i) {
            return produce(queues(), posts, shape, i * posts * shape.batch);
        });
    }

    /// Empties the queue, which holds `total` messages; returns the seconds it took.
    double take(std::size_t total) {
        std::atomic<std::size_t> taken = 0;
        const double seconds =
            run_all(*setup_, 16, [&](std::size_t) { return consume(queues(), taken, total); });
        expect_empty();
        return seconds;
    }

    std::size_t count() {
        return must(setup_->pool.run(queues().stats(QueueName("bench")))).message_count;
    }
    void expect_empty() {
        if (count() != 0) fail_run(fmt::format("{} messages are left", count()));
    }

    std::string store_;
    std::filesystem::path folder_;
    std::size_t messages_;
    std::unique_ptr<Setup> setup_;
};

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using namespace baton::bench;
    const std::string store = argc > 1 ? argv[1] : "journal";
    const std::filesystem::path folder =
        argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::current_path();
    const std::size_t messages = 1'000 * (argc > 3 ? std::stoul(argv[3]) : 800);
    measure_fdatasync(folder);
    Rows rows(store, folder, messages);
    if (argc > 4) {
        rows.backlog(1'000 * std::stoul(argv[4]));
        return 0;
    }
    if (store != "memory") rows.million();  // first, so that the memory is its own
    rows.posts(16, {.batch = 100}, messages);
    rows.takes();
    rows.posts(64, {.batch = 1}, messages / 4);
    rows.synchronous_producer();
    rows.takes(", after single posts");
    rows.cycles();
    rows.fairness_keys({10, 100'000});
}
