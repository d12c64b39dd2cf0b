// Baton over its WebSocket, /v1/stream: posts, consumption by credit, acks. Frames are written and
// cut by hand, as for HTTP.
#include <charconv>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "baton_http.h"

namespace baton::bench {
namespace {

/// RFC 6455 from the client's side: text frames, not fragmented.
class WebSocket final {
public:
    explicit WebSocket(const Target& target) : socket_(target.host, target.port) {
        socket_.write(
            fmt::format("GET /v1/stream HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: Bearer "
                        "{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n",
                target.host, target.port, target.key));
        const std::string status(socket_.line());
        if (status.find(" 101 ") == std::string::npos) throw Fault("no WebSocket: " + status);
        while (!socket_.line().empty()) {
        }
    }

    void write(std::string_view text) {
        frame_.clear();
        frame_ += static_cast<char>(0x81);
        if (text.size() < 126) {
            frame_ += static_cast<char>(0x80 | text.size());
        } else if (text.size() < 65'536) {
            frame_ += static_cast<char>(0x80 | 126);
            append_size(text.size(), 2);
        } else {
            frame_ += static_cast<char>(0x80 | 127);
            append_size(text.size(), 8);
        }
        frame_ += mask;
        const std::size_t begin = frame_.size();
        frame_ += text;
        for (std::size_t i = 0; i < text.size(); ++i) frame_[begin + i] ^= mask[i % mask.size()];
        socket_.write(frame_);
    }

    bool wait(int timeout_ms) { return socket_.wait(timeout_ms); }

    /// The next text. Valid until the next call.
    std::string_view read() {
        while (true) {
            const auto head = socket_.bytes(2);
            const int opcode = head[0] & 0x0F;
            std::size_t size = head[1] & 0x7F;
            if (size == 126) size = read_size(2);
            if (size == 127) size = read_size(8);
            const auto text = socket_.bytes(size);
            if (opcode == 1) return text;
            if (opcode == 8) throw Fault("the stream was closed");
        }
    }

private:
    static constexpr std::string_view mask = "mask";

    void append_size(std::size_t size, int bytes) {
        for (int i = bytes - 1; i >= 0; --i) frame_ += static_cast<char>(size >> (8 * i));
    }
    std::size_t read_size(std::size_t bytes) {
        std::size_t size = 0;
        for (const char c : socket_.bytes(bytes))
            size = (size << 8) | static_cast<unsigned char>(c);
        return size;
    }

    Socket socket_;
    std::string frame_;
};

class StreamProducer final : public Producer {
public:
    explicit StreamProducer(const Target& target) : socket_(target) {}

    void post(std::span<const std::string> bodies) override {
        text_ = R"({"id":1,"op":"post","queue":"bench","messages":[)";
        for (const auto& body : bodies) {
            text_ += R"({"content":")";
            text_ += body;
            text_ += "\"},";
        }
        text_.back() = ']';
        text_ += '}';
        socket_.write(text_);
        const auto answer = socket_.read();
        std::size_t ids = 0;
        each_text(answer, "id", [&](std::string_view) { ++ids; });
        if (ids != bodies.size()) throw Fault(fmt::format("not all got an id: {}", answer));
    }

private:
    WebSocket socket_;
    std::string text_;
};

/// Holds credit for two batches, so that the next is on its way while one is settled.
class StreamConsumer final : public Consumer {
public:
    StreamConsumer(const Target& target, std::size_t batch) : socket_(target) {
        socket_.write(
            fmt::format(R"({{"id":1,"op":"consume","queue":"bench","credit":{},"lease_ms":60000}})",
                2 * batch));
        read_until(R"({"id":1,"result")");
    }

    std::size_t take(std::size_t, const Sink& sink) override {
        while (pushed_.empty()) {
            if (!socket_.wait(100)) return 0;
            note(socket_.read());
        }
        const std::string messages = std::move(pushed_.front());
        pushed_.pop_front();
        if (!messages.starts_with(R"({"event":"messages")")) {
            throw Fault("an unexpected frame: " + messages);
        }
        std::size_t count = 0;
        each_text(messages, "content", [&](std::string_view body) {
            sink(body);
            ++count;
        });
        std::string ack = R"({"id":2,"op":"ack","receipts":[)";
        each_text(messages, "receipt",
            [&](std::string_view receipt) { ack += fmt::format("\"{}\",", receipt); });
        ack.back() = ']';
        ack += '}';
        socket_.write(ack);
        socket_.write(fmt::format(R"({{"id":3,"op":"credit","consumer":1,"add":{}}})", count));
        const auto acked = read_until(R"({"id":2,)");
        if (acked.find(fmt::format("\"acked\":{}", count)) == std::string::npos) {
            throw Fault(fmt::format("{} taken, but the answer to ack is {}", count, acked));
        }
        return count;
    }

private:
    /// Keeps what was pushed; an answer to `credit` says nothing new.
    void note(std::string_view text) {
        if (text.starts_with(R"({"event")")) pushed_.emplace_back(text);
        if (text.find("\"error\"") < 16) throw Fault(std::string(text));
    }

    /// The next text that begins so.
    std::string read_until(std::string_view begin) {
        while (true) {
            const auto text = socket_.read();
            if (text.starts_with(begin)) return std::string(text);
            note(text);
        }
    }

    WebSocket socket_;
    std::deque<std::string> pushed_;
};

class BatonStream final : public System {
public:
    explicit BatonStream(Target target) : target_(std::move(target)) {}

    void prepare() override { prepare_baton(target_); }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<StreamProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t batch) override {
        return std::make_unique<StreamConsumer>(target_, batch);
    }
    std::uint64_t held() override { return held_by_baton(target_); }

private:
    Target target_;
};

}  // namespace

std::unique_ptr<System> make_baton_stream(Target target) {
    return std::make_unique<BatonStream>(std::move(target));
}

}  // namespace baton::bench
