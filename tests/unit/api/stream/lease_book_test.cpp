#include "api/stream/lease_book.h"

#include <gtest/gtest.h>

namespace baton::api::stream {
namespace {

using namespace std::chrono_literals;
using Time = LeaseBook::SteadyTime;

Receipt receipt(std::uint64_t seq, std::uint32_t attempt = 1) {
    return {.message = {.queue_uid = 1, .seq = seq}, .attempt = attempt};
}

TEST(StreamLeaseBook, a_lease_is_due_after_a_third_of_its_length_again_and_again) {
    LeaseBook book;
    const Time start{};
    EXPECT_FALSE(book.next_due());
    book.add(receipt(1), 30s, start);
    EXPECT_EQ(book.next_due(), start + 10s);
    EXPECT_TRUE(book.due(start + 9'999ms, 10).receipts.empty());
    const auto renewal = book.due(start + 10s, 10);
    EXPECT_EQ(renewal.lease, 30s);
    EXPECT_EQ(renewal.receipts, std::vector{receipt(1)});
    EXPECT_TRUE(book.due(start + 10s, 10).receipts.empty());
    EXPECT_EQ(book.next_due(), start + 20s);
}

TEST(StreamLeaseBook, renewals_are_of_one_length_and_at_most_so_many) {
    LeaseBook book;
    const Time start{};
    for (std::uint64_t seq = 1; seq <= 5; ++seq) book.add(receipt(seq), 3s, start);
    book.add(receipt(6), 6s, start);
    EXPECT_EQ(book.due(start + 10s, 3).receipts.size(), 3U);
    EXPECT_EQ(book.due(start + 10s, 3).receipts.size(), 2U);
    EXPECT_EQ(book.due(start + 10s, 3).receipts, std::vector{receipt(6)});
    EXPECT_TRUE(book.due(start + 10s, 3).receipts.empty());
}

TEST(StreamLeaseBook, what_was_settled_or_cancelled_is_not_renewed) {
    LeaseBook book;
    const Time start{};
    book.add(receipt(1), 3s, start);
    book.add(receipt(2), 4s, start);
    EXPECT_FALSE(book.remove(receipt(1, 2))) << "another delivery";
    EXPECT_EQ(book.remove(receipt(1)), Duration(3s));
    EXPECT_FALSE(book.remove(receipt(1)));
    EXPECT_EQ(book.remove(receipt(2).message), receipt(2));
    EXPECT_FALSE(book.remove(receipt(2).message));
    EXPECT_EQ(book.size(), 0U);
    EXPECT_FALSE(book.next_due());
}

TEST(StreamLeaseBook, a_later_delivery_takes_the_place_of_an_earlier_one) {
    LeaseBook book;
    const Time start{};
    book.add(receipt(1, 1), 3s, start);
    book.add(receipt(1, 2), 6s, start);
    EXPECT_EQ(book.all(), std::vector{receipt(1, 2)});
    EXPECT_EQ(book.next_due(), start + 2s);
}

}  // namespace
}  // namespace baton::api::stream
