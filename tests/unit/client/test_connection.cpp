// What a daemon's answer becomes: values, and errors by name in both of its shapes.
#include <boost/json/serialize.hpp>

#include "client/connection.h"
#include "runtime/io_pool.h"
#include "support/scripted_client.h"

namespace baton::client {
namespace {

using testing::HasSubstr;

class ConnectionTest : public testing::Test {
protected:
    Result<boost::json::value> call(Call request = {.path = "/v1/queues"}) {
        Connection connection(http, {.url = "http://h:1/", .key = Secret("bt_k")});
        return pool.run(connection.call(std::move(request)));
    }

    test::ScriptedClient http;
    IoPool pool{1};
};

TEST_F(ConnectionTest, request_carries_key_and_type) {
    http.answer(200, R"({"queues":[]})");
    ASSERT_TRUE(call({.method = net::Method::post, .path = "/v1/x", .body = "{}"}));
    EXPECT_EQ(http.last().url, "http://h:1/v1/x");
    EXPECT_EQ(http.last().fields.get("Authorization"), "Bearer bt_k");
    EXPECT_EQ(http.last().fields.get("Content-Type"), "application/json");
    EXPECT_EQ(http.last().method, net::Method::post);
}

TEST_F(ConnectionTest, every_error_code_comes_back_by_name) {
    for (const auto& row : errc_table()) {
        http.answer(
            row.http, R"({"error":{"code":")" + std::string(row.name) +
                          R"(","message":"why","details":{"field":"f"},"retry_after_ms":250}})");
        const auto answer = call();
        ASSERT_FALSE(answer) << row.name;
        EXPECT_EQ(answer.error().code, row.code) << row.name;
        EXPECT_EQ(answer.error().detail, "why");
        EXPECT_EQ(answer.error().field, "f");
        EXPECT_EQ(answer.error().retry_after, std::chrono::milliseconds(250));
    }
}

TEST_F(ConnectionTest, envelope_errors_come_back_by_their_number) {
    http.answer(404, R"({"code":404,"message":"no message","error":"not found","timestamp":"x",)"
                     R"("details":{"error_code":1004,"field":"id","reason":"r"}})");
    const auto missing = call();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::message_not_found);
    EXPECT_EQ(missing.error().field, "id");

    http.answer(503,
        R"({"code":503,"message":"full","details":{"error_code":1007,"retry_after_ms":1000}})");
    const auto full = call();
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::queue_full);
    EXPECT_EQ(full.error().retry_after, std::chrono::seconds(1));
}

TEST_F(ConnectionTest, envelope_errors_that_share_a_number_are_told_apart) {
    const auto code_of = [&](int status, std::string details) {
        http.answer(status, R"({"code":)" + std::to_string(status) +
                                R"(,"message":"m","details":{"error_code":)" + details + "}}");
        return call().error().code;
    };
    EXPECT_EQ(code_of(503, "2001"), Errc::storage_io);
    EXPECT_EQ(code_of(503, R"(2001,"retry_after_ms":100)"), Errc::database_unavailable);
    EXPECT_EQ(code_of(503, R"(2002,"retry_after_ms":100)"), Errc::unavailable);
    EXPECT_EQ(code_of(404, "2003"), Errc::queue_not_found);
    EXPECT_EQ(code_of(409, "2003"), Errc::queue_paused);
    EXPECT_EQ(code_of(503, R"(2003,"retry_after_ms":1000)"), Errc::queue_unavailable);
}

TEST_F(ConnectionTest, envelope_error_without_number_goes_by_status) {
    http.answer(401, R"({"code":401,"message":"who are you","error":"unauthorized","details":{}})");
    const auto answer = call();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unauthenticated);
    EXPECT_EQ(answer.error().detail, "who are you");
}

TEST_F(ConnectionTest, foreign_error_pages_go_by_status_and_retry_after) {
    net::Response page;
    page.status = 503;
    page.body = "<html>busy</html>";
    page.fields.set("Retry-After", "7");
    http.answer(std::move(page));
    const auto answer = call();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_EQ(answer.error().retry_after, std::chrono::seconds(7));
    EXPECT_THAT(answer.error().detail, HasSubstr("HTTP status 503"));
}

TEST_F(ConnectionTest, unknown_error_name_is_internal_with_its_words) {
    http.answer(418, R"({"error":{"code":"brand_new","message":"from the future"}})");
    const auto answer = call();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::internal);
    EXPECT_EQ(answer.error().detail, "from the future");
}

TEST_F(ConnectionTest, unreachable_daemon_is_named) {
    http.answer(Error{.code = Errc::connection_failed, .detail = "refused"});
    const auto answer = call();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::connection_failed);
    EXPECT_THAT(answer.error().detail, HasSubstr("http://h:1"));
}

TEST_F(ConnectionTest, success_that_is_no_json_is_a_protocol_error_and_empty_is_an_object) {
    http.answer(200, "<html>hello</html>");
    const auto html = call();
    ASSERT_FALSE(html);
    EXPECT_EQ(html.error().code, Errc::protocol_error);
    http.answer(204, "");
    const auto empty = call();
    ASSERT_TRUE(empty);
    EXPECT_EQ(boost::json::serialize(*empty), "{}");
}

}  // namespace
}  // namespace baton::client
