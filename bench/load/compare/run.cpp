#include "run.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>

namespace baton::bench {
namespace {

using Steady = std::chrono::steady_clock;

// A body begins with the message's number and the time of its post: 20 digits each, and a space.
constexpr std::size_t number_digits = 20;
constexpr std::uint64_t numbers_of_a_producer = std::uint64_t{1} << 32;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(Steady::now().time_since_epoch().count());
}

std::uint32_t micros_since(std::uint64_t begin_ns) {
    return static_cast<std::uint32_t>((now_ns() - begin_ns) / 1'000);
}

struct Head {
    std::uint64_t number = 0;
    std::uint64_t posted_ns = 0;
};

Head read_head(std::string_view body, std::size_t expected_size) {
    Head head;
    if (body.size() != expected_size) throw Fault("a body came back in another size");
    const auto read = [&](std::size_t at, std::uint64_t& value) {
        const auto* end = body.data() + at + number_digits;
        if (std::from_chars(body.data() + at, end, value).ptr != end) throw Fault("a spoilt body");
    };
    read(0, head.number);
    read(number_digits + 1, head.posted_ns);
    return head;
}

/// What one thread saw; read by others after it has ended.
struct Seen {
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint32_t> micros;
    std::vector<std::uint32_t> way_micros;
    std::uint64_t last_ns = 0;  ///< when its last call ended
};

/// Producers and consumers of one phase.
class Phase final {
public:
    Phase(System& system, const Load& load) : system_(system), load_(load) {}

    void add_producers(std::uint64_t first_number) {
        const auto quota = load_.messages_max / load_.producers / load_.batch * load_.batch;
        for (std::size_t i = 0; i < load_.producers; ++i) {
            const auto first = first_number + i * numbers_of_a_producer;
            add([this, producer = std::shared_ptr(system_.producer()), first, quota](
                    Seen& seen) { produce(*producer, first, quota, seen); });
        }
        producing_ += load_.producers;
    }

    void add_consumers(std::uint64_t already_posted) {
        posted_ += already_posted;
        for (std::size_t i = 0; i < load_.consumers; ++i) {
            add([this, consumer = std::shared_ptr(system_.consumer(load_.batch))](
                    Seen& seen) { consume(*consumer, seen); });
        }
    }

    /// Runs all at once, a thread each. Returns the seconds until the last call that moved a
    /// message.
    double run() {
        std::promise<void> gate;
        const std::shared_future<void> opened = gate.get_future().share();
        std::vector<std::thread> threads;
        for (auto& work : works_) {
            threads.emplace_back([&work, opened] {
                opened.wait();
                work();
            });
        }
        begin_ns_ = now_ns();
        gate.set_value();
        for (auto& thread : threads) thread.join();
        works_.clear();  // and with them the connections
        if (fault_) std::rethrow_exception(fault_);
        std::uint64_t last = begin_ns_;
        for (const auto& seen : seen_) last = std::max(last, seen->last_ns);
        return static_cast<double>(last - begin_ns_) / 1e9;
    }

    std::uint64_t posted() const { return posted_; }
    const std::vector<std::unique_ptr<Seen>>& seen() const { return seen_; }

private:
    void add(std::function<void(Seen&)> work) {
        seen_.push_back(std::make_unique<Seen>());
        works_.emplace_back([this, work = std::move(work), seen = seen_.back().get()] {
            try {
                work(*seen);
            } catch (...) {
                const std::scoped_lock lock(mutex_);
                if (!fault_) fault_ = std::current_exception();
                failed_ = true;
            }
        });
    }

    void produce(Producer& producer, std::uint64_t number, std::uint64_t quota, Seen& seen) {
        std::vector<std::string> bodies(load_.batch);
        const auto deadline =
            begin_ns_ + static_cast<std::uint64_t>(std::chrono::nanoseconds(load_.time).count());
        for (std::uint64_t done = 0; done < quota && !failed_; done += load_.batch) {
            const auto begin = now_ns();
            if (begin >= deadline) break;
            for (auto& body : bodies) {
                seen.numbers.push_back(number);
                body = fmt::format("{:020} {:020} ", number++, begin);
                body.append(load_.body_bytes - body.size(), 'x');
            }
            producer.post(bodies);
            seen.micros.push_back(micros_since(begin));
            seen.last_ns = now_ns();
            posted_ += load_.batch;
        }
        --producing_;
    }

    void consume(Consumer& consumer, Seen& seen) {
        // While producers are at work, nothing taken does not mean that nothing is left.
        while (!failed_ && (producing_ != 0 || taken_ < posted_)) {
            const auto begin = now_ns();
            const auto count = consumer.take(load_.batch, [&](std::string_view body) {
                const auto head = read_head(body, load_.body_bytes);
                seen.numbers.push_back(head.number);
                seen.way_micros.push_back(micros_since(head.posted_ns));
            });
            if (count == 0) {
                if (micros_since(std::max(seen.last_ns, begin_ns_)) > stall_micros) {
                    throw Fault(fmt::format("{} of {} came, then none", taken_, posted_));
                }
                continue;
            }
            seen.micros.push_back(micros_since(begin));
            seen.last_ns = now_ns();
            taken_ += count;
        }
    }

    // Other consumers may have all there is, so one that gets nothing waits long.
    static constexpr std::uint32_t stall_micros = 60'000'000;

    System& system_;
    const Load& load_;
    std::vector<std::function<void()>> works_;
    std::vector<std::unique_ptr<Seen>> seen_;
    std::uint64_t begin_ns_ = 0;
    std::atomic<std::uint64_t> posted_ = 0;
    std::atomic<std::uint64_t> taken_ = 0;
    std::atomic<std::size_t> producing_ = 0;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    std::exception_ptr fault_;
};

/// Some servers count what they have read a moment later.
void expect_held(System& system, std::uint64_t expected) {
    std::uint64_t held = 0;
    for (int i = 0; i < 100; ++i) {
        held = system.held();
        if (held == expected) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    throw Fault(fmt::format("the server holds {} messages, expected {}", held, expected));
}

std::vector<std::uint64_t> numbers_of(std::span<const std::unique_ptr<Seen>> seen) {
    std::vector<std::uint64_t> numbers;
    for (const auto& one : seen) {
        numbers.insert(numbers.end(), one->numbers.begin(), one->numbers.end());
    }
    std::ranges::sort(numbers);
    return numbers;
}

std::vector<std::uint32_t> merge(
    std::span<const std::unique_ptr<Seen>> seen, std::vector<std::uint32_t> Seen::* which) {
    std::vector<std::uint32_t> all;
    for (const auto& one : seen) {
        all.insert(all.end(), ((*one).*which).begin(), ((*one).*which).end());
    }
    return all;
}

}  // namespace

std::vector<Row> run(System& system, const Load& load) {
    std::vector<Row> rows;
    system.prepare();
    expect_held(system, 0);

    Phase post(system, load);
    post.add_producers(0);
    const double post_seconds = post.run();
    expect_held(system, post.posted());
    rows.push_back({.phase = "post",
        .messages = post.posted(),
        .seconds = post_seconds,
        .micros = merge(post.seen(), &Seen::micros)});

    Phase take(system, load);
    take.add_consumers(post.posted());
    const double take_seconds = take.run();
    if (numbers_of(take.seen()) != numbers_of(post.seen())) {
        throw Fault("what was delivered is not what was posted");
    }
    expect_held(system, 0);
    rows.push_back({.phase = "take",
        .messages = post.posted(),
        .seconds = take_seconds,
        .micros = merge(take.seen(), &Seen::micros)});

    Phase cycle(system, load);
    cycle.add_producers(load.producers * numbers_of_a_producer);
    cycle.add_consumers(0);
    const double cycle_seconds = cycle.run();
    const auto producers = std::span(cycle.seen()).first(load.producers);
    const auto consumers = std::span(cycle.seen()).subspan(load.producers);
    if (numbers_of(consumers) != numbers_of(producers)) {
        throw Fault("what was delivered is not what was posted");
    }
    expect_held(system, 0);
    rows.push_back({.phase = "cycle",
        .messages = cycle.posted(),
        .seconds = cycle_seconds,
        .micros = merge(consumers, &Seen::way_micros)});
    return rows;
}

}  // namespace baton::bench
