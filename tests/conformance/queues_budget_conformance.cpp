// What one answer carries (base/answer_budget.h), on every store: at the limit and a byte beyond.
#include <algorithm>

#include "base/answer_budget.h"
#include "conformance/log_test.h"

namespace baton::test {
namespace {

constexpr std::size_t mib = 1024 * 1024;
static_assert(AnswerBudget::bytes_max == 4 * mib);

class Budget : public LogTest {
protected:
    /// One message of each size.
    void post_sizes(const std::vector<std::size_t>& sizes) {
        std::vector<Letter> letters;
        for (const auto size : sizes) letters.push_back({.text = std::string(size, 'x')});
        post(letters);
    }
    static std::vector<std::uint64_t> seqs_of(const std::vector<LeasedMessage>& popped) {
        std::vector<std::uint64_t> seqs;
        for (const auto& leased : popped) seqs.push_back(leased.message.id.seq);
        return seqs;
    }
    static std::vector<std::uint64_t> seqs_of(const std::vector<MessageView>& views) {
        std::vector<std::uint64_t> seqs;
        for (const auto& view : views) seqs.push_back(view.id.seq);
        return seqs;
    }
    queue::MessagePage peek_page(std::uint64_t after = 0, std::uint32_t limit = 1'000) {
        return must(h.run(queues().peek({.queue = q, .after_seq = after, .limit = limit})));
    }
    static QueueConfig large_messages() { return {.max_message_size = 8 * mib}; }
};
INSTANTIATE_TEST_SUITE_P(Stores, Budget, all_stores, store_name);

using Seqs = std::vector<std::uint64_t>;

TEST_P(Budget, a_pop_leases_no_more_than_its_answer_holds) {
    make();
    post_sizes({mib, mib, mib, mib, mib});
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{1, 2, 3, 4}));
    EXPECT_EQ(stats().leased, 4);
    EXPECT_EQ(stats().ready, 1);
    const auto rest = pop(10);
    ASSERT_EQ(seqs_of(rest), (Seqs{5}));
    EXPECT_EQ(rest[0].message.attempts, 1);
    EXPECT_TRUE(pop(10).empty());
}

TEST_P(Budget, a_byte_beyond_ends_a_pop_one_message_earlier) {
    make(large_messages());
    post_sizes({mib, mib, mib, mib + 1});
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{1, 2, 3}));
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{4}));
}

TEST_P(Budget, a_larger_message_comes_alone_and_blocks_nobody) {
    make(large_messages());
    post_sizes({1, 5 * mib, 1, 1});
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{1}));
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{2}));
    EXPECT_EQ(seqs_of(pop(10)), (Seqs{3, 4}));
}

TEST_P(Budget, acks_with_the_next_pop_keep_to_it_too) {
    make();
    post_sizes({1, mib, mib, mib, mib, mib});
    const std::vector<Receipt> first{take().receipt};
    const auto both = must(h.run(queues().ack_and_pop(first, {.queue = q, .max = 10})));
    EXPECT_EQ(seqs_of(both.messages), (Seqs{2, 3, 4, 5}));
    EXPECT_EQ(stats().leased, 4);
}

TEST_P(Budget, keys_keep_their_turns_when_an_answer_ends) {
    make();
    std::vector<Letter> letters;
    for (int i = 0; i < 15; ++i) {
        const std::string key(1, static_cast<char>('a' + i % 5));
        letters.push_back({.text = std::string(mib, key[0]), .share = key});
    }
    post(letters);
    std::string keys;
    for (auto popped = pop(100); !popped.empty(); popped = pop(100)) {
        EXPECT_LE(popped.size(), 4);
        for (const auto& leased : popped) keys += leased.message.data->fairness_key;
    }
    EXPECT_EQ(keys, "abcdeabcdeabcde");
}

TEST_P(Budget, a_peek_goes_on_behind_the_last_message_of_its_page) {
    make(large_messages());
    post_sizes({mib, mib, mib, mib, 5 * mib, 1, 2 * mib, 2 * mib, 1});
    Seqs seen;
    std::vector<std::size_t> pages;
    bool more = true;
    while (more) {
        const auto page = peek_page(seen.empty() ? 0 : seen.back());
        ASSERT_FALSE(page.messages.empty());
        std::ranges::copy(seqs_of(page.messages), std::back_inserter(seen));
        pages.push_back(page.messages.size());
        more = page.more;
    }
    EXPECT_EQ(seen, (Seqs{1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(pages, (std::vector<std::size_t>{4, 1, 2, 2}));
    EXPECT_EQ(stats().ready, 9);
}

TEST_P(Budget, metadata_counts_also_after_a_restart) {
    make();
    std::vector<NewMessage> messages(65);
    for (auto& message : messages) {
        message.data.content = Bytes(std::string("x"));
        message.data.metadata = R"({"m":")" + std::string(65'000, 'm') + R"("})";
    }
    must(h.run(queues().post(q, messages)));
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        const auto page = peek_page();
        EXPECT_EQ(page.messages.size(), 64);
        EXPECT_TRUE(page.more);
        EXPECT_EQ(peek_page(64).messages.size(), 1);
    }
    EXPECT_EQ(pop(100).size(), 64);
}

TEST_P(Budget, a_fetch_goes_on_behind_the_last_message_of_its_answer) {
    make_log(large_messages());
    post_sizes({mib, mib, mib, mib, 5 * mib, 1, 1});
    must(subscribe());
    EXPECT_EQ(seqs_of(must(try_fetch({.max = 100}))), (Seqs{1, 2, 3, 4}));
    EXPECT_EQ(seqs_of(must(try_fetch({.after = 4, .max = 100}))), (Seqs{5}));
    EXPECT_EQ(seqs_of(must(try_fetch({.after = 5, .max = 100}))), (Seqs{6, 7}));
}

TEST_P(Budget, output_is_read_in_pages_and_ends_with_the_last) {
    make(large_messages());
    post_one();
    const auto leased = take();
    const MessageId id = leased.message.id;
    std::vector<std::size_t> sizes{mib, mib, mib, mib, 5 * mib, 1, 1};
    for (const auto size : sizes) {
        std::vector<Bytes> one(1, Bytes(std::string(size, 'o')));
        must(h.run(queues().append_output(leased.receipt, one)));
    }
    must(ack(leased.receipt));
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        std::vector<std::size_t> pages;
        OutputPage page;
        while (!page.ended && pages.size() < 10) {
            page = must(h.run(queues().read_output({.message = id, .from = page.next})));
            pages.push_back(page.events.size());
        }
        EXPECT_EQ(page.next, sizes.size());
        // Those that are in memory and those of the store come in answers of their own.
        EXPECT_EQ(*std::ranges::max_element(pages), 4);
        EXPECT_GE(pages.size(), 3);
    }
}

TEST_P(Budget, dead_letters_go_to_another_queue_in_portions_that_fit) {
    make();
    const QueueName other{"other"};
    must(h.run(queues().put_queue(other, {})));
    post_sizes(std::vector<std::size_t>(9, mib));
    for (int i = 0; i < 9; ++i) {
        must(nack({.receipt = take().receipt, .reason = "no", .blame = queue::Blame::fatal}));
    }
    EXPECT_EQ(must(h.run(queues().redrive({.queue = q, .target = other}))), 9);
    EXPECT_EQ(must(h.run(queues().stats(other))).ready, 9);
    EXPECT_EQ(stats().dead, 0);
}

}  // namespace
}  // namespace baton::test
