#include "net/http.h"

#include <gtest/gtest.h>

#include "net/response_head.h"

namespace baton::net {
namespace {

Request parsed(std::string_view target) {
    Request request;
    const auto result = parse_target(target, request);
    EXPECT_TRUE(result) << to_string(result.error());
    return request;
}

Errc refused(std::string_view target) {
    Request request;
    const auto result = parse_target(target, request);
    EXPECT_FALSE(result) << target;
    return result ? Errc::internal : result.error().code;
}

TEST(Fields, names_compare_without_case_and_order_is_kept) {
    Fields fields;
    fields.add("X-One", "1");
    fields.add("x-two", "2");
    fields.add("X-ONE", "3");
    EXPECT_EQ(fields.get("x-one"), "1");
    EXPECT_TRUE(fields.has("X-Two"));
    EXPECT_FALSE(fields.has("x-three"));
    EXPECT_EQ(fields.get("x-three"), "");
    EXPECT_EQ(fields.all().size(), 3U);
    fields.set("x-one", "4");
    EXPECT_EQ(fields.get("X-One"), "4");
    EXPECT_EQ(fields.all().size(), 2U);
}

TEST(ParseTarget, splits_and_decodes_path_and_query) {
    const auto request = parsed("/v1/queues/a%20b%2Fc?x=1&y=a+b%2B&flag&=v&x=2");
    EXPECT_EQ(request.path, "/v1/queues/a b/c");
    EXPECT_EQ(request.query_value("x"), "1");
    EXPECT_EQ(request.query_value("y"), "a b+");
    EXPECT_EQ(request.query_value("flag"), "");
    EXPECT_EQ(request.query_value("none"), std::nullopt);
    EXPECT_EQ(request.query.size(), 5U);
    EXPECT_EQ(parsed("/a+b").path, "/a+b");
    EXPECT_EQ(parsed("/%E4%BD%A0").path, "/你");
}

TEST(ParseTarget, understands_every_form_a_proxy_may_send) {
    EXPECT_EQ(parsed("http://host:80/a?b=c").path, "/a");
    EXPECT_EQ(parsed("HTTPS://host").path, "/");
    EXPECT_EQ(parsed("http://host?b=c").query_value("b"), "c");
    EXPECT_EQ(parsed("*").path, "*");
    EXPECT_EQ(parsed("?a=1").path, "/");
}

TEST(ParseTarget, refuses_what_could_mean_two_things) {
    for (const auto* target :
        {"/%", "/%4", "/%zz", "/%4g", "/?a=%", "/%00", "/a#b", "a/b", "host:80"}) {
        EXPECT_EQ(refused(target), Errc::invalid_argument) << target;
    }
    EXPECT_EQ(refused("/%FF"), Errc::invalid_utf8);
    EXPECT_EQ(refused("/?a=%C0%AF"), Errc::invalid_utf8);
}

TEST(ParseTarget, has_limits) {
    EXPECT_EQ(parsed("/" + std::string(65'535, 'a')).path.size(), 65'536U);
    EXPECT_EQ(refused("/" + std::string(65'536, 'a')), Errc::invalid_argument);
    std::string query = "/?a=1";
    for (int i = 1; i < 1'000; ++i) query += "&a=1";
    EXPECT_EQ(parsed(query).query.size(), 1'000U);
    EXPECT_EQ(refused(query + "&a=1"), Errc::invalid_argument);
}

TEST(PercentEncode, leaves_only_unreserved_characters) {
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("a b/c?d&e=\xFF%"), "a%20b%2Fc%3Fd%26e%3D%FF%25");
    std::string every;
    for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
    EXPECT_EQ(parsed("/" + percent_encode(every)).path, "/" + every);
}

TEST(ResponseHead, a_value_cannot_begin_a_new_field) {
    Response response;
    response.fields.add("X-Note", "a\r\nSet-Cookie: b\n");
    response.fields.add("Bad Name", "x");
    response.fields.add("content-length", "999");
    response.fields.add("Transfer-Encoding", "chunked");
    response.fields.add("Connection", "upgrade");
    std::string head;
    append_head(head, response, {.date = "now"});
    EXPECT_EQ(head,
        "HTTP/1.1 200 OK\r\nServer: baton\r\nDate: now\r\nContent-Type: application/json\r\n"
        "X-Note: a  Set-Cookie: b \r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHead, no_content_has_no_length) {
    Response response;
    response.status = 204;
    std::string head;
    append_head(head, response, {.close = true});
    EXPECT_EQ(head, "HTTP/1.1 204 No Content\r\nServer: baton\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHead, date_is_imf_fixdate) {
    EXPECT_EQ(imf_fixdate(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace baton::net
