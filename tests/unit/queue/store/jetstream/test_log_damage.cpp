// What the streams of a log have lost, or never held, is reported.
#include <gmock/gmock.h>

#include "jetstream_log_test.h"
#include "queue/store/jetstream/stored_part.h"
#include "support/eventually.h"

namespace baton::test {
namespace {

using queue::jetstream::StoredPart;
using ::testing::HasSubstr;
using LogDamage = JetStreamLogTest;

TEST_F(LogDamage, a_message_that_is_none_of_ours_is_reported) {
    fill(*owner(), 1, 3);
    publish({{"Some-Header", "intruder"}});
    const auto taken = writer()->take_over();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::storage_corrupt);
}

TEST_F(LogDamage, what_is_missing_is_reported) {
    for (const bool is_entry : {true, false}) {
        auto log = owner();
        fill(*log, 1, 3);
        EXPECT_FALSE(log->append(5, "there is no 4"));
        const StoredPart far{
            .epoch = 2, .position = is_entry ? 4U : 5U, .number = is_entry ? 5U : 4U, .count = 1};
        publish(queue::jetstream::headers_of(far));
        const auto next = writer();
        const auto taken = next->take_over();
        // An entry that is left out may stand in the other stream.
        const auto found = is_entry && taken ? next->read(1, ignore) : fail(taken.error());
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, Errc::storage_corrupt);
        EXPECT_THAT(found.error().detail,
            HasSubstr(is_entry ? "entry 4 is missing" : "part 5 of epoch 2, where 4 belongs"));
        clear();
    }
}

TEST_F(LogDamage, a_stream_that_was_lost_is_reported) {
    config.patience = Duration(300);
    for (const bool is_second : {false, true}) {
        auto log = owner();
        fill(*log, 1, 3);
        const auto jetstream = StreamPlace::jetstream();
        must(jetstream->delete_stream(is_second ? stream + "-b" : stream));
        const auto looked = writer()->look();
        ASSERT_FALSE(looked);
        EXPECT_EQ(looked.error().code, Errc::not_found);
        const auto taken = writer()->take_over();
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, Errc::storage_corrupt);
        EXPECT_THAT(taken.error().detail,
            HasSubstr(is_second ? "LOG_UNDER_TEST-b is empty" : "LOG_UNDER_TEST is empty"));
        clear();
    }
}

TEST_F(LogDamage, oldest_entries_that_are_gone_and_were_not_let_go_are_reported) {
    fill(*owner(), 1, 5);
    const auto server = StreamPlace::jetstream();
    must(server->ask_to_purge(stream, 5));
    ASSERT_TRUE(
        eventually([&] { return must(server->state(stream, Duration(5'000))).first == 5; }));
    auto log = owner();
    EXPECT_EQ(must(log->look()).first, 1U);
    log = owner();
    const auto all = log->read(1, ignore);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::storage_corrupt);
    EXPECT_THAT(all.error().detail, HasSubstr("entry 1 is missing"));
}

TEST_F(LogDamage, a_gap_that_is_far_back_is_found_when_it_is_read) {
    fill(*owner(), 1, 3);
    publish(queue::jetstream::headers_of({.epoch = 2, .position = 5, .number = 4, .count = 1}));
    // As if it had been known to count.
    publish(queue::jetstream::headers_of(
        {.epoch = 3, .position = 0, .expected = 7, .number = 4, .count = 0}));
    auto log = owner();
    const auto all = log->read(1, ignore);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::storage_corrupt);
}

TEST_F(LogDamage, a_stream_that_is_no_log_of_this_version_is_refused) {
    must(StreamPlace::jetstream()->ensure_stream({.name = stream, .subject = config.subject}));
    const auto taken = writer()->take_over();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::storage_corrupt);
    EXPECT_THAT(taken.error().detail, HasSubstr("not a log of this version"));
}

}  // namespace
}  // namespace baton::test
