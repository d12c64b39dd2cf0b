// The checker of histories must find each fault that a queue can have, and nothing in a good one.
#include "support/history.h"

#include <functional>

#include <gtest/gtest.h>

namespace baton::test {
namespace {

HistoryTime at(int ms) { return HistoryTime{} + std::chrono::milliseconds(ms); }

/// A history in few words: times in ms; a call takes one.
struct Story {
    History history;

    Story& post(std::uint64_t number, int ms, Outcome outcome = Outcome::done,
        const std::string& key = "") {
        const auto id = outcome == Outcome::done ? "id" + std::to_string(number) : std::string();
        history.add(PostEvent{number, key, outcome, id, {at(ms), at(ms + 1)}});
        return *this;
    }
    Story& deliver(std::uint64_t number, int ms, const std::string& receipt, int lease = 1'000,
        const std::string& id = "") {
        history.add(DeliveryEvent{number, id.empty() ? "id" + std::to_string(number) : id, receipt,
            {at(ms), at(ms + 1)}, std::chrono::milliseconds(lease)});
        return *this;
    }
    Story& ack(const std::string& receipt, int ms, Outcome outcome = Outcome::done) {
        history.add(AckEvent{receipt, outcome, {at(ms), at(ms + 1)}});
        return *this;
    }
    [[nodiscard]] std::string found(bool is_drained = true) const {
        std::string all;
        for (const auto& line : history.breaches(is_drained)) all += line + "; ";
        return all;
    }
};

TEST(History, a_good_one_has_no_breaches) {
    Story story;
    story.post(1, 0, Outcome::done, "k").post(2, 5, Outcome::done, "k").post(3, 6);
    story.deliver(1, 10, "a").ack("a", 15).deliver(2, 20, "b").deliver(3, 21, "c");
    story.ack("b", 30).ack("c", 31);
    story.post(4, 40, Outcome::unknown).post(5, 41, Outcome::refused).post(6, 42, Outcome::unknown);
    story.deliver(6, 50, "d").ack("d", 60, Outcome::unknown);
    EXPECT_EQ(story.found(), "");
}

TEST(History, a_lease_that_ran_out_may_be_followed_by_another) {
    Story story;
    story.post(1, 0).deliver(1, 10, "a", 1'000).deliver(1, 1'100, "b").ack("b", 1'200);
    story.ack("a", 1'300, Outcome::refused);
    EXPECT_EQ(story.found(), "");
}

TEST(History, an_ack_without_an_answer_may_have_been_done_or_not) {
    Story done;
    done.post(1, 0).deliver(1, 10, "a").ack("a", 20, Outcome::unknown);
    EXPECT_EQ(done.found(), "");
    Story again;
    again.post(1, 0).deliver(1, 10, "a").ack("a", 20, Outcome::unknown).deliver(1, 2'000, "b");
    again.ack("b", 2'010);
    EXPECT_EQ(again.found(), "");
}

TEST(History, a_lost_message_is_found) {
    EXPECT_NE(Story().post(1, 0).found(), "");
    EXPECT_EQ(Story().post(1, 0).found(false), "");  // it may still come
}

TEST(History, a_message_that_came_back_after_its_ack_is_found) {
    Story story;
    story.post(1, 0).deliver(1, 10, "a").ack("a", 20).deliver(1, 5'000, "b");
    EXPECT_NE(story.found().find("came back"), std::string::npos);
}

TEST(History, a_doubled_post_is_found) {
    Story story;
    story.post(1, 0, Outcome::unknown).deliver(1, 10, "a", 1'000, "x").ack("a", 20);
    story.deliver(1, 30, "b", 1'000, "y").ack("b", 40);
    EXPECT_NE(story.found().find("is there 2 times"), std::string::npos);
}

TEST(History, a_refused_post_that_is_there_is_found) {
    Story story;
    story.post(1, 0, Outcome::refused).deliver(1, 10, "a").ack("a", 20);
    EXPECT_NE(story.found().find("refused and delivered"), std::string::npos);
}

TEST(History, a_message_that_nobody_posted_is_found) {
    EXPECT_NE(Story().deliver(9, 10, "a").found().find("never posted"), std::string::npos);
}

TEST(History, two_live_leases_are_found) {
    Story story;
    story.post(1, 0).deliver(1, 10, "a", 1'000).deliver(1, 100, "b").ack("b", 110);
    EXPECT_NE(story.found().find("while its lease ran"), std::string::npos);
}

TEST(History, two_acks_are_found) {
    Story story;
    story.post(1, 0).deliver(1, 10, "a", 100).deliver(1, 500, "b").ack("a", 510).ack("b", 520);
    EXPECT_NE(story.found().find("acked 2 times"), std::string::npos);
    EXPECT_NE(story.found().find("no longer the last"), std::string::npos);
}

TEST(History, a_message_that_overtakes_its_key_is_found) {
    Story before;
    before.post(1, 0, Outcome::done, "k").post(2, 5, Outcome::done, "k");
    before.deliver(2, 10, "b").ack("b", 11).deliver(1, 20, "a").ack("a", 21);
    EXPECT_NE(before.found().find("before 1 was finished"), std::string::npos);
    Story beside;
    beside.post(1, 0, Outcome::done, "k").post(2, 5, Outcome::done, "k");
    beside.deliver(1, 10, "a").deliver(2, 12, "b").ack("a", 20).ack("b", 21);
    EXPECT_NE(beside.found().find("before 1 was finished"), std::string::npos);
}

TEST(History, posts_of_a_key_at_the_same_time_have_no_order) {
    Story story;
    story.history.add(PostEvent{1, "k", Outcome::done, "id1", {at(0), at(10)}});
    story.history.add(PostEvent{2, "k", Outcome::done, "id2", {at(5), at(8)}});
    story.deliver(2, 20, "b").ack("b", 21).deliver(1, 30, "a").ack("a", 31);
    EXPECT_EQ(story.found(), "");
}

TEST(History, tells_the_longest_gap_and_the_first_post_after_a_moment) {
    Story story;
    story.post(1, 0).post(2, 100).post(3, 900, Outcome::unknown).post(4, 1'500);
    EXPECT_EQ(story.history.longest_gap(), std::chrono::milliseconds(1'400));
    EXPECT_EQ(story.history.first_post_after(at(101)), at(1'501));
    EXPECT_FALSE(story.history.first_post_after(at(2'000)));
}

}  // namespace
}  // namespace baton::test
