// A stream in memory under several clients, whose server and network do their worst: answers and
// requests are lost, what was sent arrives late, twice, or on a subject that is none any more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/jetstream.h"

namespace baton::test {

/// What happens, where several things may.
class Choices {
public:
    virtual ~Choices() = default;
    /// One of `count`.
    virtual std::size_t pick(std::size_t count) = 0;
    /// Which one of so many others goes on in place of who is at it; 0: none.
    virtual std::size_t turn(std::size_t others) = 0;
    /// One of `count` mishaps, or, mostly, 0.
    virtual std::size_t mishap(std::size_t count) = 0;
};

class FakeMessage final : public nats::Message {
public:
    FakeMessage(
        std::uint64_t sequence, nats::Headers headers, std::string data, std::int64_t stored_ms = 0)
        : sequence_(sequence),
          headers_(std::move(headers)),
          data_(std::move(data)),
          stored_ms_(stored_ms) {}
    std::uint64_t sequence() const override { return sequence_; }
    std::string_view data() const override { return data_; }
    std::string_view header(const char* name) const override {
        for (const auto& [key, value] : headers_) {
            if (key == name) return value;
        }
        return {};
    }
    std::int64_t stored_ms() const override { return stored_ms_; }

private:
    std::uint64_t sequence_;
    nats::Headers headers_;
    std::string data_;
    std::int64_t stored_ms_;
};

/// What all clients see.
struct FakeStream {
    struct Sent {
        nats::Headers headers;
        std::string data;
    };
    std::vector<Sent> messages;  ///< from sequence 1 on
    std::uint64_t first = 1;
    std::string subject;             ///< empty: there is no stream
    std::vector<Sent> late;          ///< sent, and neither lost nor stored
    std::vector<std::string> moves;  ///< subjects that it may still get
    std::uint64_t names = 0;

    std::uint64_t store(Sent sent) {
        messages.push_back(std::move(sent));
        return messages.size();
    }
    /// Lets one late thing happen, or none.
    void land(Choices& choices) {
        const auto at = choices.pick(1 + late.size() + moves.size());
        if (at == 0) return;
        if (at <= late.size()) {
            const auto landed = late.begin() + static_cast<std::ptrdiff_t>(at - 1);
            store(*landed);
            late.erase(landed);
        } else {
            const auto moved = moves.begin() + static_cast<std::ptrdiff_t>(at - 1 - late.size());
            subject = *moved;
            moves.erase(moved);
        }
    }
    [[nodiscard]] std::unique_ptr<nats::Message> message(std::uint64_t sequence) const {
        const auto& sent = messages.at(sequence - 1);
        return std::make_unique<FakeMessage>(sequence, sent.headers, sent.data);
    }
};

class FakeReader final : public nats::StreamReader {
public:
    FakeReader(FakeStream& stream, std::uint64_t next) : stream_(stream), next_(next) {}
    Result<std::unique_ptr<nats::Message>> next(Duration) override {
        if (next_ < stream_.first) return fail(Errc::storage_corrupt, "a message is missing");
        if (next_ > stream_.messages.size()) return fail(Errc::deadline_exceeded, "no message");
        return stream_.message(next_++);
    }

private:
    FakeStream& stream_;
    std::uint64_t next_;
};

/// One client. `turn` is called where others may come between.
class FakeJetStream final : public nats::JetStream {
public:
    FakeJetStream(FakeStream& stream, Choices& choices, std::function<void()> turn)
        : stream_(stream), choices_(choices), turn_(std::move(turn)) {}

    std::size_t max_payload() const override { return 1'000'000; }
    std::string unique_name() override { return std::to_string(++stream_.names); }
    Result<void> ensure_stream(const nats::StreamConfig& config) override {
        turn_();
        if (stream_.subject.empty()) stream_.subject = config.subject;
        return {};
    }
    Result<nats::StreamState> state(const std::string&, Duration) override {
        turn_();
        nats::StreamState state{
            .first = stream_.first, .last = stream_.messages.size(), .subjects = {stream_.subject}};
        switch (choices_.mishap(2)) {
            case 1: return silence();
            case 2: state.last = std::max(state.last, stream_.first) - 1; break;  // of a moment ago
            default: break;
        }
        turn_();
        return state;
    }
    Result<void> move_stream(const std::string&, const std::string& subject) override {
        turn_();
        switch (choices_.mishap(3)) {
            case 1: return silence();
            case 2: stream_.moves.push_back(subject); return silence();
            case 3: stream_.subject = subject; return silence();
            default: stream_.subject = subject; return {};
        }
    }
    Result<void> delete_stream(const std::string&) override { return {}; }
    Result<void> step_down(const std::string&) override { return {}; }
    Result<std::uint64_t> publish(const nats::Publication& publication) override {
        turn_();
        if (publication.subject != stream_.subject) return fail(Errc::unavailable, "nobody");
        FakeStream::Sent sent{publication.headers, std::string(publication.data)};
        switch (choices_.mishap(5)) {
            case 1: return silence();
            case 2: stream_.late.push_back(sent); return silence();
            case 3: stream_.store(sent); return silence();
            case 4: stream_.late.push_back(sent); break;  // and once more, some time
            case 5: return fail(Errc::unavailable, "nobody");
            default: break;
        }
        const auto sequence = stream_.store(std::move(sent));
        turn_();
        return sequence;
    }
    Result<std::unique_ptr<nats::Message>> get(
        const std::string&, std::uint64_t sequence) override {
        turn_();
        const bool is_there = sequence >= stream_.first && sequence <= stream_.messages.size();
        if (!is_there) return fail(Errc::not_found, "no message");
        return stream_.message(sequence);
    }
    Result<std::unique_ptr<nats::StreamReader>> read(
        const std::string&, std::uint64_t first) override {
        turn_();
        return std::make_unique<FakeReader>(stream_, first);
    }
    Result<void> purge_before(const std::string&, std::uint64_t sequence) override {
        turn_();
        stream_.first = std::max(stream_.first, sequence);
        return {};
    }

private:
    static std::unexpected<Error> silence() {
        return fail(Errc::deadline_exceeded, "nobody answers");
    }

    FakeStream& stream_;
    Choices& choices_;
    std::function<void()> turn_;
};

}  // namespace baton::test
