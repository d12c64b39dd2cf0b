// What the tries of a run say makes one text, without gap or repeat.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "model/output_text.h"

namespace baton {
namespace {

std::string read(const std::vector<std::string>& events) {
    std::string text;
    for (const auto& event : events) add_output_event(text, event);
    return text;
}

class Retold : public testing::Test {
protected:
    /// A try that says these pieces, and whether it comes to its end. Returns the events it added.
    std::vector<std::string> tell(const std::vector<std::string>& pieces, bool ends = true) {
        RetoldText retold(read(events));
        std::vector<std::string> added;
        const auto add = [&](std::vector<std::string> more) {
            added.insert(added.end(), more.begin(), more.end());
        };
        for (const auto& piece : pieces) add(retold.say(piece));
        if (ends) add(retold.end());
        events.insert(events.end(), added.begin(), added.end());
        return added;
    }

    std::vector<std::string> events;
};

using Events = std::vector<std::string>;

TEST_F(Retold, first_try_is_told_as_it_is) {
    EXPECT_EQ(tell({"one ", "", "two"}), (Events{"one ", "two"}));
}

TEST_F(Retold, same_words_are_not_told_again) {
    tell({"one ", "two"}, false);
    EXPECT_EQ(tell({"one", " two", " three"}), (Events{" three"}));
    EXPECT_EQ(read(events), "one two three");
}

TEST_F(Retold, other_words_take_back_what_differs) {
    tell({"one two"}, false);
    EXPECT_EQ(tell({"one t", "hree", " four"}), (Events{"\x18"
                                                        "5",
                                                    "hree", " four"}));
    EXPECT_EQ(read(events), "one three four");
}

TEST_F(Retold, less_is_taken_back_only_at_the_end) {
    tell({"one two"}, false);
    EXPECT_EQ(tell({"one"}, false), Events()) << "this try failed: what was told stands";
    EXPECT_EQ(tell({"one"}), (Events{"\x18"
                                     "3"}));
    EXPECT_EQ(read(events), "one");
}

TEST_F(Retold, is_taken_back_between_characters) {
    tell({"x\xC3\xA9"}, false);
    EXPECT_EQ(tell({"x\xC3\xA8"}), (Events{"\x18"
                                           "1",
                                       "\xC3\xA8"}));
}

TEST_F(Retold, model_cannot_take_back) {
    tell({"one ",
        "\x18"
        "0"});
    EXPECT_EQ(read(events), "one 0");
}

TEST(TakeBack, is_an_event_of_its_own_kind) {
    EXPECT_EQ(taken_back_to(take_back_event(42)), 42U);
    EXPECT_FALSE(taken_back_to("42"));
    EXPECT_FALSE(taken_back_to(""));
    EXPECT_FALSE(
        taken_back_to("\x18"
                      "4x"));
    std::string text = "abc";
    add_output_event(text, take_back_event(7));
    EXPECT_EQ(text, "abc") << "there is no more";
}

RC_GTEST_PROP(RetoldProperty, readers_have_what_the_last_whole_try_said, ()) {
    std::string known;
    const int tries = *rc::gen::inRange(1, 6);
    for (int i = 0; i < tries; ++i) {
        const auto words = *rc::gen::container<std::vector<std::string>>(
            rc::gen::element<std::string>("a", "ab", "é", "è", "世", ""));
        const bool ends = i + 1 == tries || *rc::gen::arbitrary<bool>();
        RetoldText retold(known);
        std::string said;
        for (const auto& word : words) {
            said += word;
            for (const auto& event : retold.say(word)) {
                add_output_event(known, event);
                RC_ASSERT(is_utf8(event));
            }
            RC_ASSERT(known.starts_with(said));
        }
        if (!ends) continue;
        for (const auto& event : retold.end()) add_output_event(known, event);
        RC_ASSERT(known == said);
    }
}

}  // namespace
}  // namespace baton
