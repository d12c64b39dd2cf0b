#include "integration/json_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

namespace baton::test {
namespace {

namespace json = boost::json;

json::value scalar_of(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return json::value(text);  // quoted
    if (text.empty() || text == "~" || text == "null") return nullptr;
    if (text == "true") return true;
    if (text == "false") return false;
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && stop == text.data() + text.size()) return number;
    return json::value(text);
}

json::value json_of(const YAML::Node& node) {
    if (node.IsMap()) {
        json::object object;
        for (const auto& entry : node) object[entry.first.Scalar()] = json_of(entry.second);
        return object;
    }
    if (node.IsSequence()) {
        json::array array;
        for (const auto& item : node) array.push_back(json_of(item));
        return array;
    }
    return node.IsScalar() ? scalar_of(node) : json::value(nullptr);
}

bool is_type(const json::value& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    return false;
}

/// One check of one value against one schema, and all below.
class Checker {
public:
    Checker(const json::value& document, std::vector<std::string>& wrong)
        : document_(document), wrong_(wrong) {}

    void check(const json::value& schema, const json::value& value, const std::string& at) {
        for (const auto& [keyword, rule] : schema.as_object()) {
            const auto known = rules().find(keyword);
            if (known == rules().end()) {
                wrong_.push_back(
                    fmt::format("{}: the checker knows no `{}`", at, std::string(keyword)));
            } else if (known->second != nullptr) {
                (this->*known->second)(schema.as_object(), rule, value, at);
            }
        }
    }

private:
    using Rule = void (Checker::*)(
        const json::object&, const json::value&, const json::value&, const std::string&);

    /// Null: an annotation.
    static const std::map<std::string, Rule, std::less<>>& rules() {
        static const std::map<std::string, Rule, std::less<>> all{{"$ref", &Checker::ref},
            {"type", &Checker::type}, {"enum", &Checker::one_of_values},
            {"required", &Checker::required}, {"properties", &Checker::properties},
            {"additionalProperties", &Checker::additional}, {"items", &Checker::items},
            {"allOf", &Checker::all_of}, {"oneOf", &Checker::one_of},
            {"minItems", &Checker::min_size}, {"maxItems", &Checker::max_size},
            {"minLength", &Checker::min_size}, {"maxLength", &Checker::max_size},
            {"minimum", &Checker::minimum}, {"maximum", &Checker::maximum},
            {"description", nullptr}, {"default", nullptr}, {"format", nullptr},
            {"contentEncoding", nullptr}};
        return all;
    }

    void ref(const json::object& schema, const json::value&, const json::value& value,
        const std::string& at) {
        check(resolved(document_, schema), value, at);
    }

    void type(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        const json::array types = rule.is_array() ? rule.as_array() : json::array{rule};
        const bool fits = std::ranges::any_of(
            types, [&](const json::value& each) { return is_type(value, each.as_string()); });
        if (!fits) add(at, "is no " + json::serialize(rule), value);
    }

    void one_of_values(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (std::ranges::find(rule.as_array(), value) == rule.as_array().end()) {
            add(at, "is none of " + json::serialize(rule), value);
        }
    }

    void required(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (!value.is_object()) return;
        for (const auto& name : rule.as_array()) {
            if (!value.as_object().contains(name.as_string())) {
                add(at, "lacks " + json::serialize(name), value);
            }
        }
    }

    void properties(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (!value.is_object()) return;
        for (const auto& [name, schema] : rule.as_object()) {
            const auto* member = value.as_object().if_contains(name);
            if (member != nullptr) check(schema, *member, at + "." + std::string(name));
        }
    }

    void additional(const json::object& schema, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (!value.is_object()) return;
        const auto* known = schema.if_contains("properties");
        for (const auto& [name, member] : value.as_object()) {
            if (known != nullptr && known->as_object().contains(name)) continue;
            if (rule.is_object()) {
                check(rule, member, at + "." + std::string(name));
            } else if (!rule.as_bool()) {
                add(at, "has the undocumented field " + std::string(name), value);
            }
        }
    }

    void items(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (!value.is_array()) return;
        for (std::size_t i = 0; i < value.as_array().size(); ++i) {
            check(rule, value.as_array()[i], fmt::format("{}[{}]", at, i));
        }
    }

    void all_of(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        for (const auto& schema : rule.as_array()) check(schema, value, at);
    }

    void one_of(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        const auto fits = std::ranges::count_if(rule.as_array(), [&](const json::value& schema) {
            return check_schema(document_, schema, value).empty();
        });
        if (fits != 1) add(at, fmt::format("fits {} of the forms, not one", fits), value);
    }

    /// Nothing for what has no size: the type rule speaks about that.
    static std::optional<std::size_t> size_of(const json::value& value) {
        if (value.is_array()) return value.as_array().size();
        if (value.is_string()) return value.as_string().size();
        return std::nullopt;
    }
    void min_size(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        const auto size = size_of(value);
        if (size && *size < rule.to_number<std::size_t>()) add(at, "is too short", value);
    }
    void max_size(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        const auto size = size_of(value);
        if (size && *size > rule.to_number<std::size_t>()) add(at, "is too long", value);
    }
    void minimum(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (value.is_number() && value.to_number<double>() < rule.to_number<double>()) {
            add(at, "is too small", value);
        }
    }
    void maximum(const json::object&, const json::value& rule, const json::value& value,
        const std::string& at) {
        if (value.is_number() && value.to_number<double>() > rule.to_number<double>()) {
            add(at, "is too large", value);
        }
    }

    void add(const std::string& at, const std::string& what, const json::value& value) {
        wrong_.push_back(fmt::format("{} {}: {}", at, what, json::serialize(value)));
    }

    const json::value& document_;
    std::vector<std::string>& wrong_;
};

}  // namespace

json::value read_yaml(const std::string& file) { return json_of(YAML::LoadFile(file)); }

const json::object& resolved(const json::value& document, const json::value& schema) {
    const json::object* object = &schema.as_object();
    while (const auto* ref = object->if_contains("$ref")) {
        const std::string path(ref->as_string());
        if (!path.starts_with("#/")) throw std::out_of_range("no way to follow " + path);
        object = &document.at_pointer(path.substr(1)).as_object();
    }
    return *object;
}

std::vector<std::string> check_schema(
    const json::value& document, const json::value& schema, const json::value& value) {
    std::vector<std::string> wrong;
    Checker(document, wrong).check(schema, value, "$");
    return wrong;
}

}  // namespace baton::test
