#include <gtest/gtest.h>

#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

class EndpointRoutes : public RestFixture {
protected:
    EndpointRoutes() {
        endpoints.endpoints = {{.name = "main",
            .provider = "openai",
            .base_url = "http://h/v1",
            .models = {"fast"},
            .weight = 2,
            .breaker = llm::BreakerState::half_open,
            .cools_until = FakeClock::start,
            .cool_reason = "HTTP 429",
            .latency_p50 = Duration(120),
            .tokens = {.input_tokens = 7},
            .cost_today = 0.25}};
    }
    net::Response patch(std::string_view target, std::string body) {
        return call(net::Method::patch, target, std::move(body), as_admin);
    }
    const FieldMap as_admin{{"Authorization", "Bearer admin-key"}};
};

TEST_F(EndpointRoutes, show_health_load_and_cost) {
    const auto response = call(net::Method::get, "/v1/endpoints", {}, as_admin);
    ASSERT_EQ(response.status, 200);
    const auto one = json_of(response).at("endpoints").at(0);
    EXPECT_EQ(one.at("name"), "main");
    EXPECT_EQ(one.at("models").at(0), "fast");
    EXPECT_EQ(one.at("breaker"), "half_open");
    EXPECT_EQ(one.at("cools_until"), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(one.at("reason"), "HTTP 429");
    EXPECT_EQ(one.at("latency_ms").at("p50"), 120);
    EXPECT_EQ(one.at("tokens").at("input"), 7);
    EXPECT_EQ(one.at("cost_today"), 0.25);
}

TEST_F(EndpointRoutes, set_a_weight) {
    const auto response = patch("/v1/endpoints/main", R"({"weight":0})");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(json_of(response).at("weight"), 0);
    EXPECT_EQ(endpoints.endpoints[0].weight, 0U);
}

TEST_F(EndpointRoutes, bad_weights_are_named) {
    for (const auto* body :
        {R"({})", R"({"weight":-1})", R"({"weight":1001})", R"({"weight":"2"})"}) {
        const auto response = patch("/v1/endpoints/main", body);
        EXPECT_EQ(response.status, 400) << body;
        EXPECT_EQ(field_of(response), "weight") << body;
    }
    EXPECT_EQ(patch("/v1/endpoints/other", R"({"weight":1})").status, 404);
}

TEST_F(EndpointRoutes, are_for_administrators) {
    EXPECT_EQ(get("/v1/endpoints").status, 403);
    EXPECT_EQ(call(net::Method::patch, "/v1/endpoints/main", R"({"weight":1})").status, 403);
}

}  // namespace
}  // namespace baton::test
