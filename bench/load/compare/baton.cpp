// Baton over HTTP/1.1: NDJSON posts, pop and ack. The answers are cut out by hand, as a client that
// knows the shape would.
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "baton_http.h"

namespace baton::bench {
namespace {

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

/// Acks what it took before with the next pop; what is left when it goes, by itself.
class BatonAckPopConsumer final : public Consumer {
public:
    explicit BatonAckPopConsumer(const Target& target) : http_(target) {}
    ~BatonAckPopConsumer() override {
        if (receipts_.empty()) return;
        try {
            http_.call("POST", "/ack", "application/json",
                fmt::format(R"({{"receipts":[{}]}})", receipts_));
        } catch (const Fault&) {  // the messages are still there, and are found when counted
        }
    }

    std::size_t take(std::size_t max, const Sink& sink) override {
        const auto answer = http_.call("POST", "/pop", "application/json",
            fmt::format(
                R"({{"max":{},"lease_ms":60000,"wait_ms":100,"ack":[{}]}})", max, receipts_));
        if (answer.find(fmt::format("\"acked\":{}", held_)) == std::string_view::npos) {
            throw Fault(fmt::format("{} were to be acked, but the answer is {}", held_, answer));
        }
        held_ = 0;
        each_text(answer, "content", [&](std::string_view body) {
            sink(body);
            ++held_;
        });
        receipts_.clear();
        each_text(answer, "receipt", [&](std::string_view receipt) {
            receipts_ += fmt::format("{}\"{}\"", receipts_.empty() ? "" : ",", receipt);
        });
        return held_;
    }

private:
    Http http_;
    std::string receipts_;  // of the last take, as JSON
    std::size_t held_ = 0;
};

class Baton final : public System {
public:
    Baton(Target target, bool acks_with_pop)
        : target_(std::move(target)), acks_with_pop_(acks_with_pop) {}

    void prepare() override { prepare_baton(target_); }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<BatonProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        if (acks_with_pop_) return std::make_unique<BatonAckPopConsumer>(target_);
        return std::make_unique<BatonConsumer>(target_);
    }
    std::uint64_t held() override { return held_by_baton(target_); }

private:
    Target target_;
    bool acks_with_pop_;
};

}  // namespace

void prepare_baton(const Target& target) {
    Http(target).call("PUT", "", "application/json",
        fmt::format(R"({{"durability":"{}"}})", target.durability == "lazy" ? "relaxed" : "fsync"));
}

std::uint64_t held_by_baton(const Target& target) {
    Http http(target);
    const auto stats = http.call("GET", "/stats", "application/json", "");
    constexpr std::string_view mark = "\"message_count\":";
    const auto at = stats.find(mark);
    if (at == std::string_view::npos) throw Fault("stats without message_count");
    std::uint64_t count = 0;
    std::from_chars(stats.data() + at + mark.size(), stats.data() + stats.size(), count);
    return count;
}

std::unique_ptr<System> make_baton(Target target) {
    return std::make_unique<Baton>(std::move(target), false);
}

std::unique_ptr<System> make_baton_ack_pop(Target target) {
    return std::make_unique<Baton>(std::move(target), true);
}

}  // namespace baton::bench
