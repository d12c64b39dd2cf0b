// What one answer carries (base/answer_budget.h), in every list of both databases: at the limit and
// a byte beyond.
#include <algorithm>

#include <fmt/core.h>

#include "base/answer_budget.h"
#include "conversations/answer_rows.h"
#include "harness.h"

namespace baton::conversations {
namespace {

constexpr std::size_t mib = 1024 * 1024;
static_assert(AnswerBudget::bytes_max == 4 * mib);

using Seqs = std::vector<std::uint64_t>;

class Budgets : public StoreTest {
protected:
    /// A message whose content, metadata and answer weigh `bytes` together.
    void add_heavy(std::uint64_t seq, std::size_t bytes, std::string content = "word ") {
        auto each = message(seq);
        each.metadata.clear();
        each.content = std::move(content);
        ASSERT_TRUE(add(each));
        auto answer = reply(seq);
        answer.content = std::string(bytes - each.content.size(), 'a');
        ASSERT_TRUE(run(store_.writer->complete(each.id, answer)).value());
    }
    Page<DialogMessage> list(PageRequest page, MessageFilter filter = {}) {
        return run(store_.conversations->list_messages(std::move(filter), std::move(page))).value();
    }
    static Seqs seqs_of(const std::vector<DialogMessage>& items) {
        Seqs seqs;
        for (const auto& each : items) seqs.push_back(each.id.seq);
        return seqs;
    }
    static Seqs seqs_of(const SearchPage<MessageHit>& page) {
        Seqs seqs;
        for (const auto& hit : page.items) seqs.push_back(hit.message.id.seq);
        return seqs;
    }
};

TEST_P(Budgets, a_page_ends_before_the_message_that_would_pass_it) {
    for (std::uint64_t seq = 1; seq <= 6; ++seq) add_heavy(seq, seq == 3 ? mib : 1'500'000);
    add_heavy(7, mib - 1);
    add_heavy(8, mib);
    add_heavy(9, mib);
    add_heavy(10, mib);
    auto page = list({.page_size = 50});
    EXPECT_EQ(seqs_of(page.items), (Seqs{10, 9, 8, 7})) << "a byte below";
    EXPECT_TRUE(page.cut);
    EXPECT_EQ(page.total, 10u);
    ASSERT_NE(page.next, "");
    page = list({.page_size = 50, .after = page.next});
    EXPECT_EQ(seqs_of(page.items), (Seqs{6, 5}));
    EXPECT_TRUE(page.cut);
    EXPECT_EQ(page.total, 10u);
    page = list({.page_size = 50, .after = page.next});
    EXPECT_EQ(seqs_of(page.items), (Seqs{4, 3, 2}));
    EXPECT_TRUE(page.cut);
    page = list({.page_size = 50, .after = page.next});
    EXPECT_EQ(seqs_of(page.items), (Seqs{1}));
    EXPECT_FALSE(page.cut);
    EXPECT_EQ(page.next, "");
}

TEST_P(Budgets, four_that_fill_it_are_a_page_and_a_byte_more_makes_it_three) {
    add_heavy(1, 10);
    for (std::uint64_t seq = 2; seq <= 5; ++seq) add_heavy(seq, mib, "w");
    EXPECT_EQ(seqs_of(list({.page_size = 50}).items), (Seqs{5, 4, 3, 2}));
    EXPECT_EQ(seqs_of(list({.page_size = 4}).items), (Seqs{5, 4, 3, 2}));
    EXPECT_FALSE(list({.page_size = 4}).cut) << "it has as many as were asked for";
    EXPECT_EQ(seqs_of(list({.page = 2, .page_size = 4}).items), (Seqs{1}));
    add_heavy(6, mib + 1, "w");
    const auto page = list({.page_size = 4});
    EXPECT_EQ(seqs_of(page.items), (Seqs{6, 5, 4}));
    EXPECT_TRUE(page.cut);
}

TEST_P(Budgets, a_message_that_is_larger_comes_alone) {
    add_heavy(1, 10);
    add_heavy(2, 5 * mib);
    add_heavy(3, 10);
    const PageRequest up{.page_size = 50, .descending = false};
    auto page = list(up);
    EXPECT_EQ(seqs_of(page.items), (Seqs{1}));
    page = list({.page_size = 50, .after = page.next, .descending = false});
    EXPECT_EQ(seqs_of(page.items), (Seqs{2}));
    EXPECT_EQ(page.items[0].reply->content.size() + page.items[0].content.size(), 5 * mib);
    page = list({.page_size = 50, .after = page.next, .descending = false});
    EXPECT_EQ(seqs_of(page.items), (Seqs{3}));
    EXPECT_EQ(page.next, "");
}

TEST_P(Budgets, every_order_and_filter_goes_on_where_it_ended) {
    for (std::uint64_t seq = 1; seq <= 12; ++seq) add_heavy(seq, 1'300'000);
    for (const auto sort : {PageRequest::Sort::created_at, PageRequest::Sort::updated_at,
             PageRequest::Sort::priority}) {
        for (const bool is_filtered : {false, true}) {
            MessageFilter filter;
            if (is_filtered) {
                filter = {.conversation_id = ConversationId("c1"),
                    .user_id = UserId("u1"),
                    .status = DialogStatus::completed};
            }
            Seqs seen;
            PageRequest request{.page_size = 7, .sort = sort};
            do {
                const auto page = list(request, filter);
                ASSERT_LE(page.items.size(), 3u);
                EXPECT_EQ(page.total, 12u);
                std::ranges::copy(seqs_of(page.items), std::back_inserter(seen));
                request.after = page.next;
            } while (!request.after.empty());
            std::ranges::sort(seen);
            EXPECT_EQ(seen, (Seqs{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
        }
    }
}

TEST_P(Budgets, bytes_that_a_database_writes_longer_lose_no_message) {
    // PostgreSQL writes a zero byte as two.
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
        add_heavy(seq, 700'000 + 10, std::string(700'000, '\0'));
    }
    Seqs seen;
    PageRequest request{.page_size = 50};
    do {
        const auto page = list(request);
        std::ranges::copy(seqs_of(page.items), std::back_inserter(seen));
        request.after = page.next;
    } while (!request.after.empty());
    EXPECT_EQ(seen, (Seqs{6, 5, 4, 3, 2, 1}));
}

TEST_P(Budgets, a_history_has_the_last_that_it_holds) {
    for (std::uint64_t seq = 1; seq <= 6; ++seq) add_heavy(seq, seq == 2 ? 5 * mib : mib);
    const auto before = [&](std::uint64_t seq) {
        return seqs_of(
            run(store_.conversations->history(ConversationId("c1"), id(seq), 100)).value());
    };
    EXPECT_EQ(before(7), (Seqs{3, 4, 5, 6}));
    EXPECT_EQ(before(3), (Seqs{2}));
    EXPECT_EQ(before(2), (Seqs{1}));
}

TEST_P(Budgets, conversations_and_users_keep_to_it_too) {
    const std::string metadata = R"({"m":")" + std::string(80'000, 'm') + R"("})";
    for (int i = 0; i < 60; ++i) {
        auto each = conversation(fmt::format("c{:02}", i));
        each.metadata = metadata;
        ASSERT_TRUE(run(store_.conversations->create(each)).value());
        ASSERT_TRUE(run(store_.users->put_user(
            {.id = UserId(fmt::format("u{:02}", i)), .metadata = metadata})));
    }
    std::size_t seen = 0;
    PageRequest request{.page_size = 100};
    do {
        const auto page = run(store_.conversations->list({}, request)).value();
        EXPECT_LE(page.items.size(), 52u);
        seen += page.items.size();
        request.after = page.next;
    } while (!request.after.empty());
    EXPECT_EQ(seen, 60u);
    const auto users = run(store_.users->list_users({}, 100)).value();
    EXPECT_EQ(users.users.size(), 52u);
    EXPECT_EQ(users.next, UserId("u51"));
    EXPECT_EQ(run(store_.users->list_users(users.next, 100)).value().users.size(), 8u);
}

TEST_P(Budgets, a_search_goes_on_where_it_ended) {
    for (std::uint64_t seq = 1; seq <= 9; ++seq) {
        add_heavy(seq, seq == 5 ? 5 * mib : 1'300'000, "needle " + std::to_string(seq));
    }
    Seqs seen;
    std::vector<std::size_t> sizes;
    SearchRequest request{.text = "needle", .page_size = 50};
    do {
        const auto page = run(store_.search->search_messages(request)).value();
        ASSERT_FALSE(page.items.empty());
        std::ranges::copy(seqs_of(page), std::back_inserter(seen));
        sizes.push_back(page.items.size());
        request.after = page.next;
    } while (!request.after.empty());
    EXPECT_EQ(seen, (Seqs{9, 8, 7, 6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 1, 1, 3, 1}));
}

TEST_P(Budgets, a_search_for_conversations_goes_on_where_it_ended) {
    for (int i = 0; i < 60; ++i) {
        auto each = conversation(fmt::format("c{:02}", i));
        each.metadata = R"({"m":")" + std::string(80'000, 'm') + R"("})";
        ASSERT_TRUE(run(store_.conversations->create(each)).value());
    }
    std::size_t seen = 0;
    SearchRequest request{.text = "about", .page_size = 100};
    do {
        const auto page = run(store_.search->search_conversations(request)).value();
        EXPECT_LE(page.items.size(), 52u);
        seen += page.items.size();
        request.after = page.next;
    } while (!request.after.empty());
    EXPECT_EQ(seen, 60u);
}

INSTANTIATE_TEST_SUITE_P(Databases, Budgets, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
