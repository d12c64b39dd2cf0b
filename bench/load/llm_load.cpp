// Chats at a steady rate, or as fast as they are answered, over connections that stay open.
//   llm_load --port N [--key K] [--header "Name: value"]… [--connections 64] [--rate 0]
//            [--seconds 5] [--spread 0] [--stream] [--pieces 8]
// With --rate (requests a second in all) each request has its time; what it waits for a free
// connection counts as its own. Without, each connection asks again at once, and --spread (seconds)
// is what lies between the first request of the first and of the last connection. An answer must
// hold llm_upstream's --pieces, each once and in order, and with --stream each in an event of its
// own; any other is an error. Prints one JSON object: requests, errors, pieces, per_second,
// open_max (streams between first piece and end at a time), and p50, p95, p99, max in microseconds,
// of whole answers and (streams) of the first piece.
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

#include "llm_pieces.h"
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
    double spread = 0;  ///< seconds
    bool stream = false;
    std::size_t pieces = 8;
};

struct Tally {
    std::vector<double> whole;  ///< microseconds
    std::vector<double> first;
    std::size_t errors = 0;
    std::size_t pieces = 0;  ///< of good answers
    std::size_t next = 0;    ///< number of the next request of a steady rate
    std::size_t open = 0;    ///< streams whose first piece has come, and whose end has not
    std::size_t open_max = 0;
};

double micros(SteadyClock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

SteadyClock::duration seconds(double count) {
    return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(count));
}

constexpr std::string_view content_key = R"("content":")";
// The end of the chunked body too: nothing may come behind it.
constexpr std::string_view stream_end = "data: [DONE]\n\n\r\n0\r\n\r\n";

/// Texts of an answer, in order: of its events, or the one of a whole answer. None of them holds
/// anything that JSON escapes; empty ones come with a role or an end.
std::vector<std::string_view> texts_of(std::string_view answer) {
    std::vector<std::string_view> texts;
    for (auto at = answer.find(content_key); at != std::string_view::npos;
        at = answer.find(content_key, at)) {
        at += content_key.size();
        const auto text = answer.substr(at, answer.find('"', at) - at);
        if (!text.empty()) texts.push_back(text);
    }
    return texts;
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

    /// Asks from `begin` until `end`.
    Task<void> run(SteadyClock::time_point begin, SteadyClock::time_point end) {
        co_await socket_.async_connect(
            {asio::ip::address_v4::loopback(), options_.port}, asio::use_awaitable);
        socket_.set_option(Tcp::no_delay(true));
        timer_.expires_at(begin);
        co_await timer_.async_wait(asio::use_awaitable);
        while (true) {
            auto due = SteadyClock::now();
            if (options_.rate > 0) {
                due = begin + seconds(static_cast<double>(tally_.next++) / options_.rate);
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
            if (first == SteadyClock::time_point{} && has_spoken()) {
                first = SteadyClock::now();
                tally_.open_max = std::max(tally_.open_max, ++tally_.open);
            }
        }
        const auto now = SteadyClock::now();
        if (first != SteadyClock::time_point{}) --tally_.open;
        if (!answer_.starts_with("HTTP/1.1 200") || !is_whole()) {
            if (tally_.errors++ == 0) std::fprintf(stderr, "%s\n", answer_.substr(0, 600).c_str());
            co_return;
        }
        tally_.pieces += options_.pieces;
        tally_.whole.push_back(micros(now - due));
        if (options_.stream) tally_.first.push_back(micros(first - due));
    }

    [[nodiscard]] bool has_spoken() const {
        return answer_.find(R"("content":"p)") != std::string::npos;
    }

    /// Whether every piece is there, once and in its place.
    [[nodiscard]] bool is_whole() const {
        auto texts = texts_of(answer_);
        std::size_t number = 0;
        if (options_.stream) {
            const bool in_order = std::ranges::all_of(
                texts, [&](std::string_view text) { return text == llm_piece(number++); });
            return in_order && number == options_.pieces && answer_.ends_with(stream_end);
        }
        if (texts.size() != 1) return false;
        for (; number < options_.pieces; ++number) {
            const auto piece = llm_piece(number);
            if (!texts[0].starts_with(piece)) return false;
            texts[0].remove_prefix(piece.size());
        }
        return texts[0].empty();
    }

    /// Whether `answer_` holds one whole answer; there is never a second one in it.
    [[nodiscard]] bool complete() const {
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
        } else if (name == "--spread") {
            options.spread = std::stod(value);
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
    const auto end = begin + seconds(options.spread + options.seconds);
    std::exception_ptr failure;
    for (std::size_t i = 0; i < options.connections; ++i) {
        auto& connection =
            *connections.emplace_back(std::make_unique<Connection>(io, options, tally));
        const double share = static_cast<double>(i) / static_cast<double>(options.connections);
        const auto own_begin = begin + seconds(options.spread * share);
        asio::co_spawn(io, connection.run(own_begin, end), [&](const std::exception_ptr& error) {
            if (error) {
                ++tally.errors;
                failure = error;
            }
        });
    }
    io.run();
    const double took = micros(SteadyClock::now() - begin) / 1e6;
    std::printf(R"({"requests":%zu,"errors":%zu,"pieces":%zu,"per_second":%.0f,"open_max":%zu)",
        tally.whole.size(), tally.errors, tally.pieces,
        static_cast<double>(tally.whole.size()) / took, tally.open_max);
    print_times("whole_us", std::move(tally.whole));
    if (options.stream) print_times("first_us", std::move(tally.first));
    std::puts("}");
    if (failure) std::rethrow_exception(failure);
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "llm_load: %s\n", e.what());
    return 1;
}
