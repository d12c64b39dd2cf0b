// Search by text: what is found, in which order, and that no text is ever taken for an operator.
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

#include "conversations/search_query.h"
#include "harness.h"
#include "runtime/task_group.h"

namespace baton::conversations {
namespace {

using Found = std::vector<std::string>;

class Searching : public StoreTest {
protected:
    void say(std::uint64_t seq, std::string content, const std::string& conversation = "c1") {
        auto each = message(seq, conversation);
        each.content = std::move(content);
        add(each);
    }
    void answer(std::uint64_t seq, std::string content) {
        auto given = reply(seq);
        given.content = std::move(content);
        ASSERT_TRUE(run(store_.writer->complete(id(seq), given)).value());
    }
    Result<SearchPage<MessageHit>> search(SearchRequest request) {
        return run(store_.search->search_messages(std::move(request)));
    }
    /// "3" for a question, "3a" for an answer; all pages.
    Found found(SearchRequest request) {
        Found all;
        while (true) {
            const auto page = search(request);
            EXPECT_TRUE(page) << request.text << ": " << to_string(page.error());
            if (!page) return all;
            for (const auto& hit : page->items) {
                all.push_back(std::to_string(hit.message.id.seq) + (hit.is_answer ? "a" : ""));
            }
            if (page->next.empty()) return all;
            request.after = page->next;
        }
    }
    /// The next text is the first of that block, or the second.
    void begin_block(std::int64_t block) {
        const auto sql =
            GetParam() == test::DatabaseKind::postgres
                ? fmt::format(
                      "SELECT setval(pg_get_serial_sequence('message_places', 'place'), {})",
                      first_place_of(block))
                : fmt::format("INSERT INTO message_places VALUES ({}, '{}', 7)",
                      first_place_of(block), id(1).text());
        EXPECT_TRUE(plain_->connect().value()->execute_script(
            "DELETE FROM message_places WHERE is_answer = 7;" + sql));
    }
    Found found(std::string text) { return found(SearchRequest{.text = std::move(text)}); }
    Found conversations(std::string text) {
        Found all;
        const auto page = run(store_.search->search_conversations({.text = std::move(text)}));
        for (const auto& each : page.value().items) all.push_back(each.id.text);
        return all;
    }
};

TEST_P(Searching, finds_questions_and_answers_the_last_first) {
    say(1, "The quick brown fox");
    say(2, "A slow fox, brown");
    answer(1, "Foxes are quick");
    EXPECT_EQ(found("fox"), (Found{"2", "1"}));
    EXPECT_EQ(found("FOX brown"), (Found{"2", "1"}));
    EXPECT_EQ(found("fox*"), (Found{"1a", "2", "1"}));
    EXPECT_EQ(found("quick fox"), (Found{"1"})) << "all words in one text";
    EXPECT_EQ(found("fo"), Found{});
    EXPECT_EQ(found("nothing"), Found{});
}

TEST_P(Searching, knows_accents_and_other_scripts) {
    say(1, "Zürich, Übergrößenträger");
    say(2, "Привет мир");
    EXPECT_EQ(found("zurich"), (Found{"1"}));
    EXPECT_EQ(found("ÜBERGRÖßENTRÄGER"), (Found{"1"}));
    EXPECT_EQ(found("мир"), (Found{"2"}));
}

TEST_P(Searching, signs_beyond_ascii_end_words) {
    say(1, "“quoted” word—dash it’s fine… 5€");
    say(2, "a\u00a0b\u2028c");
    for (const char* text : {"quoted", "word dash", "it’s fine", "5", "QUOTED da*"}) {
        EXPECT_EQ(found(text), (Found{"1"})) << text;
    }
    EXPECT_EQ(found("a b c"), (Found{"2"}));
}

TEST_P(Searching, pages_and_filters) {
    for (std::uint64_t seq = 1; seq <= 9; ++seq) say(seq, "word", seq % 3 == 0 ? "c3" : "c1");
    const Found all{"9", "8", "7", "6", "5", "4", "3", "2", "1"};
    EXPECT_EQ(found(SearchRequest{.text = "word", .page_size = 1}), all);
    EXPECT_EQ(found(SearchRequest{.text = "word", .page_size = 4}), all);
    EXPECT_EQ(found(SearchRequest{.text = "word", .conversation_id = ConversationId("c3")}),
        (Found{"9", "6", "3"}));
    EXPECT_EQ(found(SearchRequest{.text = "word", .user_id = UserId("nobody")}), Found{});
    const auto next = search({.text = "word", .page_size = 1})->next;
    EXPECT_EQ(search({.text = "other", .after = next}).error().field, "after");
    EXPECT_EQ(search({.text = "word", .page_size = 0}).error().field, "page_size");
    EXPECT_EQ(search({.text = ""}).error().field, "q");
    EXPECT_EQ(search({.text = std::string(513, 'x')}).error().field, "q");
}

TEST_P(Searching, a_page_ends_after_so_many_finds_that_are_left_out) {
    for (std::uint64_t seq = 1; seq <= SearchLimits::scan_max + 1; ++seq) {
        say(seq, "word", seq == 1 ? "first" : "c1");
    }
    SearchRequest request{.text = "word", .conversation_id = ConversationId("first")};
    const auto page = search(request).value();
    EXPECT_TRUE(page.items.empty());
    ASSERT_FALSE(page.next.empty());
    EXPECT_EQ(found(request), (Found{"1"}));
}

TEST_P(Searching, finds_texts_of_all_blocks_the_last_first) {
    Found all;
    for (const std::int64_t block : {0, 1, 2, 3, 9, 40, 41}) {
        const auto seq = static_cast<std::uint64_t>(2 * block + 1);
        if (block != 0) begin_block(block);
        say(seq, "it's word" + std::to_string(seq) + (block == 9 ? " rare" : " common"));
        say(seq + 1, "it's word" + std::to_string(seq + 1) + " common");
        all.insert(all.begin(), {std::to_string(seq + 1), std::to_string(seq)});
    }
    for (const std::uint32_t size : {1U, 3U, 14U, 100U}) {
        EXPECT_EQ(found(SearchRequest{.text = "word*", .page_size = size}), all);
        EXPECT_EQ(found(SearchRequest{.text = "it's w*", .page_size = size}), all);
    }
    EXPECT_EQ(found("rare"), (Found{"19"}));
    EXPECT_EQ(found("word1"), (Found{"1"}));
    EXPECT_EQ(found("word1*"), (Found{"19", "1"}));
    EXPECT_EQ(found("common word8*"), (Found{"84", "83", "82", "81", "8"}));
    std::string many;
    for (int i = 0; i < 60; ++i) many += "common ";
    EXPECT_EQ(found("word1 " + many), (Found{"1"})) << "32 words, in 32 blocks a statement";
    EXPECT_EQ(found("0*"), Found{}) << "the marks are no words";
    EXPECT_EQ(found("00000word1"), Found{});
    ASSERT_TRUE(complete(19));
    ASSERT_TRUE(run(store_.keeper->delete_message(id(19))));
    EXPECT_EQ(found("rare"), Found{});
    EXPECT_EQ(found("word19"), Found{});
}

TEST_P(Searching, a_page_ends_after_so_many_blocks) {
    say(1, "alpha");
    begin_block(SearchLimits::blocks_max - 1);
    say(2, "beta");
    EXPECT_EQ(search({.text = "alpha"})->items.size(), 1u);
    begin_block(SearchLimits::blocks_max + 100);
    say(3, "beta");
    const auto page = search({.text = "alpha"}).value();
    EXPECT_TRUE(page.items.empty());
    EXPECT_NE(page.next, "");
    EXPECT_EQ(found("alpha"), (Found{"1"}));
    EXPECT_EQ(found("beta"), (Found{"3", "2"}));
}

TEST_P(Searching, forgets_what_is_gone) {
    say(1, "alpha");
    say(2, "alpha");
    answer(1, "beta");
    ASSERT_TRUE(run(store_.keeper->delete_message(id(1))));
    EXPECT_EQ(found("alpha"), (Found{"2"}));
    EXPECT_EQ(found("beta"), Found{});
    ASSERT_TRUE(run(store_.keeper->remove(ConversationId("c1"), start)));
    EXPECT_EQ(found("alpha"), Found{}) << "hidden at once";
    ASSERT_TRUE(run(store_.keeper->purge(ConversationId("c1"), 100, start + Duration(1))));
    say(3, "alpha");
    EXPECT_EQ(found("alpha"), (Found{"3"})) << "places of others are no longer theirs";
}

TEST_P(Searching, knows_what_came_and_went_in_one_transaction) {
    say(1, "alpha");
    for (std::uint64_t round = 0; round < 5; ++round) {
        const std::uint64_t first = 10 + 10 * round;
        const auto write_all = [&]() -> Task<void> {
            TaskGroup group(co_await asio::this_coro::executor);
            for (std::uint64_t seq = first; seq < first + 3; ++seq) {
                group.spawn([&, seq]() -> Task<void> {
                    auto each = message(seq);
                    each.content = "alpha";
                    const auto added = co_await store_.conversations->add_message(each);
                    EXPECT_TRUE(added.value());
                });
                group.spawn([&, seq]() -> Task<void> {
                    auto given = reply(seq);
                    given.content = "beta";
                    const auto answered = co_await store_.writer->complete(id(seq), given);
                    EXPECT_TRUE(answered.value());
                });
            }
            group.spawn([&, first]() -> Task<void> {
                const auto deleted = co_await store_.keeper->delete_message(id(first + 1));
                EXPECT_TRUE(deleted) << to_string(deleted.error());
            });
            const auto cancelled = co_await group.drain(Deadline::never());
            EXPECT_EQ(cancelled, 0u);
        };
        run(write_all());
    }
    EXPECT_EQ(
        found("alpha"), (Found{"52", "50", "42", "40", "32", "30", "22", "20", "12", "10", "1"}));
    EXPECT_EQ(found("beta"),
        (Found{"52a", "50a", "42a", "40a", "32a", "30a", "22a", "20a", "12a", "10a"}));
}

TEST_P(Searching, finds_conversations_that_get_and_lose_their_title) {
    add(message(1, "c1"));
    auto row = conversation("c2");
    ASSERT_TRUE(run(store_.conversations->create(row)).value());
    EXPECT_EQ(conversations("about*"), (Found{"c2"}));
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c2"), {.title = ""}, start)));
    EXPECT_EQ(conversations("about*"), Found{});
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c1"), {.title = "About one"}, start)));
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c2"), {.context = "about two"}, start)));
    EXPECT_EQ(conversations("about*"), (Found{"c2", "c1"}));
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c1"), {.title = "About 1"}, start)));
    EXPECT_EQ(conversations("about*"), (Found{"c2", "c1"})) << "each keeps its place";
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c1"), {.title = ""}, start)));
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c2"), {.context = ""}, start)));
    EXPECT_EQ(conversations("about*"), Found{});
}

TEST_P(Searching, finds_conversations_by_title_and_context) {
    auto row = conversation("c1");
    row.title = "Trip to Rome";
    row.context = "Vegetarian";
    ASSERT_TRUE(run(store_.conversations->create(row)).value());
    EXPECT_EQ(conversations("rome vegetarian"), (Found{"c1"}));
    ASSERT_TRUE(run(store_.keeper->change(ConversationId("c1"), {.title = "Naples"}, start)));
    EXPECT_EQ(conversations("rome"), Found{});
    EXPECT_EQ(conversations("naples veg*"), (Found{"c1"}));
    ASSERT_TRUE(run(store_.keeper->remove(ConversationId("c1"), start)));
    EXPECT_EQ(conversations("naples"), Found{});
    ASSERT_TRUE(run(store_.keeper->purge(ConversationId("c1"), 100, start + Duration(1))));
    EXPECT_EQ(run(store_.keeper->removed(ConversationId(""), 10))->size(), 0u);
}

TEST_P(Searching, takes_any_text_for_text) {
    say(1, "AND OR NOT NEAR body a b c");
    const char* const texts[] = {"\"", "\"\"\"", "'", "' OR 1=1 --", "*", "**", "a*b*", "^a", "-a",
        "body:a", "{body title}: a", "NEAR(a b, 5)", "AND", "a AND", "NOT a", "(", ")", "a + b",
        "\\", "%", "?", "$1", ":x", "\x01\x02", "a\tb\nc", "\xff\xfe", "\xc3", "—", "😀", "…*",
        "\"a\" \"", "a\"b", "''''", "\xed\xa0\x80"};
    for (const std::string text : texts) {
        EXPECT_TRUE(search({.text = text})) << text;
        EXPECT_TRUE(run(store_.search->search_conversations({.text = text}))) << text;
    }
    EXPECT_TRUE(search({.text = std::string("a\0b", 3)}));
    EXPECT_EQ(found("AND NEAR"), (Found{"1"})) << "words like others";
    EXPECT_EQ(found("body:a"), (Found{"1"})) << "one word: body and a, side by side";
    EXPECT_EQ(found("body:c"), Found{});
    std::string many;
    for (int i = 0; i < 250; ++i) many += "a ";
    EXPECT_EQ(found(many), (Found{"1"}));
}

TEST(MatchText, quotes_words_for_each_database) {
    EXPECT_EQ(match_text("sqlite", R"(say "hi"* now* * !)"), R"("say" """hi"""* "now"*)");
    EXPECT_EQ(match_text("postgres", R"(it's a\b c*)"), R"('it''s' & 'a\\b' & 'c':*)");
    EXPECT_EQ(match_text("sqlite", "  \x01 ... "), "");
}

TEST(MatchText, asks_for_the_words_in_each_block) {
    EXPECT_EQ(
        match_text_in_blocks("a b*", {31, 32}), R"(("00020a" "00020b"*) OR ("0001fa" "0001fb"*))");
}

TEST(Blocks, are_looked_at_from_the_newest_in_growing_ranges) {
    std::optional<BlockRange> range = BlockRange{100, 100};
    std::vector<BlockRange> all;
    for (; range; range = older_blocks(*range, 32)) all.push_back(*range);
    EXPECT_EQ(all, (std::vector<BlockRange>{{100, 100}, {98, 99}, {94, 97}, {86, 93}, {70, 85},
                       {38, 69}, {6, 37}, {0, 5}}));
    EXPECT_EQ(block_of(first_place_of(7)), 7);
    EXPECT_EQ(block_of(first_place_of(7) - 1), 6);
}

INSTANTIATE_TEST_SUITE_P(Databases, Searching, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
