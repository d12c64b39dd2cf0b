// The shared log on a real nats-server: one writer, nothing lost, nothing twice, whatever becomes
// of the answers.
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "jetstream_log_test.h"

namespace baton::test {
namespace {

using ::testing::HasSubstr;

TEST_F(JetStreamLogTest, a_new_log_is_empty) {
    auto log = writer();
    EXPECT_FALSE(log->append(1, "not ours yet"));
    const auto bounds = must(log->take_over());
    EXPECT_EQ(bounds.last, 0U);
    EXPECT_TRUE(read(*log).empty());
}

TEST_F(JetStreamLogTest, the_next_owner_reads_all_that_was_appended) {
    fill(*owner(), 1, 40);
    auto next = writer();
    const auto bounds = must(next->take_over());
    EXPECT_EQ(bounds.first, 1U);
    EXPECT_EQ(bounds.last, 40U);
    EXPECT_EQ(read(*next), entries(1, 40));
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
    int left = 6;  // the claims, and two of five parts
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

/// The one that is not written is purged, and is written then.
TEST_F(JetStreamLogTest, what_is_released_makes_the_streams_change_places) {
    config.tend_interval = Duration(0);
    config.purge_step = 100;
    auto log = owner();
    for (std::uint64_t number = 1; number <= 300; ++number) {
        must(log->append(number, entry(number)));
        if (number % 10 == 0) must(log->release_before(number - 5));
    }
    fill(*log, 301, 301);  // it is an entry that says what may go
    const auto server = StreamPlace::jetstream();
    for (const auto* end : {"", "-b"}) {
        const auto state = must(server->state(stream + end, Duration(5'000)));
        EXPECT_GT(state.last, 50U) << end;
        EXPECT_LT(state.last - state.first, 150U) << end;
    }
    EXPECT_EQ(held(), entries(295, 301));
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
    config.exposed_interval = Duration(0);
    FaultyJetStream* server = nullptr;
    auto log = writer([] { return Fate::pass; }, &server);
    must(log->take_over());
    const std::string large(1'000, 'x');
    for (std::uint64_t number = 1; number <= 60; ++number) must(log->append(number, large));
    server->away = stream;
    for (std::uint64_t number = 61; number <= 200; ++number) {
        if (number % 10 == 0) must(log->release_before(number - 5));
        must(log->append(number, large));
    }
    // It may take 200,000 bytes in all then, of which 100,000 count.
    server->away.clear();
    const auto written = must(StreamPlace::jetstream()->state(stream + "-b", Duration(5'000)));
    EXPECT_LT(written.bytes, 80'000U);
    EXPECT_EQ(held().size(), 6U);
}

/// Much sooner than streams are looked after that are well.
TEST_F(JetStreamLogTest, a_stream_that_was_away_is_used_again_and_led_by_another_server) {
    config.replicas = 3;
    config.tend_interval = Duration(3'600'000);
    config.exposed_interval = Duration(0);
    FaultyJetStream* server = nullptr;
    auto log = writer([] { return Fate::pass; }, &server);
    int asked = 0;
    server->on_step_down = [&] { ++asked; };
    must(log->take_over());
    server->away = stream + "-b";
    fill(*log, 1, 5);
    server->leaders = {"n1", "n1"};
    server->is_caught_up = false;
    server->away.clear();
    fill(*log, 6, 7);
    EXPECT_EQ(asked, 0);
    server->is_caught_up = true;
    fill(*log, 8, 9);
    EXPECT_EQ(asked, 1);
    server->away = stream;
    fill(*log, 10, 11);
    server->away.clear();
    EXPECT_EQ(held(), entries(1, 11));
}

TEST_F(JetStreamLogTest, it_is_told_while_one_of_the_streams_is_away) {
    config.exposed_interval = config.tend_interval = Duration(0);
    int told = 0;
    config.on_trouble = [&] { ++told; };
    FaultyJetStream* server = nullptr;
    auto log = writer([] { return Fate::pass; }, &server);
    must(log->take_over());
    fill(*log, 1, 3);
    EXPECT_EQ(told, 0);
    server->away = stream + "-b";
    fill(*log, 4, 4);
    EXPECT_EQ(told, 0) << "one answer may be late";
    fill(*log, 5, 6);
    EXPECT_EQ(told, 2) << "with each look";
    server->away.clear();
    fill(*log, 7, 8);
    EXPECT_EQ(told, 2);
    server->away = stream;
    fill(*log, 9, 9);
    EXPECT_GT(told, 2) << "also of the one that was written";
    server->away.clear();
    EXPECT_EQ(held(), entries(1, 9));
}

/// Until it is done nothing could be added.
TEST_F(JetStreamLogTest,
    what_is_written_is_purged_when_it_is_nearly_full_and_somebody_leads_the_servers) {
    config.max_bytes = 40'000;
    config.purge_step = 1'000;
    config.exposed_interval = Duration(0);
    FaultyJetStream* server = nullptr;
    auto log = writer([] { return Fate::pass; }, &server);
    must(log->take_over());
    const std::string large(1'000, 'x');
    const auto append = [&](std::uint64_t first, std::uint64_t last) {
        for (auto number = first; number <= last; ++number) {
            must(log->append(number, large));
            must(log->release_before(number - 5));
        }
    };
    for (std::uint64_t number = 1; number <= 10; ++number) must(log->append(number, large));
    server->away = stream;
    server->purges_of_second = 0;
    append(11, 30);  // they take 24 KB
    EXPECT_EQ(server->purges_of_second, 0U);
    server->is_headless = true;
    append(31, 60);
    EXPECT_EQ(server->purges_of_second, 0U);
    server->is_headless = false;
    append(61, 61);
    EXPECT_EQ(server->purges_of_second, 1U);
    server->away.clear();
    EXPECT_EQ(held().size(), 7U);
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
    config.deafness_max = Duration(100);
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

/// Whoever leads after it has to be given time.
TEST_F(JetStreamLogTest, leaders_that_stay_silent_are_asked_to_step_down_ever_more_seldom) {
    config.deafness_max = Duration(100);
    config.patience = Duration(2'500);
    bool is_silent = false;
    FaultyJetStream* server = nullptr;
    auto log = writer([&] { return is_silent ? Fate::lose_request : Fate::pass; }, &server);
    must(log->take_over());
    is_silent = true;
    std::map<std::string, int> asked;
    server->on_step_down = [&] { ++asked[server->stepped_down]; };
    EXPECT_FALSE(log->append(1, entry(1)));
    for (const auto& [name, count] : asked) {
        EXPECT_GE(count, 2) << name;
        EXPECT_LE(count, 5) << name << ": 100 ms, 200, 400, and 800 from then on";
    }
    EXPECT_EQ(asked.size(), 2U);
}

}  // namespace
}  // namespace baton::test
