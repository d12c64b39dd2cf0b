// Baton over HTTP/1.1: NDJSON posts, pop and ack. The answers are cut out by hand, as a client that
// knows the shape would.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "socket.h"
#include "system.h"

namespace baton::bench {
namespace {

constexpr std::string_view queue_path = "/v1/queues/bench";

class Http final {
public:
    explicit Http(const Target& target)
        : socket_(target.host, target.port),
          fields_(fmt::format("Host: {}:{}\r\nAuthorization: Bearer {}\r\n", target.host,
              target.port, target.key)) {}

    /// The body of the answer; valid until the next call.
    std::string_view call(std::string_view method, std::string_view path, std::string_view type,
        std::string_view body) {
        request_.clear();
        fmt::format_to(std::back_inserter(request_),
            "{} {}{} HTTP/1.1\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}", method,
            queue_path, path, fields_, type, body.size(), body);
        socket_.write(request_);
        const int status = read_status();
        const auto answer = socket_.bytes(read_length());
        if (status >= 300) throw Fault(fmt::format("{} {}: {} {}", method, path, status, answer));
        return answer;
    }

private:
    int read_status() {
        const auto line = socket_.line();
        int status = 0;
        if (line.size() > 12) std::from_chars(line.data() + 9, line.data() + 12, status);
        return status;
    }

    std::size_t read_length() {
        std::size_t length = 0;
        for (auto line = socket_.line(); !line.empty(); line = socket_.line()) {
            constexpr std::string_view name = "content-length: ";
            if (line.size() <= name.size() || (line[8] | 0x20) != 'l') continue;
            if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
            std::from_chars(line.data() + name.size(), line.data() + line.size(), length);
        }
        return length;
    }

    Socket socket_;
    std::string fields_;
    std::string request_;
};

/// Calls `found` with each text that stands in quotes after `"name":`; values hold no escapes.
template <class Found>
void each_text(std::string_view json, std::string_view name, const Found& found) {
    const std::string mark = fmt::format("\"{}\":\"", name);
    for (auto at = json.find(mark); at != std::string_view::npos; at = json.find(mark, at)) {
        at += mark.size();
        const auto end = json.find('"', at);
        found(json.substr(at, end - at));
        at = end;
    }
}

class BatonProducer final : public Producer {
public:
    explicit BatonProducer(const Target& target) : http_(target) {}

    void post(std::span<const std::string> bodies) override {
        text_.clear();
        for (const auto& body : bodies) {
            text_ += R"({"content":")";
            text_ += body;
            text_ += "\"}\n";
        }
        const auto answer = http_.call("POST", "/messages", "application/x-ndjson", text_);
        std::size_t ids = 0;
        each_text(answer, "id", [&](std::string_view) { ++ids; });
        if (ids != bodies.size()) throw Fault("not every message got an id");
    }

private:
    Http http_;
    std::string text_;
};

class BatonConsumer final : public Consumer {
public:
    explicit BatonConsumer(const Target& target) : http_(target) {}

    std::size_t take(std::size_t max, const Sink& sink) override {
        const auto popped = http_.call("POST", "/pop", "application/json",
            fmt::format(R"({{"max":{},"lease_ms":60000,"wait_ms":100}})", max));
        std::size_t count = 0;
        each_text(popped, "content", [&](std::string_view body) {
            sink(body);
            ++count;
        });
        if (count == 0) return 0;
        std::string receipts = R"({"receipts":[)";
        each_text(popped, "receipt",
            [&](std::string_view receipt) { receipts += fmt::format("\"{}\",", receipt); });
        receipts.back() = ']';
        receipts += '}';
        const auto acked = http_.call("POST", "/ack", "application/json", receipts);
        if (acked.find(fmt::format("\"acked\":{}", count)) == std::string_view::npos) {
            throw Fault(fmt::format("{} taken, but the answer to ack is {}", count, acked));
        }
        return count;
    }

private:
    Http http_;
};

class Baton final : public System {
public:
    explicit Baton(Target target) : target_(std::move(target)) {}

    void prepare() override {
        Http(target_).call("PUT", "", "application/json",
            fmt::format(
                R"({{"durability":"{}"}})", target_.durability == "lazy" ? "relaxed" : "fsync"));
    }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<BatonProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        return std::make_unique<BatonConsumer>(target_);
    }
    std::uint64_t held() override {
        Http http(target_);
        const auto stats = http.call("GET", "/stats", "application/json", "");
        constexpr std::string_view mark = "\"message_count\":";
        const auto at = stats.find(mark);
        if (at == std::string_view::npos) throw Fault("stats without message_count");
        std::uint64_t count = 0;
        std::from_chars(stats.data() + at + mark.size(), stats.data() + stats.size(), count);
        return count;
    }

private:
    Target target_;
};

}  // namespace

std::unique_ptr<System> make_baton(Target target) {
    return std::make_unique<Baton>(std::move(target));
}

}  // namespace baton::bench
