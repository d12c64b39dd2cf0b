// A client of the two streams of a log in memory, beside others, whose server and network do their
// worst: answers and requests are lost, what was sent arrives late, twice, or on a subject that is
// none any more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "nats/jetstream.h"
#include "support/fake_stream.h"

namespace baton::test {

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
    FakeJetStream(FakeStreams& streams, Choices& choices, std::function<void()> turn)
        : streams_(streams), choices_(choices), turn_(std::move(turn)) {}

    std::size_t max_payload() const override { return 1'000'000; }
    std::string unique_name() override { return std::to_string(++streams_.names); }
    Result<void> ensure_stream(const nats::StreamConfig& config) override {
        turn_();
        auto& stream = streams_.of(config.name);
        if (stream.subject.empty()) stream.subject = config.subject;
        return {};
    }
    Result<nats::StreamState> state(const std::string& name, Duration) override {
        turn_();
        auto& stream = streams_.of(name);
        if (is_silent(stream)) return silence();
        nats::StreamState state{.first = stream.first,
            .last = stream.messages.size(),
            .bytes = stream.bytes(),
            .subjects = {stream.subject}};
        switch (choices_.mishap(2)) {
            case 1: return silence();
            case 2: state.last = std::max(state.last, stream.first) - 1; break;  // of a moment ago
            default: break;
        }
        turn_();
        return state;
    }
    Result<void> move_stream(const std::string& name, const std::string& subject) override {
        turn_();
        auto& stream = streams_.of(name);
        switch (choices_.mishap(3)) {
            case 1: return silence();
            case 2: stream.moves.push_back(subject); return silence();
            case 3: stream.subject = subject; return silence();
            default: stream.subject = subject; return {};
        }
    }
    Result<void> find_leader() override {
        turn_();
        if (choices_.mishap(1) == 1) return silence();
        return {};
    }
    Result<void> delete_stream(const std::string&) override { return {}; }
    Result<void> step_down(const std::string&) override { return {}; }
    Result<std::uint64_t> publish(const nats::Publication& publication) override {
        turn_();
        auto& stream = streams_.of(publication.subject);
        if (publication.subject != stream.subject) return fail(Errc::unavailable, "nobody");
        FakeStream::Sent sent{publication.headers, std::string(publication.data)};
        if (is_silent(stream)) return silence();
        switch (choices_.mishap(7)) {
            case 1: return silence();
            case 2: stream.late.push_back(sent); return silence();
            case 3: stream.store(sent); return silence();
            case 4: stream.late.push_back(sent); break;  // and once more, some time
            case 5: return fail(Errc::unavailable, "nobody");
            case 6:
                stream.late.push_back(sent);
                stream.silent = silence_length;
                return silence();
            case 7: return fail(Errc::storage_full, "no room");
            default: break;
        }
        const auto sequence = stream.store(std::move(sent));
        turn_();
        return sequence;
    }
    Result<std::unique_ptr<nats::Message>> get(
        const std::string& name, std::uint64_t sequence) override {
        turn_();
        auto& stream = streams_.of(name);
        if (is_silent(stream)) return silence();
        const bool is_there = sequence >= stream.first && sequence <= stream.messages.size();
        if (!is_there) return fail(Errc::not_found, "no message");
        return stream.message(sequence);
    }
    Result<std::unique_ptr<nats::StreamReader>> read(
        const std::string& name, std::uint64_t first) override {
        turn_();
        return std::make_unique<FakeReader>(streams_.of(name), first);
    }
    Result<void> ask_to_purge(const std::string& name, std::uint64_t sequence) override {
        turn_();
        auto& stream = streams_.of(name);
        switch (choices_.mishap(2)) {
            case 1: return {};  // it is lost, and nobody says so
            case 2: stream.purges.push_back(sequence); return {};
            default: stream.purge(sequence); return {};
        }
    }

private:
    static constexpr std::size_t silence_length = 5;

    static bool is_silent(FakeStream& stream) {
        if (stream.silent == 0) return false;
        --stream.silent;
        return true;
    }
    static std::unexpected<Error> silence() {
        return fail(Errc::deadline_exceeded, "nobody answers");
    }

    FakeStreams& streams_;
    Choices& choices_;
    std::function<void()> turn_;
};

}  // namespace baton::test
