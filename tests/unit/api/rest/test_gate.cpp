// What is checked before any route: keys, Host, Origin, methods.
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

using net::Method;

class Gate : public RestFixture {};

TEST_F(Gate, without_a_good_key_nothing_is_answered_and_nothing_happens) {
    for (const std::string authorization : {"", "Bearer", "Bearer wrong", "Basic member-key"}) {
        const auto answer = post(
            "/v1/queues/mail/messages", R"({"content":"x"})", {{"Authorization", authorization}});
        EXPECT_EQ(answer.status, 401) << authorization;
        EXPECT_EQ(code_of(answer), "unauthenticated");
        EXPECT_EQ(answer.fields.get("WWW-Authenticate"), "Bearer");
    }
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(Gate, every_guarded_route_asks_for_a_key) {
    for (const auto& route : api::rest::routes()) {
        if (route.auth == api::rest::Auth::open) continue;
        const auto answer = call(route.method, "/v1/queues", "", {{"Authorization", ""}});
        EXPECT_TRUE(answer.status == 401 || answer.status == 405) << route.pattern;
    }
}

TEST_F(Gate, members_keep_out_of_admin) {
    const auto answer = get("/admin/v1/keys");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(code_of(answer), "permission_denied");
    EXPECT_EQ(
        call(Method::get, "/admin/v1/keys", "", {{"Authorization", "Bearer admin-key"}}).status,
        200);
}

TEST_F(Gate, health_needs_no_key) {
    EXPECT_EQ(call(Method::get, "/health/live", "", {{"Authorization", ""}}).status, 200);
    EXPECT_EQ(call(Method::get, "/health/ready", "", {{"Authorization", ""}}).status, 503);
}

TEST_F(Gate, metrics_are_open_only_when_told) {
    EXPECT_EQ(call(Method::get, "/metrics", "", {{"Authorization", ""}}).status, 401);
    EXPECT_EQ(get("/metrics").status, 200);
    open_door({.metrics_public = true});
    const auto answer = call(Method::get, "/metrics", "", {{"Authorization", ""}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, testing::HasSubstr("baton_rest_requests_total"));
}

TEST_F(Gate, a_daemon_that_is_no_gateway_answers_health_and_metrics_only) {
    open_door({.is_gateway = false});
    EXPECT_EQ(get("/health/live").status, 200);
    EXPECT_EQ(get("/metrics").status, 200);
    for (const auto* path : {"/v1/queues", "/api/v1/conversations", "/admin/v1/keys"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, errc_info(Errc::unsupported).http) << path;
    }
    EXPECT_EQ(code_of(get("/v1/queues")), "unsupported");
    EXPECT_EQ(get("/v1/nothing").status, 404);
}

TEST_F(Gate, a_wrong_method_tells_the_right_ones) {
    const auto answer = call(Method::patch, "/v1/queues/mail");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(code_of(answer), "method_not_allowed");
    EXPECT_EQ(answer.fields.get("Allow"), "PUT, GET, HEAD, DELETE");
}

TEST_F(Gate, an_unknown_path_is_not_found_in_the_shape_of_its_tree) {
    const auto house = get("/v1/nothing");
    EXPECT_EQ(house.status, 404);
    EXPECT_EQ(code_of(house), "route_not_found");
    const auto envelope = json_of(get("/api/v1/nothing"));
    EXPECT_EQ(envelope.at("code").as_int64(), 404);
    EXPECT_EQ(envelope.at("error").as_string(), "not found");
}

TEST_F(Gate, only_our_own_host_names_are_answered) {
    open_door({.allowed_hosts = {"localhost", "127.0.0.1", "[::1]"}});
    for (const std::string host : {"localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]:8080"}) {
        EXPECT_EQ(call(Method::get, "/health/live", "", {{"Host", host}}).status, 200) << host;
    }
    for (const std::string host : {"evil.example", "localhost.evil.example", "[::2]:8080"}) {
        EXPECT_EQ(call(Method::get, "/health/live", "", {{"Host", host}}).status, 403) << host;
    }
}

TEST_F(Gate, pages_of_other_origins_are_refused) {
    open_door({.allowed_origins = {"http://studio.local:8090"}});
    const auto with_origin = [&](std::string origin) {
        return call(Method::get, "/v1/queues", "", {{"Origin", std::move(origin)}});
    };
    EXPECT_EQ(with_origin("http://evil.example").status, 403);
    EXPECT_EQ(with_origin("null").status, 403);
    EXPECT_EQ(with_origin("http://localhost:8080").status, 200);
    const auto allowed = with_origin("http://studio.local:8090");
    EXPECT_EQ(allowed.status, 200);
    EXPECT_EQ(allowed.fields.get("Access-Control-Allow-Origin"), "http://studio.local:8090");
}

TEST_F(Gate, a_preflight_is_answered_for_allowed_origins_only) {
    open_door({.allowed_origins = {"http://studio.local:8090"}});
    const auto preflight = [&](std::string origin) {
        return call(Method::options, "/v1/queues", "",
            {{"Origin", std::move(origin)}, {"Access-Control-Request-Method", "POST"},
                {"Authorization", ""}});
    };
    EXPECT_EQ(preflight("http://studio.local:8090").status, 204);
    EXPECT_EQ(preflight("http://evil.example").status, 403);
}

TEST_F(Gate, a_request_id_is_echoed_or_drawn) {
    const auto id_for = [&](std::string given) {
        const auto answer =
            call(Method::get, "/health/live", "", {{"X-Request-Id", std::move(given)}});
        return std::string(answer.fields.get("X-Request-Id"));
    };
    EXPECT_EQ(id_for("abc-123"), "abc-123");
    EXPECT_EQ(id_for("").size(), 15U);
    EXPECT_NE(id_for(""), id_for(""));
    EXPECT_EQ(id_for("two words").size(), 15U);
    EXPECT_EQ(id_for(std::string(128, 'a')).size(), 128U);
    EXPECT_EQ(id_for(std::string(129, 'a')).size(), 15U);
}

TEST_F(Gate, requests_are_counted_by_route_and_class) {
    EXPECT_EQ(get("/v1/queues").status, 200);
    EXPECT_EQ(get("/v1/nothing").status, 404);
    const std::string text = get("/metrics").body;
    EXPECT_THAT(
        text, testing::HasSubstr(
                  R"(baton_rest_requests_total{method="GET",route="/v1/queues",status="2xx"} 1)"));
    EXPECT_THAT(
        text, testing::HasSubstr(
                  R"(baton_rest_requests_total{method="any",route="none",status="4xx"} 1)"));
}

}  // namespace
}  // namespace baton::test
