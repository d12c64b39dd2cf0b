// Ids, receipts and the names of enum values as text.
#include <algorithm>
#include <cctype>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/conversation.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

TEST(MessageIds, are_26_characters_of_crockford_base32) {
    EXPECT_EQ((MessageId{0, 0}).text(), "00000000000000000000000000");
    EXPECT_EQ((MessageId{0, 31}).text(), "0000000000000000000000000Z");
    EXPECT_EQ((MessageId{~0ULL, ~0ULL}).text(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    EXPECT_EQ((MessageId{1, 0}).text(), "0000000000000G000000000000");
}

TEST(MessageIds, are_read_as_people_mistype_them) {
    const MessageId id{0, (1ULL << 5) | 0};
    EXPECT_EQ(MessageId::parse("0000000000000000000000001O"), (MessageId{0, 32}));
    EXPECT_EQ(MessageId::parse("oooooooooooooooooooooooolo"), id);
    EXPECT_EQ(MessageId::parse("000000000000000000000000I0"), id);
}

TEST(MessageIds, refuse_what_is_none) {
    for (const std::string_view text : {"", "0", "0000000000000000000000000",
             "000000000000000000000000000", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
             "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "0000000000000000000000000U",
             "0000000000000000000000000-", "0000000000000000000000000\xff"}) {
        const auto id = MessageId::parse(text);
        ASSERT_FALSE(id) << text;
        EXPECT_EQ(id.error().code, Errc::invalid_argument);
    }
}

RC_GTEST_PROP(MessageIds, come_back_from_text_in_any_case, (std::uint64_t uid, std::uint64_t seq)) {
    const MessageId id{uid, seq};
    RC_ASSERT((MessageId::parse(id.text()) == id));
    RC_ASSERT((MessageId::parse(lower(id.text())) == id));
}

RC_GTEST_PROP(MessageIds, sort_as_their_text,
    (std::uint64_t uid_a, std::uint64_t a, std::uint64_t uid_b, std::uint64_t b)) {
    const MessageId first{uid_a, a};
    const MessageId second{uid_b, b};
    RC_ASSERT((first < second) == (first.text() < second.text()));
}

RC_GTEST_PROP(
    Receipts, come_back_from_text, (std::uint64_t uid, std::uint64_t seq, std::uint32_t attempt)) {
    const Receipt receipt{{uid, seq}, attempt};
    RC_ASSERT((Receipt::parse(receipt.text()) == receipt));
}

TEST(Receipts, refuse_what_is_none) {
    const std::string id = MessageId{1, 2}.text();
    for (const std::string& text : {std::string(), id, id + "-", id + "-x", id + "-1x", id + "--1",
             id + "- 1", id + "-4294967296", id + ":1", "8" + id.substr(1) + "-1", id + "-+1"}) {
        const auto receipt = Receipt::parse(text);
        ASSERT_FALSE(receipt) << text;
        EXPECT_EQ(receipt.error().code, Errc::invalid_receipt);
    }
}

TEST(Names, of_enums_come_back) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(parse_level(to_string(Level(i))), Level(i));
        EXPECT_EQ(parse_role(to_string(Role(i))), Role(i));
        EXPECT_EQ(parse_conversation_state(to_string(ConversationState(i))), ConversationState(i));
    }
    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(parse_message_state(to_string(MessageState(i))), MessageState(i));
    }
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(parse_dialog_status(to_string(DialogStatus(i))), DialogStatus(i));
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(parse_durability(to_string(Durability(i))), Durability(i));
    }
    for (int i = 0; i < 2; ++i) EXPECT_EQ(parse_overflow(to_string(Overflow(i))), Overflow(i));
}

TEST(Names, suggest_the_nearest) {
    const auto level = parse_level("hihg");
    ASSERT_FALSE(level);
    EXPECT_EQ(level.error().code, Errc::invalid_argument);
    EXPECT_NE(level.error().detail.find("`high`"), std::string::npos);
    EXPECT_NE(parse_level("urgent").error().detail.find("realtime, high, normal, low"),
        std::string::npos);
    EXPECT_LT(parse_level(std::string(100'000, 'x')).error().detail.size(), 200u);
}

TEST(QueueNames, hold_to_their_rule) {
    for (const std::string& text :
        {std::string("a"), std::string("llm.high-1_x"), std::string(128, 'q'), std::string("9")}) {
        EXPECT_EQ(parse_queue_name(text), QueueName(text));
    }
    for (const std::string& text : {std::string(), std::string(".a"), std::string(129, 'q'),
             std::string("a b"), std::string("a/b"), std::string("é"), std::string("a\n")}) {
        EXPECT_EQ(parse_queue_name(text).error().code, Errc::invalid_argument) << text;
    }
}

}  // namespace
}  // namespace baton
