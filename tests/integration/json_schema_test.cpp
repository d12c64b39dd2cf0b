// The checker that holds answers against the OpenAPI document finds what is wrong.
#include "integration/json_schema.h"

#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace baton::test {
namespace {

namespace json = boost::json;

TEST(SchemaChecker, sees_what_is_wrong) {
    const json::value schema = json::parse(R"({"type":"object","additionalProperties":false,
        "required":["a"],"properties":{"a":{"type":"integer","minimum":1},"b":{"enum":["x"]},
        "c":{"type":"array","items":{"type":["string","null"]}}}})");
    const auto wrong = [&](std::string_view text) {
        return check_schema({}, schema, json::parse(text)).size();
    };
    EXPECT_EQ(wrong(R"({"a":1,"b":"x","c":["y",null]})"), 0U);
    EXPECT_EQ(wrong("[]"), 1U);
    EXPECT_EQ(wrong("{}"), 1U);
    EXPECT_EQ(wrong(R"({"a":0})"), 1U);
    EXPECT_EQ(wrong(R"({"a":"1"})"), 1U);
    EXPECT_EQ(wrong(R"({"a":1,"b":"y"})"), 1U);
    EXPECT_EQ(wrong(R"({"a":1,"c":[1]})"), 1U);
    EXPECT_EQ(wrong(R"({"a":1,"d":1})"), 1U);
    EXPECT_EQ(check_schema({}, json::parse(R"({"patern":1})"), 1).size(), 1U);
}

}  // namespace
}  // namespace baton::test
