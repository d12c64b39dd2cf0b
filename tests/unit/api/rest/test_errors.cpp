#include "api/rest/errors.h"
#include "api/rest/rest_api.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

class Errors : public RestFixture {};

TEST_F(Errors, a_retry_is_told_in_milliseconds_and_in_whole_seconds_up) {
    Error error{.code = Errc::queue_full, .detail = "full"};
    error.retry_after = std::chrono::milliseconds(1'001);
    const auto answer = api::rest::error_response(error);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.fields.get("Retry-After"), "2");
    EXPECT_EQ(answer.body,
        R"({"error":{"code":"queue_full","message":"full","details":{},"retry_after_ms":1001}})");
}

TEST_F(Errors, every_code_has_its_status_in_both_shapes) {
    for (const ErrcInfo& row : errc_table()) {
        const Error error{.code = row.code, .detail = "why"};
        EXPECT_EQ(api::rest::error_response(error).status, row.http) << row.name;
        const auto envelope = api::rest::envelope_error_response(error, FakeClock::start);
        EXPECT_EQ(json_of(envelope).at("code").as_int64(), envelope.status) << row.name;
        EXPECT_EQ(json_of(envelope).at("error") == "internal error", row.http == 500) << row.name;
    }
}

TEST_F(Errors, what_reached_no_route_has_the_shape_of_its_tree) {
    const Error error{.code = Errc::payload_too_large, .detail = "why"};
    const auto shape = [&](std::string_view target) {
        return json_of(api::rest::refused_request_response(error, target));
    };
    EXPECT_EQ(shape("/api/v1/messages?a=%00").at("details").at("error_code").as_int64(), 1002);
    for (const std::string_view target : {"/v1/queues", "/kapi/msg_queue", "/api/v2/x", ""}) {
        EXPECT_EQ(shape(target).at("error").at("message").as_string(), "why") << target;
    }
}

TEST_F(Errors, bytes_that_are_no_text_do_not_get_out) {
    const Error error{.code = Errc::invalid_argument, .detail = "\xff", .field = "\xfe"};
    EXPECT_EQ(json_of(api::rest::error_response(error)).at("error").at("message").as_string(),
        "(not UTF-8)");
}

TEST_F(Errors, keys_are_shown_once) {
    const FieldMap admin{{"Authorization", "Bearer admin-key"}};
    const auto made = post("/admin/v1/keys", R"({"name":"ci"})", admin);
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(json_of(made).at("key").as_string(), "bt_k1_secret");
    const auto listed = call(net::Method::get, "/admin/v1/keys", "", admin);
    EXPECT_THAT(listed.body, testing::Not(testing::HasSubstr("secret")));
    EXPECT_EQ(call(net::Method::del, "/admin/v1/keys/k1", "", admin).status, 204);
    EXPECT_EQ(call(net::Method::del, "/admin/v1/keys/k9", "", admin).status, 404);
    EXPECT_EQ(post("/admin/v1/keys", "{}", admin).status, 400);
    EXPECT_EQ(post("/admin/v1/keys", R"({"name":"x","role":"king"})", admin).status, 400);
}

}  // namespace
}  // namespace baton::test
