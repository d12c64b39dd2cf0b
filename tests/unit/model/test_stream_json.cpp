// Output pages, subscriptions and places in a log: what is written is what is read back.
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "model/codec.h"

namespace baton {
namespace {

template <class T>
std::string written(const T& value) {
    std::string out;
    append_json(out, value);
    return out;
}

boost::json::value value_of(const std::string& text) {
    auto value = parse_json(text);
    EXPECT_TRUE(value) << text;
    return value ? *value : boost::json::value();
}

OutputPage sample_page() {
    return {.events = {{0, 1, from_unix_ms(0), Bytes("hi \"there\"")},
                {1, 2, from_unix_ms(1'500), Bytes(std::string("\xff\0", 2))},
                {2, 2, from_unix_ms(1'500), Bytes()}},
        .next = 3,
        .ended = true};
}

TEST(StreamJson, of_an_output_page_has_text_as_text_and_bytes_as_base64) {
    EXPECT_EQ(written(sample_page()),
        R"({"events":[{"offset":0,"attempt":1,"at":"1970-01-01T00:00:00.000Z",)"
        R"("data":"hi \"there\""},)"
        R"({"offset":1,"attempt":2,"at":"1970-01-01T00:00:01.500Z","data_base64":"/wA="},)"
        R"({"offset":2,"attempt":2,"at":"1970-01-01T00:00:01.500Z","data":""}],)"
        R"("next":3,"ended":true})");
    EXPECT_EQ(written(OutputPage{}), R"({"events":[],"next":0,"ended":false})");
}

TEST(StreamJson, an_output_page_is_read_back) {
    EXPECT_EQ(output_page_from_json(value_of(written(sample_page()))), sample_page());
    EXPECT_EQ(output_page_from_json(value_of("{}")), OutputPage());
    for (const auto* bad :
        {R"([])", R"({"events":1})", R"({"events":[{"offset":-1}]})", R"({"next":"x"})",
            R"({"events":[{"attempt":4294967296}]})", R"({"events":[{"data_base64":"?"}]})"}) {
        const auto page = output_page_from_json(value_of(bad));
        ASSERT_FALSE(page) << bad;
        EXPECT_EQ(page.error().code, Errc::protocol_error);
    }
    EXPECT_EQ(output_page_from_json(value_of(R"({"events":[{},{"at":"x"}]})")).error().field,
        "events[1].at");
}

TEST(StreamJson, a_subscription_is_read_back) {
    const Subscription subscription{SubscriptionName("s"), 7, 3};
    const auto object = to_json(subscription);
    EXPECT_EQ(boost::json::serialize(object), R"({"name":"s","committed":7,"lag":3})");
    EXPECT_EQ(subscription_from_json(object), subscription);
    EXPECT_EQ(subscription_from_json(value_of(R"({"name":".s"})")).error().field, "name");
}

TEST(StreamJson, a_place_in_a_log_is_a_word_or_a_seq) {
    EXPECT_EQ(parse_log_start("earliest"), (LogStart{.kind = LogStart::Kind::earliest}));
    EXPECT_EQ(parse_log_start("latest"), (LogStart{.kind = LogStart::Kind::latest}));
    EXPECT_EQ(parse_log_start("1"), (LogStart{.kind = LogStart::Kind::seq, .seq = 1}));
    EXPECT_EQ(parse_log_start("18446744073709551615")->seq, UINT64_MAX);
    for (const auto* bad :
        {"", "0", "-1", "+1", "1 ", "x", "Latest", "18446744073709551616", "1.5"}) {
        EXPECT_EQ(parse_log_start(bad).error().code, Errc::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace baton
