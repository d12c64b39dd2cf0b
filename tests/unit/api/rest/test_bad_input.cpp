// What callers get wrong: each error names what they themselves wrote, and nothing is half done.
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

using net::Method;

class BadInput : public RestFixture {
protected:
    void expect_refused(
        const net::Response& answer, int status, std::string_view code, std::string_view field) {
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(code_of(answer), code) << answer.body;
        EXPECT_EQ(field_of(answer), field) << answer.body;
    }
    net::Response post_raw(FieldMap fields) {
        fields.emplace("Content-Type", "text/plain");
        return post("/v1/queues/mail/messages", "hello", std::move(fields));
    }
};

TEST_F(BadInput, a_compressed_body_is_not_kept_as_if_it_were_the_content) {
    const auto refused = post_raw({{"Content-Encoding", "gzip"}});
    expect_refused(refused, 415, "unsupported_media_type", "Content-Encoding");
    expect_refused(post("/v1/queues/mail/pop", "{}", {{"Content-Encoding", "br"}}), 415,
        "unsupported_media_type", "Content-Encoding");
    EXPECT_EQ(count_in("mail"), 0U);
    EXPECT_EQ(post_raw({{"Content-Encoding", "Identity"}}).status, 201);
}

TEST_F(BadInput, a_misspelt_option_field_is_not_a_message_without_it) {
    const auto misspelt = post_raw({{"Baton-Delay", "60000"}});
    expect_refused(misspelt, 400, "invalid_argument", "Baton-Delay");
    EXPECT_THAT(misspelt.body, testing::HasSubstr("did you mean `Baton-Delay-Ms`"));
    expect_refused(post("/v1/queues/mail/messages", R"({"content":"x"})", {{"baton-level", "low"}}),
        400, "invalid_argument", "baton-level");
    EXPECT_EQ(count_in("mail"), 0U);
    EXPECT_EQ(post_raw({{"baton-priority", "low"}, {"BATON-DURABILITY", "memory"}}).status, 501);
    EXPECT_EQ(post_raw({{"baton-priority", "low"}}).status, 201);
}

TEST_F(BadInput, an_option_field_that_comes_twice_is_refused) {
    net::Request request;
    request.method = Method::post;
    request.target = "/v1/queues/mail/messages";
    request.body = "hello";
    ASSERT_TRUE(net::parse_target(request.target, request));
    request.fields.set("Host", "localhost:8080");
    request.fields.set("Authorization", "Bearer member-key");
    request.fields.set("Content-Type", "text/plain");
    request.fields.add("Baton-Delay-Ms", "1");
    request.fields.add("baton-delay-ms", "60000");
    const auto answer = io.run(handler(std::move(request)));
    expect_refused(answer, 400, "invalid_argument", "baton-delay-ms");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(BadInput, errors_name_the_field_that_was_written) {
    std::string many = R"({"ack":["x")";
    for (int i = 0; i < 1'000; ++i) many += R"(,"x")";
    many += "]}";
    expect_refused(post("/v1/queues/mail/pop", many), 400, "invalid_argument", "ack");
    expect_refused(
        post("/v1/queues/mail/pop", R"({"level":""})"), 400, "invalid_argument", "level");
    for (const char* key : {"ordering_key", "fairness_key"}) {
        const std::string empty = R"({")" + std::string(key) + R"(":""})";
        expect_refused(post("/v1/queues/mail/pause", empty), 400, "invalid_argument", key);
    }
    expect_refused(
        get("/v1/queues/mail/messages?limit=4294967297"), 400, "invalid_argument", "limit");
    EXPECT_EQ(call(Method::put, "/v1/queues/log", R"({"mode":"log"})").status, 201);
    const std::string path = "/v1/queues/log/subscriptions/s";
    expect_refused(call(Method::put, path, R"({"from":9})"), 400, "invalid_argument", "from");
    EXPECT_EQ(call(Method::put, path, "{}").status, 200);
    expect_refused(post(path + "/seek", R"({"to":9})"), 400, "invalid_argument", "to");
    expect_refused(
        post("/v1/queues/log/truncate", R"({"before":9})"), 400, "invalid_argument", "before");
}

TEST_F(BadInput, a_page_that_no_list_has_is_not_another_one) {
    const auto answer = get("/api/v1/messages?page=4294967296");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, testing::HasSubstr("\"field\":\"page\""));
}

}  // namespace
}  // namespace baton::test
