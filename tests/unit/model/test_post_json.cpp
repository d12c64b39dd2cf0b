// Posts in JSON: what is taken, what is refused, and which field the error names.
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "model/codec.h"

namespace baton {
namespace {

Result<NewMessage> read(std::string_view body) {
    BATON_TRY(auto messages, new_messages_from_json(body));
    EXPECT_EQ(messages.size(), 1u);
    return messages.front();
}

Error error_of(std::string_view body) {
    const auto messages = new_messages_from_json(body);
    EXPECT_FALSE(messages) << body;
    return messages ? Error{} : messages.error();
}

/// A message that is right but for one field.
std::string with(std::string_view field) { return fmt::format(R"({{"content":"x",{}}})", field); }

TEST(PostJson, reads_every_field) {
    const auto message = read(R"({"content":"hé\u0000llo","priority":"high","delay_ms":1500,
        "ttl_ms":60000,"dedup_key":"d","ordering_key":"o","fairness_key":"f",
        "headers":{"a":"1","b":"2"},"metadata":{"x":[1,{"y":null}]},"reply_to":"inbox"})");
    ASSERT_TRUE(message) << to_string(message.error());
    EXPECT_EQ(message->data.content.view(), std::string_view("hé\0llo", 7));
    EXPECT_EQ(message->data.priority, Level::high);
    EXPECT_EQ(message->delay, Duration(1500));
    EXPECT_EQ(message->ttl, Duration(60'000));
    EXPECT_EQ(message->data.dedup_key, "d");
    EXPECT_EQ(message->data.ordering_key, "o");
    EXPECT_EQ(message->data.fairness_key, "f");
    EXPECT_EQ(message->data.headers,
        (std::vector<Header>{{"a", "1"}, {"b", "2"}, {"reply-to", "inbox"}}));
    EXPECT_EQ(message->data.metadata, R"({"x":[1,{"y":null}]})");
    EXPECT_FALSE(message->deliver_at);
}

TEST(PostJson, leaves_the_rest_at_its_default) {
    const auto message = read(R"({"content":"x"})");
    ASSERT_TRUE(message);
    EXPECT_EQ(*message, NewMessage{.data = {.content = Bytes("x")}});
    EXPECT_EQ(read(R"({"content":"x","priority":null,"delay_ms":null,"headers":null,
        "metadata":null,"deliver_at":null,"content_base64":null})"),
        *message);
}

TEST(PostJson, takes_bytes_as_base64) {
    const std::string bytes("\0\xff\x80", 3);
    const auto message = read(fmt::format(R"({{"content_base64":"{}"}})", base64_encode(bytes)));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data.content.view(), bytes);
    EXPECT_EQ(error_of(R"({"content_base64":"a"})").field, "content_base64");
    EXPECT_EQ(error_of(R"({"content_base64":7})").field, "content_base64");
    EXPECT_EQ(error_of(R"({"content":"x","content_base64":"eA=="})").code, Errc::invalid_message);
}

TEST(PostJson, takes_a_time_of_delivery_in_both_forms) {
    const auto expected = from_unix_ms(1'735'727'400'000);
    EXPECT_EQ(read(with(R"("deliver_at":"2025-01-01T10:30:00Z")"))->deliver_at, expected);
    EXPECT_EQ(read(with(R"("deliver_at":1735727400000)"))->deliver_at, expected);
    EXPECT_EQ(error_of(with(R"("deliver_at":"tomorrow")")).field, "deliver_at");
    EXPECT_EQ(error_of(with(R"("deliver_at":-1)")).field, "deliver_at");
    EXPECT_EQ(error_of(with(R"("deliver_at":true)")).field, "deliver_at");
}

TEST(PostJson, cost_is_kept_as_a_header) {
    const auto message = read(with(R"("headers":{"baton-cost":"2"},"cost":7)"));
    ASSERT_TRUE(message) << to_string(message.error());
    ASSERT_EQ(message->data.headers.size(), 1U);
    EXPECT_EQ(message->data.headers[0], (Header{"baton-cost", "7"}));
    EXPECT_EQ(cost_of(message->data.headers), 7U);
    EXPECT_EQ(cost_of({}), 1U);
    for (const std::string bad : {R"("cost":0)", R"("cost":1000000001)", R"("cost":"x")",
             R"("headers":{"baton-cost":"0"})", R"("headers":{"baton-cost":"1.5"})"}) {
        EXPECT_EQ(new_messages_from_json("{\"content\":\"x\"," + bad + "}").error().code,
            Errc::invalid_message)
            << bad;
    }
}

TEST(PostJson, reply_to_wins_over_a_header_of_that_name) {
    const auto message = read(with(R"("headers":{"reply-to":"a"},"reply_to":"b")"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data.headers, (std::vector<Header>{{"reply-to", "b"}}));
}

TEST(PostJson, takes_an_array_and_a_list_object) {
    for (const std::string_view body : {R"([{"content":"a"},{"content":"b"}])",
             R"( {"messages":[{"content":"a"},{"content":"b"}]} )"}) {
        const auto messages = new_messages_from_json(body);
        ASSERT_TRUE(messages) << body;
        ASSERT_EQ(messages->size(), 2u);
        EXPECT_EQ((*messages)[1].data.content.view(), "b");
    }
}

TEST(PostJson, says_that_content_is_missing_empty_or_no_string) {
    for (const std::string_view body : {R"({})", R"({"content":""})", R"({"content":null})",
             R"({"content":{"a":1}})", R"({"content":7})", R"({"content_base64":""})"}) {
        const auto error = error_of(body);
        EXPECT_EQ(error.code, Errc::invalid_message) << body;
        EXPECT_EQ(error.field, "content") << body;
    }
    EXPECT_NE(error_of(R"({"content":{"a":1}})").detail.find("content_base64"), std::string::npos);
}

TEST(PostJson, names_the_field_at_fault_with_its_path) {
    const auto error =
        error_of(R"([{"content":"a"},{"content":"b"},{"content":"c","priority":"hi"}])");
    EXPECT_EQ(error.field, "messages[2].priority");
    EXPECT_EQ(error.code, Errc::invalid_message);
    EXPECT_EQ(error_of(R"({"messages":[{"content":"a"},7]})").field, "messages[1]");
    EXPECT_EQ(error_of(R"({"messages":7})").field, "messages");
    EXPECT_EQ(error_of(R"({"messages":null})").field, "messages");
}

TEST(PostJson, refuses_an_unknown_field_with_the_nearest_name) {
    const auto error = error_of(with(R"("prioriti":"high")"));
    EXPECT_EQ(error.code, Errc::invalid_message);
    EXPECT_EQ(error.field, "prioriti");
    EXPECT_NE(error.detail.find("`priority`"), std::string::npos);
    EXPECT_EQ(error_of(R"({"messages":[{"content":"a"}],"delay_ms":1})").field, "delay_ms");
    const auto monster =
        error_of(fmt::format(R"({{"content":"x","{}":1}})", std::string(10'000, 'k')));
    EXPECT_LT(monster.detail.size() + monster.field.size(), 200u);
}

TEST(PostJson, refuses_values_of_the_wrong_kind) {
    for (const std::string_view field :
        {R"("priority":1)", R"("delay_ms":"5")", R"("delay_ms":1.5)", R"("delay_ms":-1)",
            R"("ttl_ms":1e300)", R"("dedup_key":7)", R"("ordering_key":[])", R"("headers":[])",
            R"("headers":{"a":1})", R"("metadata":"x")", R"("metadata":[])", R"("reply_to":{})"}) {
        EXPECT_EQ(error_of(with(field)).code, Errc::invalid_message) << field;
    }
    EXPECT_EQ(read(with(R"("delay_ms":2e3)"))->delay, Duration(2'000));
}

TEST(PostJson, holds_every_limit_and_refuses_one_more) {
    const auto key = [](std::size_t size) { return std::string(size, 'k'); };
    for (const std::string_view name : {"dedup_key", "ordering_key", "fairness_key"}) {
        EXPECT_TRUE(read(with(fmt::format(R"("{}":"{}")", name, key(MessageLimits::key_max)))));
        EXPECT_EQ(error_of(with(fmt::format(R"("{}":"{}")", name, key(MessageLimits::key_max + 1))))
                      .field,
            name);
    }
    for (const std::string_view name : {"delay_ms", "ttl_ms"}) {
        const auto ten_years = MessageLimits::period_max.count();
        EXPECT_TRUE(read(with(fmt::format(R"("{}":{})", name, ten_years))));
        EXPECT_EQ(error_of(with(fmt::format(R"("{}":{})", name, ten_years + 1))).field, name);
    }
    const auto headers = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += fmt::format(R"({}"h{}":"v")", i ? "," : "", i);
        return with(fmt::format(R"("headers":{{{}}})", text));
    };
    EXPECT_TRUE(read(headers(MessageLimits::headers_max)));
    EXPECT_EQ(error_of(headers(MessageLimits::headers_max + 1)).field, "headers");
    const auto one_header = [&](std::size_t bytes) {
        return with(fmt::format(R"("headers":{{"h":"{}"}})", key(bytes - 1)));
    };
    EXPECT_TRUE(read(one_header(MessageLimits::header_bytes_max)));
    EXPECT_EQ(error_of(one_header(MessageLimits::header_bytes_max + 1)).field, "headers");
    const auto metadata = [&](std::size_t bytes) {
        return with(fmt::format(R"("metadata":{{"m":"{}"}})", key(bytes - 8)));
    };
    EXPECT_TRUE(read(metadata(MessageLimits::metadata_max)));
    EXPECT_EQ(error_of(metadata(MessageLimits::metadata_max + 1)).field, "metadata");
}

// Boost.JSON reads 1e999 as infinity and writes that as `Infinity`, which is no JSON.
TEST(PostJson, refuses_metadata_that_no_json_can_show_again) {
    EXPECT_TRUE(read(with(R"("metadata":{"n":1e308})")));
    for (const std::string_view value : {"1e999", "[0,-1e999]", R"([{"b":{"c":1e999}}])"}) {
        const auto error = error_of(with(fmt::format(R"("metadata":{{"a":{}}})", value)));
        EXPECT_EQ(error.code, Errc::invalid_message) << value;
        EXPECT_EQ(error.field, "metadata") << value;
    }
}

TEST(PostJson, refuses_headers_that_could_break_a_line) {
    for (const std::string_view headers : {R"({"":"x"})", R"({"a\r\nb":"x"})",
             R"({"a":"x\r\nSet-Cookie: y"})", R"({"a":"x\u0000"})"}) {
        EXPECT_EQ(error_of(with(fmt::format(R"("headers":{})", headers))).field, "headers")
            << headers;
    }
}

TEST(PostJson, counts_messages) {
    EXPECT_EQ(error_of("[]").code, Errc::invalid_message);
    EXPECT_TRUE(new_messages_from_json(R"([{"content":"a"},{"content":"b"}])", 2));
    const auto more = new_messages_from_json(R"([{"content":"a"},{"content":"b"}])", 1);
    EXPECT_EQ(more.error().code, Errc::payload_too_large);
}

TEST(PostJson, says_where_the_text_breaks) {
    const auto error = error_of(R"({"content":"x",})");
    EXPECT_EQ(error.code, Errc::malformed_json);
    EXPECT_NE(error.detail.find("byte 15"), std::string::npos) << error.detail;
    for (const std::string_view body : {"", " ", "{", R"({"content":"x"} x)", "nul", "[1,]"}) {
        EXPECT_EQ(error_of(body).code, Errc::malformed_json) << body;
    }
    EXPECT_EQ(error_of("7").code, Errc::invalid_message);
}

TEST(PostJson, refuses_bytes_that_are_not_utf8) {
    EXPECT_EQ(error_of("{\"content\":\"\xff\"}").code, Errc::invalid_utf8);
    EXPECT_EQ(error_of(R"({"content":"\ud800"})").code, Errc::malformed_json);
    EXPECT_TRUE(read(R"({"content":"\ud83d\ude00"})"));
}

TEST(PostJson, bounds_nesting) {
    const auto nested = [](std::size_t depth) {
        return with(R"("metadata":)" + std::string(R"({"a":)") + std::string(depth, '[') +
                    std::string(depth, ']') + "}");
    };
    EXPECT_TRUE(read(nested(json_depth_max - 2)));  // the message and its metadata are two levels
    EXPECT_EQ(error_of(nested(json_depth_max - 1)).code, Errc::malformed_json);
    EXPECT_EQ(error_of(nested(100'000)).code, Errc::malformed_json);
}

TEST(PostNdjson, reads_one_message_a_line) {
    const auto messages = new_messages_from_ndjson(
        "{\"content\":\"a\"}\n\n  \r\n{\"content\":\"b\"}\r\n{\"content\":\"c\"}");
    ASSERT_TRUE(messages) << to_string(messages.error());
    ASSERT_EQ(messages->size(), 3u);
    EXPECT_EQ((*messages)[2].data.content.view(), "c");
}

TEST(PostNdjson, names_line_and_field) {
    const auto bad =
        new_messages_from_ndjson("{\"content\":\"a\"}\n\n{\"content\":\"b\",\"ttl_ms\":-1}");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().field, "messages[1].ttl_ms");
    EXPECT_TRUE(bad.error().detail.starts_with("line 3: ")) << bad.error().detail;
    EXPECT_EQ(
        new_messages_from_ndjson("{\"content\":\"a\"}\n{").error().code, Errc::malformed_json);
    EXPECT_EQ(new_messages_from_ndjson("\xff").error().code, Errc::invalid_utf8);
}

TEST(PostNdjson, counts_messages) {
    EXPECT_EQ(new_messages_from_ndjson("\n\n").error().code, Errc::invalid_message);
    const std::string_view two = "{\"content\":\"a\"}\n{\"content\":\"b\"}\n";
    EXPECT_TRUE(new_messages_from_ndjson(two, 2));
    EXPECT_EQ(new_messages_from_ndjson(two, 1).error().code, Errc::payload_too_large);
}

TEST(ReplyJson, reads_a_result_and_metadata) {
    const auto read_reply = [](std::string_view text) {
        return new_reply_from_json(parse_json(text).value());
    };
    const auto reply = read_reply(R"({"result":"42","metadata":{"model":"m"}})");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->result.view(), "42");
    EXPECT_EQ(reply->metadata, R"({"model":"m"})");
    EXPECT_EQ(read_reply(R"({"result_base64":"/w=="})")->result.view(), "\xff");
    EXPECT_TRUE(read_reply(R"({"result":""})"));
    for (const std::string_view body :
        {"{}", "[]", R"({"result":7})", R"({"result":"x","result_base64":"eA=="})",
            R"({"result":"x","metadata":7})", R"({"result":"x","reslt":1})"}) {
        EXPECT_EQ(read_reply(body).error().code, Errc::invalid_message) << body;
    }
}

TEST(CheckMessage, holds_what_no_json_can_bring) {
    NewMessage message{.data = {.content = Bytes("x")}};
    EXPECT_TRUE(check_message(message));
    message.data.headers = {{"a", "1"}, {"a", "2"}};
    EXPECT_EQ(check_message(message).error().field, "headers");
    message.data.headers = {{"a", "\xff"}};
    EXPECT_EQ(check_message(message).error().field, "headers");
    message.data.headers.clear();
    message.data.ordering_key = "\xff";
    EXPECT_EQ(check_message(message).error().field, "ordering_key");
    message.data.ordering_key.clear();
    message.delay = Duration(-1);
    EXPECT_EQ(check_message(message).error().field, "delay_ms");
}

}  // namespace
}  // namespace baton
