// Chats at a steady rate, or as fast as they are answered, over connections that stay open.
//   llm_load --port N [--key K] [--header "Name: value"]… [--connections 64] [--rate 0] [--seconds
//   5]
//            [--stream] [--pieces 8]
// With --rate (requests a second in all) each request has its time; what it waits for a free
// connection counts as its own. Without, each connection asks again at once. --stream counts the
// pieces of each answer and fails when one has not --pieces. Prints one JSON object: requests,
// errors, per_second, and p50, p95, p99, max in microseconds, of whole answers and (streams) of the
// first piece.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "runtime/task.h"

namespace {

using namespace baton;
using SteadyClock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;

struct Options {
    std::uint16_t port = 0;
    std::string fields;
    std::size_t connections = 64;
    double rate = 0;
    double seconds = 5;
    bool stream = false;
    std::size_t pieces = 8;
};

struct Tally {
    std::vector<double> whole;  ///< microseconds
    std::vector<double> first;
    std::size_t errors = 0;
    std::size_t next = 0;  ///< number of the next request of a steady rate
};

double micros(SteadyClock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

std::size_t count_of(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

class Connection {
public:
    Connection(asio::io_context& io, const Options& options, Tally& tally)
        : options_(options), tally_(tally), socket_(io), timer_(io) {
        const std::string body =
            std::string(
                R"({"model":"bench","messages":[{"role":"user","content":"What is a baton?"}])") +
            (options.stream ? R"(,"stream":true})" : "}");
        request_ =
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            "application/json\r\n" +
            options.fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    Task<void> run(SteadyClock::time_point begin) {
        const auto end = begin + std::chrono::duration_cast<SteadyClock::duration>(
                                     std::chrono::duration<double>(options_.seconds));
        co_await socket_.async_connect(
            {asio::ip::address_v4::loopback(), options_.port}, asio::use_awaitable);
        socket_.set_option(Tcp::no_delay(true));
        while (true) {
            auto due = SteadyClock::now();
            if (options_.rate > 0) {
                const auto number = static_cast<double>(tally_.next++);
                due = begin + std::chrono::duration_cast<SteadyClock::duration>(
                                  std::chrono::duration<double>(number / options_.rate));
                if (due >= end) co_return;
                timer_.expires_at(due);
                co_await timer_.async_wait(asio::use_awaitable);
            }
            if (due >= end) co_return;
            co_await ask(due);
        }
    }

private:
    Task<void> ask(SteadyClock::time_point due) {
        co_await asio::async_write(socket_, asio::buffer(request_), asio::use_awaitable);
        answer_.clear();
        SteadyClock::time_point first{};
        while (!complete()) {
            const auto size =
                co_await socket_.async_read_some(asio::buffer(piece_), asio::use_awaitable);
            answer_.append(piece_.data(), size);
            if (first == SteadyClock::time_point{} &&
                answer_.find(R"("content":"t)") != std::string::npos) {
                first = SteadyClock::now();
            }
        }
        const auto now = SteadyClock::now();
        const bool good =
            answer_.starts_with("HTTP/1.1 200") &&
            (!options_.stream || count_of(answer_, "twelve bytes") == options_.pieces);
        if (!good) {
            if (tally_.errors++ == 0) std::fprintf(stderr, "%s\n", answer_.substr(0, 600).c_str());
            co_return;
        }
        tally_.whole.push_back(micros(now - due));
        if (options_.stream) tally_.first.push_back(micros(first - due));
    }

    /// Whether `answer_` holds one whole answer; there is never a second one in it.
    bool complete() {
        const auto head = answer_.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        const std::string_view fields(answer_.data(), head);
        for (const std::string_view name : {"Content-Length: ", "content-length: "}) {
            const auto at = fields.find(name);
            if (at == std::string_view::npos) continue;
            const auto length = std::strtoul(fields.data() + at + name.size(), nullptr, 10);
            return answer_.size() >= head + 4 + length;
        }
        return answer_.ends_with("\r\n0\r\n\r\n");
    }

    const Options& options_;
    Tally& tally_;
    Tcp::socket socket_;
    asio::steady_timer timer_;
    std::string request_;
    std::string answer_;
    std::array<char, 16'384> piece_{};
};

void print_times(const char* name, std::vector<double> times) {
    if (times.empty()) times.push_back(0);
    std::ranges::sort(times);
    const auto at = [&](double share) {
        return times[std::min(
            times.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times.size())))];
    };
    std::printf(R"(,"%s":{"p50":%.0f,"p95":%.0f,"p99":%.0f,"max":%.0f})", name, at(0.5), at(0.95),
        at(0.99), times.back());
}

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--stream") {
            options.stream = true;
            continue;
        }
        if (i + 1 == argc) throw std::runtime_error(std::string(name) + " needs a value");
        const std::string value = argv[++i];
        if (name == "--port") {
            options.port = static_cast<std::uint16_t>(std::stoul(value));
        } else if (name == "--key") {
            options.fields += "Authorization: Bearer " + value + "\r\n";
        } else if (name == "--header") {
            options.fields += value + "\r\n";
        } else if (name == "--connections") {
            options.connections = std::stoul(value);
        } else if (name == "--rate") {
            options.rate = std::stod(value);
        } else if (name == "--seconds") {
            options.seconds = std::stod(value);
        } else if (name == "--pieces") {
            options.pieces = std::stoul(value);
        } else {
            throw std::runtime_error("unknown: " + std::string(name));
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) try {
    const Options options = read_options(argc, argv);
    asio::io_context io(1);
    Tally tally;
    std::vector<std::unique_ptr<Connection>> connections;
    const auto begin = SteadyClock::now() + std::chrono::milliseconds(200);
    std::exception_ptr failure;
    for (std::size_t i = 0; i < options.connections; ++i) {
        auto& connection =
            *connections.emplace_back(std::make_unique<Connection>(io, options, tally));
        asio::co_spawn(io, connection.run(begin), [&](const std::exception_ptr& error) {
            if (error) {
                ++tally.errors;
                failure = error;
            }
        });
    }
    io.run();
    const double took = micros(SteadyClock::now() - begin) / 1e6;
    std::printf(R"({"requests":%zu,"errors":%zu,"per_second":%.0f)", tally.whole.size(),
        tally.errors, static_cast<double>(tally.whole.size()) / took);
    print_times("whole_us", std::move(tally.whole));
    if (options.stream) print_times("first_us", std::move(tally.first));
    std::puts("}");
    if (failure) std::rethrow_exception(failure);
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "llm_load: %s\n", e.what());
    return 1;
}
