#include <gtest/gtest.h>

#include "llm/shared_books.h"
#include "support/fake_clock.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

class LimitShare : public testing::Test {
protected:
    Now now() const { return {clock.steady_now(), clock.now()}; }
    static LimitBook shared(const Limits& limits) {
        LimitBook book(limits);
        book.share();
        return book;
    }
    Duration wait(LimitBook& book, const Need& need = {}) {
        return std::chrono::ceil<Duration>(
            book.admits_at(need, now(), now().steady + 50ms) - now().steady);
    }
    bool has_share(LimitBook& book, const Need& need = {}) {
        return book.has_share(need, now().steady);
    }
    test::FakeClock clock;
};

TEST_F(LimitShare, nothing_may_be_taken_before_it_is_allowed_and_after_its_time) {
    auto book = shared({.requests_per_minute = 3});
    EXPECT_EQ(wait(book), 0ms) << "it may be asked for";
    EXPECT_FALSE(has_share(book));
    book.allow(LimitKind::requests, 2);
    book.allow_until(now().steady + 2s);
    EXPECT_TRUE(has_share(book));
    clock.advance(1'999ms);
    EXPECT_TRUE(has_share(book));
    clock.advance(1ms);
    EXPECT_FALSE(has_share(book));
}

TEST_F(LimitShare, what_is_in_use_stays_so_when_the_share_gets_smaller) {
    auto book = shared({.concurrency = 5, .requests_per_minute = 5});
    book.allow(LimitKind::concurrency, 5);
    book.allow(LimitKind::requests, 5);
    book.allow_until(now().steady + 2s);
    for (int i = 0; i < 3; ++i) book.reserve({}, now());
    book.lower(LimitKind::concurrency, 1, 1, now().steady);
    book.lower(LimitKind::requests, 9, 5, now().steady);
    EXPECT_EQ(book.use(LimitKind::concurrency, now().steady).may, 1U);
    EXPECT_EQ(book.use(LimitKind::concurrency, now().steady).in_use, 3U);
    EXPECT_EQ(book.use(LimitKind::requests, now().steady).may, 5U) << "lowering raises nothing";
    EXPECT_FALSE(has_share(book));
    for (int i = 0; i < 3; ++i) book.settle({}, {}, now().steady, now());
    EXPECT_TRUE(has_share(book));
}

TEST_F(LimitShare, what_waits_is_told_until_something_is_taken_or_nobody_asks_any_more) {
    auto book = shared({.output_tokens_per_minute = 1'000});
    const auto use = [&] { return book.use(LimitKind::output_tokens, now().steady); };
    EXPECT_EQ(use().want, 0U);
    EXPECT_FALSE(book.awaits());
    book.want({.output_tokens = 30}, now().steady);
    clock.advance(200ms);
    book.want({.output_tokens = 20}, now().steady);
    EXPECT_EQ(use().unit, 30U);
    EXPECT_EQ(use().want, 125U) << "an eighth of the limit to begin with";
    EXPECT_EQ(use().waited, 200ms);
    clock.advance(1s);
    EXPECT_EQ(use().unit, 0U);
    EXPECT_EQ(use().want, 0U);
    EXPECT_TRUE(book.awaits());
    book.reserve({.output_tokens = 50}, now());
    EXPECT_FALSE(book.awaits());
    EXPECT_EQ(use().want, 50U) << "as much again as was taken lately";
    clock.advance(2s);
    EXPECT_EQ(use().want, 0U);
}

TEST_F(LimitShare, says_when_what_is_in_use_leaves_the_minute) {
    auto book = shared({.requests_per_minute = 100});
    const auto leaving = [&] { return book.use(LimitKind::requests, now().steady).leaving; };
    for (int i = 0; i < 3; ++i) book.reserve({}, now());
    EXPECT_EQ(leaving().back(), 3U);
    clock.advance(25s);
    book.reserve({}, now());
    EXPECT_EQ(leaving(), (std::array<std::uint64_t, 6>{0, 0, 0, 3, 0, 1}));
    clock.advance(35s);
    EXPECT_EQ(leaving(), (std::array<std::uint64_t, 6>{3, 0, 1, 0, 0, 0}));
    clock.advance(1s);
    EXPECT_EQ(leaving(), (std::array<std::uint64_t, 6>{0, 0, 1, 0, 0, 0}));
}

TEST_F(LimitShare, what_is_larger_than_the_limit_needs_all_of_it) {
    auto book = shared({.output_tokens_per_minute = 100});
    book.allow_until(now().steady + 2s);
    book.allow(LimitKind::output_tokens, 99);
    EXPECT_FALSE(has_share(book, {.output_tokens = 500}));
    book.allow(LimitKind::output_tokens, 100);
    EXPECT_TRUE(has_share(book, {.output_tokens = 500}));
    book.reserve({.output_tokens = 1}, now());
    EXPECT_FALSE(has_share(book, {.output_tokens = 500}));
}

TEST_F(LimitShare, says_when_to_come_by_what_it_could_come_to) {
    auto book = shared({.requests_per_minute = 10});
    book.reserve({}, now());
    book.lower(LimitKind::requests, 1, 1, now().steady);
    EXPECT_GE(wait(book), 60s) << "others have the rest";
    EXPECT_EQ(book.rooms(now().steady).requests.left, 0U);
    book.lower(LimitKind::requests, 1, 4, now().steady);
    EXPECT_EQ(wait(book), 0ms);
    EXPECT_EQ(book.rooms(now().steady).requests.left, 3U);
    EXPECT_EQ(book.rooms(now().steady).requests.limit, 10U);
    book.lower(LimitKind::requests, 1, 0, now().steady);
    EXPECT_EQ(wait(book), 500ms) << "nothing at all: look again soon";
    clock.advance(1s);
    EXPECT_EQ(wait(book), 0ms) << "old news: it is asked for";
}

TEST_F(LimitShare, books_that_others_have_too_are_known_by_scope_name_and_kind) {
    LimitBook model({.concurrency = 2});
    LimitBook money({.cost_per_day = 5});
    SharedBooks books;
    books.add("model", "gpt 4", model);
    books.add("tenant", "acme", money);
    EXPECT_TRUE(books.uses(now().steady).empty());
    EXPECT_TRUE(money.has_share({}, now().steady)) << "money is not shared";
    books.allow({{.key = "concurrency model gpt 4", .may = 1}, {.key = "other", .may = 1}},
        now().steady + 2s);
    EXPECT_TRUE(has_share(model));
    ASSERT_EQ(books.uses(now().steady).size(), 1U);
    EXPECT_EQ(books.uses(now().steady)[0].key, "concurrency model gpt 4");
    EXPECT_EQ(books.uses(now().steady)[0].use.limit, 2U);
    books.allow({}, now().steady + 2s);
    EXPECT_FALSE(has_share(model)) << "what is not named is not allowed";
}

}  // namespace
}  // namespace baton::llm
