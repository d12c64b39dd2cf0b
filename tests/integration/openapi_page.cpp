#include "integration/openapi_page.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

}  // namespace

const json::value& page() {
    static const json::value document = read_yaml(BATON_SOURCE_DIR "/docs/reference/openapi.yaml");
    return document;
}

std::string name_of(const api::RouteInfo& route) {
    return std::string(net::to_string(route.method)) + " " + std::string(route.pattern);
}

std::map<std::string, const json::object*> operations() {
    std::map<std::string, const json::object*> all;
    for (const auto& [path, item] : page().at("paths").as_object()) {
        for (const auto method :
            {Method::get, Method::put, Method::post, Method::del, Method::patch}) {
            const std::string text(net::to_string(method));
            const auto* operation = item.as_object().if_contains(lower(text));
            if (operation != nullptr) {
                all[text + " " + std::string(path)] = &operation->as_object();
            }
        }
    }
    return all;
}

const json::object* response_of(const json::object& operation, int status) {
    const auto& responses = operation.at("responses").as_object();
    const auto* response = responses.if_contains(std::to_string(status));
    if (response == nullptr && status >= 400) response = responses.if_contains("default");
    return response == nullptr ? nullptr : &resolved(page(), *response);
}

const json::value* schema_of(const json::object& response) {
    const auto* content = response.if_contains("content");
    if (content == nullptr) return nullptr;
    const auto* media = content->as_object().if_contains("application/json");
    return media == nullptr ? nullptr : &media->at("schema");
}

std::vector<json::value> request_examples(const json::object& operation) {
    std::vector<json::value> all;
    const auto* body = operation.if_contains("requestBody");
    if (body == nullptr) return all;
    const auto& media = body->at("content").at("application/json").as_object();
    if (const auto* example = media.if_contains("example")) all.push_back(*example);
    if (const auto* examples = media.if_contains("examples")) {
        for (const auto& [name, example] : examples->as_object())
            all.push_back(example.at("value"));
    }
    return all;
}

}  // namespace baton::test
