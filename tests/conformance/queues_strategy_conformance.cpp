// The Queues port on every store: the strategies in which messages leave.
#include <map>

#include "conformance/queues_test.h"

namespace baton::test {
namespace {

class Strategies : public QueuesTest {
protected:
    static QueueConfig with(Strategy strategy) {
        QueueConfig config;
        config.scheduling.strategy = strategy;
        return config;
    }
    void post_at_all_levels(int count) {
        for (int i = 0; i < count; ++i) {
            for (const Level level : {Level::low, Level::normal, Level::high, Level::realtime}) {
                post_one({.text = std::string(to_string(level)), .level = level});
            }
        }
    }
    std::map<std::string, int> counts(std::uint32_t max) {
        std::map<std::string, int> counts;
        for (const auto& text : pop_texts(max)) ++counts[text];
        return counts;
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Strategies, all_stores, store_name);

TEST_P(Strategies, levels_share_by_weight_and_none_starves) {
    make(with(Strategy::priority_weighted));
    post_at_all_levels(30);
    const std::map<std::string, int> shares{
        {"realtime", 16}, {"high", 8}, {"normal", 4}, {"low", 2}};
    EXPECT_EQ(counts(30), shares);
}

TEST_P(Strategies, level_that_was_quiet_is_next_when_it_comes) {
    make(with(Strategy::priority_weighted));
    for (int i = 0; i < 20; ++i) post_one({.text = "low", .level = Level::low});
    EXPECT_EQ(pop_texts(5), Texts(5, "low"));
    post_one({.text = "now", .level = Level::realtime});
    EXPECT_EQ(pop_texts(2), (Texts{"now", "low"}));
}

TEST_P(Strategies, weights_of_levels_can_be_set) {
    auto config = with(Strategy::priority_weighted);
    config.scheduling.level_weights = {1, 1, 1, 3};
    make(config);
    post_at_all_levels(10);
    EXPECT_EQ(counts(12),
        (std::map<std::string, int>{{"realtime", 2}, {"high", 2}, {"normal", 2}, {"low", 6}}));
}

TEST_P(Strategies, fair_keys_share_whatever_the_level) {
    make(with(Strategy::fair));
    for (int i = 1; i <= 3; ++i) {
        post_one({.text = "a" + std::to_string(i), .level = Level::realtime, .share = "a"});
    }
    post({{.text = "b1", .level = Level::low, .share = "b"},
        {.text = "b2", .level = Level::realtime, .share = "b"}});
    EXPECT_EQ(pop_texts(), (Texts{"a1", "b1", "a2", "b2", "a3"})) << "and FIFO inside a key";
}

TEST_P(Strategies, fair_keys_pass_over_what_their_level_forbids) {
    auto config = with(Strategy::fair);
    config.levels[static_cast<std::size_t>(Level::low)].max_concurrent = 1;
    make(config);
    post({{.text = "low1", .level = Level::low}, {.text = "low2", .level = Level::low},
        {.text = "high", .level = Level::high}});
    const auto popped = pop(10);
    EXPECT_EQ(texts_of(popped), (Texts{"low1", "high"}));
    EXPECT_EQ(outcome(ack(popped[0].receipt)), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"low2"}));
}

TEST_P(Strategies, earliest_deadline_goes_first_and_none_comes_last) {
    make(with(Strategy::deadline));
    post({{.text = "never", .level = Level::realtime}, {.text = "late", .ttl = Duration(3'000)},
        {.text = "soon", .level = Level::low, .ttl = Duration(1'000)},
        {.text = "then", .ttl = Duration(2'000)}});
    EXPECT_EQ(pop_texts(), (Texts{"soon", "then", "late", "never"}));
}

TEST_P(Strategies, keys_take_turns_at_one_deadline) {
    make(with(Strategy::deadline));
    std::vector<Letter> letters;
    for (const auto* text : {"a1", "a2", "a3", "b1", "b2"}) {
        letters.push_back({.text = text, .share = {text[0]}, .ttl = Duration(1'000)});
    }
    post(letters);
    EXPECT_EQ(pop_texts(), (Texts{"a1", "b1", "a2", "b2", "a3"}));
}

TEST_P(Strategies, paused_key_waits_in_each_of_them) {
    for (const auto strategy :
        {Strategy::strict, Strategy::priority_weighted, Strategy::fair, Strategy::deadline}) {
        make(with(strategy));
        must(h.run(queues().pause_key(q, KeyKind::fairness, "a", true)));
        post({{.text = "a", .share = "a", .ttl = Duration(60'000)},
            {.text = "b", .share = "b", .ttl = Duration(60'000)}});
        EXPECT_EQ(pop_texts(), (Texts{"b"}));
        must(h.run(queues().pause_key(q, KeyKind::fairness, "a", false)));
        EXPECT_EQ(pop_texts(), (Texts{"a"}));
    }
}

TEST_P(Strategies, change_while_messages_wait) {
    make();
    post({{.text = "high", .level = Level::high, .share = "a"},
        {.text = "high2", .level = Level::high, .share = "a"},
        {.text = "low", .level = Level::low, .share = "b", .ttl = Duration(5'000)},
        {.text = "line1", .order = "k"}, {.text = "line2", .order = "k"}});
    make(with(Strategy::deadline));
    EXPECT_EQ(pop_texts(1), (Texts{"low"}));
    make(with(Strategy::fair));
    EXPECT_EQ(pop_texts(2), (Texts{"high", "line1"}));
    make(with(Strategy::strict));
    EXPECT_EQ(pop_texts(), (Texts{"high2"})) << "and line2 waits for line1";
}

TEST_P(Strategies, live_on_after_reopening) {
    auto config = with(Strategy::priority_weighted);
    config.scheduling.level_weights = {1, 1, 1, 1};
    make(config);
    post_at_all_levels(2);
    h.reopen();
    EXPECT_EQ(must(h.run(queues().get_queue(q))).config.scheduling, config.scheduling);
    EXPECT_EQ(pop_texts(4), (Texts{"realtime", "high", "normal", "low"}));
}

TEST_P(Strategies, keys_share_by_what_messages_cost) {
    make(with(Strategy::fair));
    for (int i = 0; i < 100; ++i) {
        post({{.text = "dear", .share = "dear", .cost = 30},
            {.text = "cheap", .share = "cheap", .cost = 10}});
    }
    h.reopen();  // costs are of the message
    const auto shares = counts(80);
    EXPECT_NEAR(shares.at("cheap"), 60, 2);
}

TEST_P(Strategies, what_a_message_really_cost_counts) {
    make(with(Strategy::fair));
    for (int i = 0; i < 100; ++i) {
        post({{.text = "more", .share = "more", .cost = 10},
            {.text = "less", .share = "less", .cost = 10}});
    }
    std::map<std::string, int> given;
    for (int i = 0; i < 80; ++i) {
        const auto leased = take();
        const std::string text = text_of(leased.message);
        ++given[text];
        const std::uint32_t real = text == "more" ? 15 : 5;
        EXPECT_EQ(outcome(h.run(queues().charge({leased.receipt, real}))), "ok");
        EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
        if (i > 0) continue;
        EXPECT_EQ(outcome(h.run(queues().charge({leased.receipt, real}))), "lease_lost");
        EXPECT_EQ(outcome(h.run(queues().charge({leased.receipt, 0}))), "invalid_argument");
    }
    EXPECT_NEAR(given["less"], 60, 2);
}

TEST_P(Strategies, explain_counts_what_goes_first) {
    make(with(Strategy::priority_weighted));
    post_at_all_levels(20);
    const auto low = post_one({.level = Level::low});
    const auto ahead = must(h.run(queues().explain(low))).ahead;
    EXPECT_EQ(ahead, 20U + 60U) << "twenty of its level, and all others have their rounds";
    make(with(Strategy::fair));
    const auto alone = post_one({.level = Level::low, .share = "other"});
    EXPECT_LE(must(h.run(queues().explain(alone))).ahead, 1U);
    make(with(Strategy::deadline));
    const auto urgent = post_one({.level = Level::low, .ttl = Duration(1'000)});
    EXPECT_EQ(must(h.run(queues().explain(urgent))).ahead, 0U);
    EXPECT_EQ(must(h.run(queues().explain(low))).ahead, 1U + 80U + 1U);
}

}  // namespace
}  // namespace baton::test
