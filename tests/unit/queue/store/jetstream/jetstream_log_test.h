// A shared log on a real nats-server whose answers a test can lose.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "nats/jetstream.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "support/queue_letters.h"
#include "support/stream_place.h"

namespace baton::test {

using queue::JetStreamLogConfig;
using queue::SharedLog;

/// What becomes of one publication.
enum class Fate {
    pass,
    lose_request,  ///< it is not sent, and nobody answers
    lose_answer,   ///< it is stored, and nobody answers
    refuse,        ///< nobody is there
};

/// The real thing, whose answers a test can lose, and one of whose streams can be away.
class FaultyJetStream final : public nats::JetStream {
public:
    using Decide = std::function<Fate()>;
    explicit FaultyJetStream(Decide decide) : decide_(std::move(decide)) {}

    std::size_t max_payload() const override { return real_->max_payload(); }
    std::string unique_name() override { return real_->unique_name(); }
    Result<void> ensure_stream(const nats::StreamConfig& config) override {
        auto one = config;
        one.replicas = 1;  // there is one server
        return real_->ensure_stream(one);
    }
    Result<nats::StreamState> state(const std::string& stream, Duration timeout) override {
        if (stream == away) return silence();
        auto state = real_->state(stream, timeout);
        const auto purge = purges_.find(is_second(stream));
        if (state && purge != purges_.end() && state->first >= purge->second) purges_.erase(purge);
        if (state) state->is_caught_up = is_caught_up;
        if (state) state->leader = leaders.at(is_second(stream) ? 1 : 0);
        return state;
    }
    Result<void> move_stream(const std::string& stream, const std::string& subject) override {
        if (stream == away) return silence();
        return real_->move_stream(stream, subject);
    }
    Result<void> find_leader() override {
        if (is_headless) return silence();
        return real_->find_leader();
    }
    Result<void> delete_stream(const std::string& stream) override {
        return real_->delete_stream(stream);
    }
    Result<void> step_down(const std::string& stream) override {
        stepped_down = stream;
        if (on_step_down) on_step_down();
        return real_->step_down(stream);
    }
    std::function<void()> on_step_down;
    std::string stepped_down;            ///< stream whose leader was asked last
    std::array<std::string, 2> leaders;  ///< of the first stream and of the second
    std::string away;                    ///< name of a stream that nobody leads
    bool is_headless = false;            ///< nobody leads the servers
    bool is_caught_up = true;            ///< as in StreamState
    std::size_t purges_of_second = 0;    ///< that were asked for
    std::string used;                    ///< subject of the publication whose fate is to be decided
    Result<std::uint64_t> publish(const nats::Publication& publication) override {
        used = publication.subject;
        EXPECT_FALSE(purges_.contains(is_second(used))) << used << " is purged meanwhile";
        if (!away.empty() && must(real_->state(away, Duration(5'000))).subjects.at(0) == used) {
            return silence();
        }
        switch (decide_()) {
            case Fate::pass: return real_->publish(publication);
            case Fate::lose_answer: static_cast<void>(real_->publish(publication)); break;
            case Fate::lose_request: break;
            case Fate::refuse: return fail(Errc::unavailable, "nobody is there");
        }
        return silence();
    }
    Result<std::unique_ptr<nats::Message>> get(
        const std::string& stream, std::uint64_t sequence) override {
        if (stream == away) return silence();
        return real_->get(stream, sequence);
    }
    Result<std::unique_ptr<nats::StreamReader>> read(
        const std::string& stream, std::uint64_t first) override {
        return real_->read(stream, first);
    }
    Result<void> ask_to_purge(const std::string& stream, std::uint64_t sequence) override {
        if (stream == away) return silence();
        if (is_second(stream)) ++purges_of_second;
        purges_[is_second(stream)] = sequence;
        return real_->ask_to_purge(stream, sequence);
    }

private:
    /// The streams of a log differ by `-b`, and so do their subjects.
    static bool is_second(std::string_view name) { return name.find("-b") != name.npos; }
    static std::unexpected<Error> silence() {
        return fail(Errc::deadline_exceeded, "nobody answers");
    }

    std::unique_ptr<nats::JetStream> real_ = StreamPlace::jetstream();
    Decide decide_;
    /// Which were asked for, of the first and the second stream, and not seen to be done.
    std::map<bool, std::uint64_t> purges_;
};

class JetStreamLogTest : public ::testing::Test {
protected:
    ~JetStreamLogTest() override { clear(); }
    void clear() const { StreamPlace::remove(stream); }

    std::unique_ptr<SharedLog> writer(
        FaultyJetStream::Decide decide = [] { return Fate::pass; },
        FaultyJetStream** server = nullptr) {
        auto jetstream = std::make_unique<FaultyJetStream>(std::move(decide));
        if (server != nullptr) *server = jetstream.get();
        return queue::make_jetstream_log(std::move(jetstream), config);
    }
    /// Puts a message into the stream past every writer.
    void publish(const nats::Headers& headers) const {
        const auto jetstream = StreamPlace::jetstream();
        const auto subject = must(jetstream->state(stream, Duration(5'000))).subjects.at(0);
        must(jetstream->publish({.subject = subject, .data = {}, .headers = headers}));
    }
    std::unique_ptr<SharedLog> owner() {
        auto log = writer();
        must(log->take_over());
        return log;
    }
    static std::map<std::uint64_t, std::string> read(SharedLog& log, std::uint64_t from = 1) {
        std::map<std::uint64_t, std::string> entries;
        must(log.read(from, [&](std::uint64_t number, std::string_view entry) -> Result<void> {
            EXPECT_TRUE(entries.emplace(number, entry).second) << number << " twice";
            return {};
        }));
        return entries;
    }
    /// What the stream holds, by a writer that takes over.
    std::map<std::uint64_t, std::string> held() { return read(*owner()); }
    static Result<void> ignore(std::uint64_t, std::string_view) { return {}; }
    static std::string entry(std::uint64_t number) {
        return std::to_string(number) + std::string(number * 7 % 50, 'x');
    }
    static void fill(SharedLog& log, std::uint64_t first, std::uint64_t last) {
        for (auto number = first; number <= last; ++number) {
            must(log.append(number, entry(number)));
        }
    }
    static std::map<std::uint64_t, std::string> entries(std::uint64_t first, std::uint64_t last) {
        std::map<std::uint64_t, std::string> all;
        for (auto number = first; number <= last; ++number) all[number] = entry(number);
        return all;
    }

    const std::string stream = "LOG_UNDER_TEST";
    JetStreamLogConfig config{.stream = stream,
        .subject = "log.under.test",
        .replicas = 1,
        .patience = Duration(10'000),
        .request_timeout = Duration(5'000)};
};

}  // namespace baton::test
