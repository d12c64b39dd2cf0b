#include <algorithm>

#include "api/rest/rest_api.h"
#include "api/rest/router.h"

namespace baton::test {
namespace {

using api::rest::Auth;
using api::rest::RouteInfo;
using api::rest::Router;
using net::Method;

constexpr std::array<RouteInfo, 6> table{{
    {Method::get, "/v1/queues", Auth::member},
    {Method::put, "/v1/queues/{queue}", Auth::member},
    {Method::get, "/v1/queues/{queue}", Auth::member},
    {Method::get, "/v1/queues/{queue}/messages/{id}", Auth::member},
    {Method::get, "/v1/queues/special", Auth::member},
    {Method::post, "/v1/queues/special/pop", Auth::member},
}};

class RouterTest : public testing::Test {
protected:
    Router router{table};
};

TEST_F(RouterTest, params_are_the_segments_in_order) {
    const auto match = router.match(Method::get, "/v1/queues/a.b/messages/17");
    ASSERT_TRUE(match);
    EXPECT_EQ(match->route, 3U);
    EXPECT_EQ(match->params[0], "a.b");
    EXPECT_EQ(match->params[1], "17");
}

TEST_F(RouterTest, a_slash_that_came_encoded_belongs_to_a_name) {
    const auto inner = api::rest::inner_slashes_of("/v1/queues/%61%2Fb%2f/messages/1%2F?x=%2F");
    EXPECT_EQ(inner, (std::vector<std::size_t>{12, 14, 26}));
    const auto match = router.match(Method::get, "/v1/queues/a/b//messages/1/", inner);
    ASSERT_TRUE(match);
    EXPECT_EQ(match->params[0], "a/b/");
    EXPECT_EQ(match->params[1], "1/");
    const auto whole = api::rest::inner_slashes_of("http://h:1/v1%2Fqueues");
    EXPECT_EQ(whole, (std::vector<std::size_t>{3}));
    EXPECT_FALSE(router.match(Method::get, "/v1/queues", whole))
        << "no way around a rule for paths";
    EXPECT_TRUE(api::rest::inner_slashes_of("/v1/queues?x=%2F").empty());
}

TEST_F(RouterTest, literal_segments_win_and_are_left_when_they_lead_nowhere) {
    EXPECT_EQ(router.match(Method::get, "/v1/queues/special")->route, 4U);
    EXPECT_EQ(router.match(Method::get, "/v1/queues/other")->route, 2U);
    const auto back = router.match(Method::get, "/v1/queues/special/messages/1");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->route, 3U);
    EXPECT_EQ(back->params[0], "special");
}

TEST_F(RouterTest, head_is_answered_by_get) {
    EXPECT_EQ(router.match(Method::head, "/v1/queues")->route, 0U);
}

TEST_F(RouterTest, a_known_path_tells_its_methods) {
    const auto miss = router.match(Method::del, "/v1/queues/q");
    ASSERT_FALSE(miss);
    EXPECT_THAT(miss.error().allowed,
        testing::UnorderedElementsAre(Method::put, Method::get, Method::head));
}

TEST_F(RouterTest, an_unknown_path_has_none) {
    for (const std::string_view path : {"", "/", "v1/queues", "/v1", "/v1/queues/", "/v1//queues",
             "/v1/queues/q/messages", "/v1/queues/q/messages/", "/v1/queues/q/messages/1/2"}) {
        const auto miss = router.match(Method::get, path);
        ASSERT_FALSE(miss) << path;
        EXPECT_TRUE(miss.error().allowed.empty()) << path;
    }
}

TEST(Routes, every_path_outside_health_needs_a_key) {
    for (const RouteInfo& route : api::rest::routes()) {
        const bool open = route.pattern.starts_with("/health/");
        EXPECT_EQ(route.auth == Auth::open, open) << route.pattern;
        EXPECT_EQ(route.auth == Auth::admin, route.pattern.starts_with("/admin/")) << route.pattern;
    }
}

TEST(Routes, every_route_is_found_by_its_own_pattern) {
    const auto routes = api::rest::routes();
    const Router router(routes);
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const auto match = router.match(routes[i].method, routes[i].pattern);
        ASSERT_TRUE(match) << routes[i].pattern;
        EXPECT_EQ(match->route, i) << routes[i].pattern;
    }
}

}  // namespace
}  // namespace baton::test
