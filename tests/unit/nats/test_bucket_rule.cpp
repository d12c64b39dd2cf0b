// What a bucket holds: the same for all who read its stream, and soon again the same for those who
// were shown different messages.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nats/bucket_rule.h"
#include "support/fake_jetstream.h"

namespace baton::test {
namespace {

using nats::BucketRule;
using nats::BucketWrite;

constexpr Duration ttl{3'000};

BucketWrite write(std::uint64_t revision, std::optional<std::uint64_t> expected, std::int64_t ms) {
    return {.key = "k", .value = "v", .revision = revision, .expected = expected, .stored_ms = ms};
}

std::uint64_t held(const BucketRule& rule) {
    const auto entries = rule.entries();
    return entries.empty() ? 0 : entries.front().revision;
}

TEST(BucketRule, of_two_who_want_a_free_key_the_first_gets_it) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(20, 0, 1'000)));
    EXPECT_FALSE(rule.add(write(30, 0, 1'001)));
    EXPECT_FALSE(rule.add(write(10, 0, 1'002))) << "nor one whose number is lower";
    EXPECT_EQ(held(rule), 20U);
    EXPECT_EQ(rule.last_revision(), 30U);
}

TEST(BucketRule, a_write_that_expects_what_is_there_counts_and_one_that_expects_the_past_does_not) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(10, 0, 1'000)));
    EXPECT_TRUE(rule.add(write(20, 10, 1'500)));
    EXPECT_FALSE(rule.add(write(30, 10, 1'600)));
    EXPECT_TRUE(rule.add(write(40, 20, 2'000)));
    EXPECT_EQ(held(rule), 40U);
}

TEST(BucketRule, a_write_without_an_expectation_counts_always) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(10, 0, 1'000)));
    EXPECT_TRUE(rule.add(write(20, {}, 1'001)));
    EXPECT_FALSE(rule.add(write(15, {}, 1'002))) << "one that is older came late";
}

TEST(BucketRule, what_has_expired_is_free_and_cannot_be_renewed) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(10, 0, 1'000)));
    EXPECT_FALSE(rule.add(write(20, 0, 3'999)));
    EXPECT_FALSE(rule.add(write(30, 10, 4'000)));
    EXPECT_EQ(held(rule), 0U);
    EXPECT_TRUE(rule.add(write(40, 0, 4'000)));
    EXPECT_EQ(held(rule), 40U);
}

TEST(BucketRule, a_message_that_is_seen_twice_counts_once) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(10, 0, 1'000)));
    EXPECT_TRUE(rule.add(write(20, 10, 1'100)));
    EXPECT_FALSE(rule.add(write(10, 0, 1'000)));
    EXPECT_FALSE(rule.add(write(20, 10, 1'100)));
    EXPECT_EQ(held(rule), 20U);
}

TEST(BucketRule, who_missed_a_write_believes_the_next_one) {
    BucketRule rule(ttl);
    EXPECT_TRUE(rule.add(write(10, 0, 1'000)));
    EXPECT_TRUE(rule.add(write(30, 20, 1'500))) << "its writer has seen 20";
    EXPECT_FALSE(rule.add(write(40, 10, 1'600)));
    BucketRule late(ttl);
    EXPECT_TRUE(late.add(write(30, 20, 1'500)));
    EXPECT_FALSE(late.add(write(50, 0, 1'600)));
}

TEST(BucketRule, who_slept_and_renews_what_was_long_ago_is_refused) {
    BucketRule rule(ttl);
    std::uint64_t revision = 1'000;
    EXPECT_TRUE(rule.add(write(revision, 0, 0)));
    for (int i = 1; i < 200; ++i, revision += 10) {
        ASSERT_TRUE(rule.add(write(revision + 10, revision, i * 100)));
    }
    EXPECT_FALSE(rule.add(write(revision + 10, 1'010, 20'000)));
    EXPECT_FALSE(rule.add(write(revision + 10, 1, 20'000)));
}

TEST(BucketRule, readers_who_were_shown_different_winners_agree_when_both_have_given_up) {
    BucketRule left(ttl);
    BucketRule right(ttl);
    left.add(write(10, 0, 1'000));
    right.add(write(11, 0, 1'000));
    // Both renew, and from here on all see the same.
    std::map<std::uint64_t, bool> in_left;
    std::map<std::uint64_t, bool> in_right;
    for (const auto& each : {write(20, 10, 1'750), write(21, 11, 1'751)}) {
        in_left[each.revision] = left.add(each);
        in_right[each.revision] = right.add(each);
    }
    EXPECT_TRUE(in_left[21]) << "who wrote 10 reads that another one leads";
    EXPECT_FALSE(in_right[21]) << "and who wrote 11 that his write does not count";
    EXPECT_FALSE(left.add(write(30, 0, 4'000)));
    EXPECT_FALSE(right.add(write(30, 0, 4'000)));
    EXPECT_TRUE(left.add(write(40, 0, 4'800)));
    EXPECT_TRUE(right.add(write(40, 0, 4'800)));
}

TEST(BucketRule, keys_of_those_who_have_gone_are_forgotten) {
    BucketRule rule(ttl);
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
        auto one = write(i, {}, static_cast<std::int64_t>(i) * 10);
        one.key = "daemon." + std::to_string(i);
        ASSERT_TRUE(rule.add(one));
    }
    EXPECT_LE(rule.entries().size(), 300U);
}

TEST(BucketRule, more_keys_than_it_can_hold_are_passed_over) {
    BucketRule rule(ttl);
    for (std::uint64_t i = 1; i <= 10'001; ++i) {
        auto one = write(i, {}, 1'000);
        one.key = "daemon." + std::to_string(i);
        ASSERT_EQ(rule.add(one), i <= 10'000);
    }
}

TEST(BucketWrite, is_what_its_message_says) {
    for (const auto expected : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{0},
             std::optional<std::uint64_t>{7}}) {
        const BucketWrite one{
            .key = "partition.3", .value = "{}", .revision = 9, .expected = expected};
        const FakeMessage message(5, nats::headers_of(one), one.value, 1'234);
        const auto read = nats::bucket_write_of(message);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->key, one.key);
        EXPECT_EQ(read->value, one.value);
        EXPECT_EQ(read->revision, one.revision);
        EXPECT_EQ(read->expected, one.expected);
        EXPECT_EQ(read->stored_ms, 1'234);
    }
}

TEST(BucketWrite, other_messages_are_none) {
    for (const std::string text : {"", "9", "9 -", "9 - ", "x - k", "9 x k", "-1 - k",
             "99999999999999999999 - k", "9 99999999999999999999 k"}) {
        const FakeMessage message(1, {{"Baton-Write", text}}, "v");
        EXPECT_FALSE(nats::bucket_write_of(message)) << text;
    }
    EXPECT_FALSE(nats::bucket_write_of(FakeMessage(1, {}, "v")));
}

}  // namespace
}  // namespace baton::test
