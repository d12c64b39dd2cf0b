// The browser for the API's document.
#include "api/docs/docs_door.h"

#include "api/docs/embedded.h"
#include "api/docs/yaml_json.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Docs : public RestFixture {
protected:
    Docs() { open_door({}, {api::docs::make_docs_door()}); }

    net::Response get_open(std::string_view target, FieldMap fields = {}) {
        fields.emplace("Authorization", "");
        return call(net::Method::get, target, {}, std::move(fields));
    }
};

TEST_F(Docs, everybody_may_read) {
    const auto page = get_open("/docs");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("docs/app.js"));
    EXPECT_EQ(get_open("/docs/app.js").content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(get_open("/docs/app.css").content_type, "text/css; charset=utf-8");
    EXPECT_EQ(get_open("/docs/openapi.yaml").content_type, "application/yaml");
    const auto document = get_open("/docs/openapi.json");
    EXPECT_EQ(document.content_type, "application/json");
    EXPECT_EQ(json_of(document).at("openapi"), "3.1.0");
}

TEST_F(Docs, a_page_that_was_read_before_costs_no_bytes) {
    const auto first = get_open("/docs/app.js");
    EXPECT_EQ(first.fields.get("Cache-Control"), "no-cache");
    const std::string etag(first.fields.get("ETag"));
    const auto again = get_open("/docs/app.js", {{"If-None-Match", etag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.fields.get("ETag"), etag);
    EXPECT_EQ(get_open("/docs/app.css", {{"If-None-Match", etag}}).status, 200);
}

TEST_F(Docs, what_is_no_file_of_it_is_not_found) {
    for (const char* target :
        {"/docs/", "/docs/index.html", "/docs/nothing", "/docs/..%2fadmin.key", "/docs/a/b"}) {
        EXPECT_EQ(get_open(target).status, 404) << target;
    }
    EXPECT_EQ(code_of(get_open("/docs/nothing")), "route_not_found");
    EXPECT_EQ(call(net::Method::post, "/docs").status, 405);
}

TEST_F(Docs, asks_nobody_else_for_anything) {
    const auto page = get_open("/docs");
    EXPECT_THAT(std::string(page.fields.get("Content-Security-Policy")),
        HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"));
    EXPECT_EQ(page.fields.get("X-Content-Type-Options"), "nosniff");
    for (const auto& file : api::docs::embedded_files()) {
        if (file.name == "openapi.yaml") continue;
        EXPECT_THAT(std::string(file.text), Not(HasSubstr("http://"))) << file.name;
        EXPECT_THAT(std::string(file.text), Not(HasSubstr("https://"))) << file.name;
        EXPECT_THAT(std::string(file.text), Not(HasSubstr("innerHTML"))) << file.name;
        EXPECT_THAT(std::string(file.text), Not(HasSubstr("style="))) << file.name;
    }
}

TEST(YamlJson, scalars_have_the_kinds_of_yaml) {
    EXPECT_EQ(
        api::docs::json_of_yaml("{a: 1, b: '1', c: true, d: null, e: 1.5, f: [x, -2], g: 1.2.3}")
            .value(),
        R"({"a":1,"b":"1","c":true,"d":null,"e":1.5,"f":["x",-2],"g":"1.2.3"})");
    EXPECT_FALSE(api::docs::json_of_yaml("a: [").has_value());
}

}  // namespace
}  // namespace baton::test
