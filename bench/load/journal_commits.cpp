// The journal store alone, without an engine: commits of posts and of whole lives of messages, the
// processor time they take on the committing thread, memory, recovery. One JSON line a row.
// Usage: journal_commits [folder] [messages of a row, in thousands]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "queue/store/journal/journal_store.h"

namespace baton::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t body_bytes = 256;
constexpr queue::QueueNumber number{1};

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "void: {}\n", to_string(result.error()));
        std::_Exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double resident_mib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
    }
    return 0;
}

class Counter final : public queue::RecoverySink {
public:
    void queue(queue::QueuePut, std::uint64_t) override {}
    void message(queue::RecoveredMessage) override { ++messages; }
    void dedup(queue::Locator, std::string, TimePoint) override {}
    void reply(queue::RecoveredReply) override {}
    void output(queue::RecoveredOutput) override {}
    void cursor(queue::QueueNumber, std::string, std::uint64_t) override {}
    void paused_key(queue::QueueNumber, KeyKind, std::string) override {}
    void quota(TenantId, std::uint64_t) override {}
    std::size_t messages = 0;
};

/// Batches of records, and the time their commits take.
class Run final {
public:
    explicit Run(const std::filesystem::path& folder)
        : store_(must(queue::make_journal_store(folder))) {
        Counter nobody;
        must(store_->recover(nobody));
        queue::QueuePut put{.number = number, .uid = 1};
        put.info.name = QueueName("bench");
        must(store_->commit(std::vector<queue::Record>{put}, Durability::fsync));
        data_->content = Bytes(std::string(body_bytes, 'x'));
    }

    void posts(std::size_t messages, std::size_t batch) {
        measure(fmt::format("commit of posts, {} a batch", batch), messages, [&] {
            records_.clear();
            for (std::size_t i = 0; i < batch; ++i) post(next_++);
            return batch;
        });
    }
    /// Each batch posts, leases and ends as many messages; steady state.
    void lives(std::size_t messages, std::size_t batch) {
        measure(fmt::format("commit of whole lives, {} a batch", batch), messages, [&] {
            records_.clear();
            for (std::size_t i = 0; i < batch; ++i) {
                records_.emplace_back(queue::MessageGone{{number, gone_++}});
                records_.emplace_back(queue::DeliveryChanged{
                    {number, leased_++}, {.state = MessageState::leased, .attempts = 1}});
                post(next_++);
            }
            return batch;
        });
    }
    void forget_posts() {
        must(store_->commit(std::vector<queue::Record>{queue::QueuePurged{{number, next_ - 1}}},
            Durability::fsync));
        records_.clear();
        for (int i = 0; i < 2'000; ++i) post(next_++);
        must(store_->commit(records_, Durability::fsync));
        gone_ = next_ - 2'000;
        leased_ = next_ - 1'000;
    }

private:
    void post(std::uint64_t seq) {
        records_.emplace_back(queue::MessagePosted{.at = {number, seq}, .data = data_});
    }
    template <class Make>
    void measure(const std::string& what, std::size_t messages, const Make& make) {
        std::vector<double> micros;
        double wall = 0;
        double cpu = 0;
        for (std::size_t done = 0; done < messages;) {
            done += make();
            const auto begin = Steady::now();
            const double cpu_begin = cpu_seconds();
            must(store_->commit(records_, Durability::fsync));
            cpu += cpu_seconds() - cpu_begin;
            const auto seconds = std::chrono::duration<double>(Steady::now() - begin).count();
            wall += seconds;
            micros.push_back(seconds * 1e6);
        }
        std::ranges::sort(micros);
        const auto count = static_cast<double>(messages);
        fmt::print(R"({{"bench":"journal_commits","row":"{}","messages":{},"per_second":{:.0f},)"
                   R"("cpu_ns_per_message":{:.0f},"p50_us":{:.0f},"p99_us":{:.0f}}})"
                   "\n",
            what, messages, count / wall, cpu * 1e9 / count, micros[micros.size() / 2],
            micros[micros.size() * 99 / 100]);
        std::fflush(stdout);
    }

    std::unique_ptr<queue::Store> store_;
    std::shared_ptr<MessageData> data_ = std::make_shared<MessageData>();
    std::vector<queue::Record> records_;
    std::uint64_t next_ = 1;
    std::uint64_t leased_ = 1;
    std::uint64_t gone_ = 1;
};

void measure_recovery(const std::filesystem::path& folder) {
    const double before = resident_mib();
    const auto begin = Steady::now();
    const double cpu = cpu_seconds();
    const auto store = must(queue::make_journal_store(folder));
    Counter counter;
    must(store->recover(counter));
    fmt::print(R"({{"bench":"journal_commits","row":"recovery","messages":{},"seconds":{:.2f},)"
               R"("cpu_seconds":{:.2f},"resident_mib":{:.1f}}})"
               "\n",
        counter.messages, std::chrono::duration<double>(Steady::now() - begin).count(),
        cpu_seconds() - cpu, resident_mib() - before);
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using namespace baton::bench;
    const std::filesystem::path parent =
        argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::current_path();
    const std::size_t messages = 1'000 * (argc > 2 ? std::stoul(argv[2]) : 1'000);
    const auto folder = parent / "journal_commits";
    std::filesystem::remove_all(folder);
    {
        Run run(folder);
        run.posts(messages / 100, 1);
        run.posts(messages / 10, 10);
        run.posts(messages, 100);
        run.posts(messages, 1'000);
        run.posts(messages, 4'000);
    }
    measure_recovery(folder);
    std::filesystem::remove_all(folder);
    {
        Run run(folder);
        run.forget_posts();
        run.lives(messages, 100);
        run.lives(messages, 1'000);
    }
    std::filesystem::remove_all(folder);
}
