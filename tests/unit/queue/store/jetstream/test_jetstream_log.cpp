// The shared log on a real nats-server: one writer, nothing lost, nothing twice, whatever becomes
// of the answers.
#include <functional>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nats/jetstream.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/jetstream/stored_part.h"
#include "support/queue_letters.h"
#include "support/stream_place.h"

namespace baton::test {
namespace {

using queue::JetStreamLogConfig;
using queue::SharedLog;
using queue::jetstream::StoredPart;
using ::testing::HasSubstr;

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
        return real_->ensure_stream(config);
    }
    Result<nats::StreamState> state(const std::string& stream, Duration timeout) override {
        if (stream == away) return silence();
        return real_->state(stream, timeout);
    }
    Result<void> move_stream(const std::string& stream, const std::string& subject) override {
        if (stream == away) return silence();
        return real_->move_stream(stream, subject);
    }
    Result<void> delete_stream(const std::string& stream) override {
        return real_->delete_stream(stream);
    }
    Result<void> step_down(const std::string& stream) override {
        if (on_step_down) on_step_down();
        return real_->step_down(stream);
    }
    std::function<void()> on_step_down;
    std::string away;  ///< name of a stream that nobody leads
    std::string used;  ///< subject of the publication whose fate is to be decided
    Result<std::uint64_t> publish(const nats::Publication& publication) override {
        used = publication.subject;
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
    Result<void> purge_before(const std::string& stream, std::uint64_t sequence) override {
        if (stream == away) return silence();
        return real_->purge_before(stream, sequence);
    }

private:
    static std::unexpected<Error> silence() {
        return fail(Errc::deadline_exceeded, "nobody answers");
    }

    std::unique_ptr<nats::JetStream> real_ = StreamPlace::jetstream();
    Decide decide_;
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

TEST_F(JetStreamLogTest, a_new_log_is_empty) {
    auto log = writer();
    EXPECT_FALSE(log->append(1, "not ours yet"));
    const auto bounds = must(log->take_over());
    EXPECT_EQ(bounds.last, 0U);
    EXPECT_TRUE(read(*log).empty());
}

TEST_F(JetStreamLogTest, the_next_owner_reads_all_that_was_appended) {
    fill(*owner(), 5, 40);
    auto next = writer();
    const auto bounds = must(next->take_over());
    EXPECT_EQ(bounds.first, 5U);
    EXPECT_EQ(bounds.last, 40U);
    EXPECT_EQ(read(*next), entries(5, 40));
    EXPECT_EQ(read(*next, 17), entries(17, 40));
    EXPECT_TRUE(read(*next, 41).empty());
}

TEST_F(JetStreamLogTest, many_owners_in_a_row_leave_one_log) {
    for (std::uint64_t i = 1; i <= 20; ++i) {
        auto log = owner();
        if (i % 3 != 0) continue;
        const auto from = (i / 3 - 1) * 4 + 1;
        fill(*log, from, from + 3);
    }
    EXPECT_EQ(held(), entries(1, 24));
    EXPECT_EQ(read(*owner(), 11), entries(11, 24));
}

TEST_F(JetStreamLogTest, whoever_took_over_last_writes) {
    auto first = owner();
    fill(*first, 1, 3);
    auto second = owner();
    const auto refused = first->append(4, "of the first");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::storage_io);
    EXPECT_THAT(refused.error().detail, HasSubstr("another daemon"));
    fill(*second, 4, 6);
    EXPECT_FALSE(first->append(4, "of the first"));
    EXPECT_EQ(held(), entries(1, 6));
}

TEST_F(JetStreamLogTest, two_that_begin_a_log_at_once_are_one_after_the_other) {
    auto first = owner();
    auto second = owner();
    EXPECT_FALSE(first->append(1, "of the first"));
    fill(*second, 1, 2);
    EXPECT_EQ(held(), entries(1, 2));
}

TEST_F(JetStreamLogTest, a_large_entry_is_cut_and_put_together) {
    config.message_size_max = 100;
    auto log = owner();
    const std::string large(100 * 7 + 1, 'l');
    const std::string exact(100 * 3, 'e');
    must(log->append(1, large));
    must(log->append(2, exact));
    must(log->append(3, ""));
    const std::map<std::uint64_t, std::string> expected{{1, large}, {2, exact}, {3, ""}};
    EXPECT_EQ(held(), expected);
    EXPECT_EQ(read(*owner(), 2).size(), 2U);
}

TEST_F(JetStreamLogTest, an_entry_as_large_as_the_server_allows_goes_in_parts) {
    auto log = owner();
    const std::string large(5'000'000, 'x');
    must(log->append(1, large));
    EXPECT_EQ(held().at(1), large);
}

/// Publications of an owner that appends 1 to 4, the second of them in parts, and loses its `n`-th
/// publication in the way of `fate`.
TEST_F(JetStreamLogTest, lost_answers_lose_and_double_nothing) {
    config.message_size_max = 20;
    for (const auto fate : {Fate::lose_request, Fate::lose_answer, Fate::refuse}) {
        for (int n = 1;; ++n) {
            int count = 0;
            auto log = writer([&] { return ++count == n ? fate : Fate::pass; });
            must(log->take_over());
            fill(*log, 1, 4);
            EXPECT_EQ(read(*owner()), entries(1, 4)) << n;
            clear();
            if (count < n) break;
        }
    }
}

TEST_F(JetStreamLogTest, an_outage_is_unknown_or_refused_by_whether_anything_was_sent) {
    for (const auto fate : {Fate::lose_request, Fate::refuse}) {
        bool is_out = false;
        config.patience = Duration(300);
        auto log = writer([&] { return is_out ? fate : Fate::pass; });
        config.patience = Duration(10'000);
        must(log->take_over());
        fill(*log, 1, 2);
        is_out = true;
        const auto lost = log->append(3, entry(3));
        is_out = false;
        ASSERT_FALSE(lost);
        if (fate == Fate::refuse) {
            EXPECT_EQ(lost.error().code, Errc::unavailable);
            fill(*log, 3, 4);  // nothing was written, so it goes on
            EXPECT_EQ(held(), entries(1, 4));
        } else {
            EXPECT_EQ(lost.error().code, Errc::storage_io);
            EXPECT_FALSE(log->append(3, entry(3)));
            EXPECT_EQ(held(), entries(1, 2));
        }
        clear();
    }
}

TEST_F(JetStreamLogTest, an_entry_whose_writer_ended_in_the_middle_never_was) {
    config.message_size_max = 10;
    int left = 3;  // the claim, and two of five parts
    config.patience = Duration(300);
    auto log = writer([&] { return left-- > 0 ? Fate::pass : Fate::lose_request; });
    config.patience = Duration(10'000);
    must(log->take_over());
    EXPECT_FALSE(log->append(1, std::string(50, 'a')));
    EXPECT_TRUE(held().empty());
    auto next = owner();
    const std::string other(35, 'b');
    must(next->append(1, other));
    must(next->append(2, other));
    const std::map<std::uint64_t, std::string> expected{{1, other}, {2, other}};
    EXPECT_EQ(held(), expected);
}

TEST_F(JetStreamLogTest, what_is_released_goes_and_the_rest_stays) {
    auto log = owner();
    fill(*log, 1, 30);
    must(log->release_before(12));
    must(log->release_before(5));  // has gone already
    fill(*log, 31, 33);
    auto next = writer();
    const auto bounds = must(next->take_over());
    EXPECT_EQ(bounds.first, 12U);
    EXPECT_EQ(read(*next), entries(12, 33));
    must(next->release_before(33));
    fill(*next, 34, 34);
    EXPECT_EQ(held(), entries(33, 34));
}

TEST_F(JetStreamLogTest, a_full_stream_refuses_and_goes_on_when_there_is_room) {
    config.max_bytes = 20'000;
    auto log = owner();
    const std::string large(1'000, 'x');
    std::uint64_t last = 0;
    Error error;
    while (last < 100) {
        const auto added = log->append(last + 1, large);
        if (!added) {
            error = added.error();
            break;
        }
        ++last;
    }
    EXPECT_EQ(error.code, Errc::storage_full) << to_string(error);
    ASSERT_GT(last, 3U);
    must(log->release_before(last));
    must(log->append(last + 1, large));
    EXPECT_EQ(held().size(), 2U);
}

TEST_F(JetStreamLogTest, what_a_stream_that_is_away_has_kept_does_not_fill_the_log) {
    config.max_bytes = 100'000;
    FaultyJetStream* server = nullptr;
    auto log = writer([] { return Fate::pass; }, &server);
    must(log->take_over());
    const std::string large(1'000, 'x');
    for (std::uint64_t number = 1; number <= 60; ++number) must(log->append(number, large));
    server->away = stream;
    for (std::uint64_t number = 61; number <= 200; ++number) {
        must(log->release_before(number - 5));
        must(log->append(number, large));
    }
    // It may take 200,000 bytes in all then, of which 100,000 count.
    server->away.clear();
    EXPECT_EQ(held().size(), 6U);
}

TEST_F(JetStreamLogTest, a_message_that_is_none_of_ours_is_reported) {
    fill(*owner(), 1, 3);
    publish({{"Some-Header", "intruder"}});
    const auto taken = writer()->take_over();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::storage_corrupt);
}

TEST_F(JetStreamLogTest, what_is_missing_is_reported) {
    for (const bool is_entry : {true, false}) {
        auto log = owner();
        fill(*log, 1, 3);
        EXPECT_FALSE(log->append(5, "there is no 4"));
        const StoredPart far{
            .epoch = 1, .position = is_entry ? 4U : 5U, .number = is_entry ? 5U : 4U, .count = 1};
        publish(queue::jetstream::headers_of(far));
        const auto next = writer();
        const auto taken = next->take_over();
        // An entry that is left out may stand in the other stream.
        const auto found = is_entry && taken ? next->read(1, ignore) : fail(taken.error());
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, Errc::storage_corrupt);
        EXPECT_THAT(found.error().detail,
            HasSubstr(is_entry ? "entry 4 is missing" : "part 5 of epoch 1, where 4 belongs"));
        clear();
    }
}

TEST_F(JetStreamLogTest, a_gap_that_is_far_back_is_found_when_it_is_read) {
    fill(*owner(), 1, 3);
    publish(queue::jetstream::headers_of({.epoch = 1, .position = 5, .number = 4, .count = 1}));
    // As if it had been known to count.
    publish(queue::jetstream::headers_of(
        {.epoch = 2, .position = 0, .expected = 6, .number = 4, .count = 0}));
    auto log = owner();
    const auto all = log->read(1, ignore);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::storage_corrupt);
}

TEST_F(JetStreamLogTest, a_stream_that_is_no_log_of_this_version_is_refused) {
    must(StreamPlace::jetstream()->ensure_stream({.name = stream, .subject = config.subject}));
    const auto taken = writer()->take_over();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::storage_corrupt);
    EXPECT_THAT(taken.error().detail, HasSubstr("not a log of this version"));
}

/// What nats-server 2.9 does not survive is a second publication where one is unanswered.
TEST_F(JetStreamLogTest, nothing_follows_an_unanswered_message_on_its_subject) {
    std::set<std::string> spent;
    int count = 0;
    FaultyJetStream* server = nullptr;
    auto log = writer(
        [&] {
            EXPECT_FALSE(spent.contains(server->used)) << server->used;
            if (++count % 3 != 0) return Fate::pass;
            spent.insert(server->used);
            return count % 2 == 0 ? Fate::lose_answer : Fate::lose_request;
        },
        &server);
    must(log->take_over());
    fill(*log, 1, 12);
    EXPECT_GT(spent.size(), 3U);
    EXPECT_EQ(held(), entries(1, 12));
}

TEST_F(JetStreamLogTest, a_subject_that_nobody_listens_on_for_long_is_left) {
    std::string deaf;
    FaultyJetStream* server = nullptr;
    auto log = writer([&] { return server->used == deaf ? Fate::refuse : Fate::pass; }, &server);
    must(log->take_over());
    must(log->append(1, entry(1)));
    deaf = server->used;
    must(log->append(2, entry(2)));
    EXPECT_NE(server->used, deaf);
    EXPECT_EQ(held(), entries(1, 2));
}

TEST_F(JetStreamLogTest, a_leader_that_stays_silent_is_asked_to_step_down) {
    bool is_silent = false;
    FaultyJetStream* server = nullptr;
    auto log = writer([&] { return is_silent ? Fate::lose_request : Fate::pass; }, &server);
    must(log->take_over());
    is_silent = true;
    server->on_step_down = [&] { is_silent = false; };
    must(log->append(1, entry(1)));
    EXPECT_FALSE(is_silent);
    EXPECT_EQ(held(), entries(1, 1));
}

}  // namespace
}  // namespace baton::test
