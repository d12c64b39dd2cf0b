// The streams of a log in memory, as all their clients see them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
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

/// What all clients see of one stream.
struct FakeStream {
    struct Sent {
        nats::Headers headers;
        std::string data;
    };
    std::vector<Sent> messages;  ///< from sequence 1 on
    std::uint64_t first = 1;
    std::string subject;                ///< empty: there is no stream
    std::vector<Sent> late;             ///< sent, and neither lost nor stored
    std::vector<std::string> moves;     ///< subjects that it may still get
    std::vector<std::uint64_t> purges;  ///< that may still happen, up to these sequences
    std::size_t silent = 0;             ///< so many calls find no leader

    std::uint64_t store(Sent sent) {
        messages.push_back(std::move(sent));
        return messages.size();
    }
    [[nodiscard]] std::uint64_t bytes() const { return (messages.size() + 1 - first) * 200; }
    void purge(std::uint64_t sequence) { first = std::max(first, sequence); }
    /// Lets one late thing happen, or none.
    void land(Choices& choices) {
        auto at = choices.pick(1 + late.size() + moves.size() + purges.size());
        if (at == 0) return;
        if (--at < late.size()) {
            store(take(late, at));
        } else if (at -= late.size(); at < moves.size()) {
            subject = take(moves, at);
        } else {
            purge(take(purges, at - moves.size()));
        }
    }
    template <class T>
    static T take(std::vector<T>& from, std::size_t at) {
        const auto place = from.begin() + static_cast<std::ptrdiff_t>(at);
        T taken = std::move(*place);
        from.erase(place);
        return taken;
    }
    [[nodiscard]] std::unique_ptr<nats::Message> message(std::uint64_t sequence) const {
        const auto& sent = messages.at(sequence - 1);
        return std::make_unique<FakeMessage>(sequence, sent.headers, sent.data);
    }
};

/// The streams `…` and `…-b`, whose subjects are called likewise.
struct FakeStreams {
    std::array<FakeStream, 2> streams;
    std::uint64_t names = 0;

    FakeStream& of(std::string_view name) {
        return streams[name.find("-b") == std::string_view::npos ? 0 : 1];
    }
};

}  // namespace baton::test
