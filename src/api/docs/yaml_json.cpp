#include "api/docs/yaml_json.h"

#include <charconv>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <yaml-cpp/yaml.h>

#include "model/json_text.h"

namespace baton::api::docs {
namespace {

namespace json = boost::json;

template <class Number>
bool read_whole(std::string_view text, Number& number) {
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc() && read.ptr == end;
}

json::value scalar_of(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return json::string(text);  // it was quoted
    if (text.empty() || text == "~" || text == "null") return nullptr;
    if (text == "true") return true;
    if (text == "false") return false;
    std::int64_t whole = 0;
    if (read_whole(text, whole)) return whole;
    double number = 0;
    const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (numeric && read_whole(text, number) && std::isfinite(number)) return number;
    return json::string(text);
}

json::value value_of(const YAML::Node& node) {
    if (node.IsMap()) {
        json::object object;
        for (const auto& entry : node) object[entry.first.Scalar()] = value_of(entry.second);
        return object;
    }
    if (node.IsSequence()) {
        json::array array;
        for (const auto& each : node) array.push_back(value_of(each));
        return array;
    }
    return node.IsScalar() ? scalar_of(node) : json::value(nullptr);
}

}  // namespace

Result<std::string> json_of_yaml(std::string_view yaml) {
    try {
        return json_text(value_of(YAML::Load(std::string(yaml))));
    } catch (const YAML::Exception& error) {
        return fail(Errc::invalid_argument, error.what());
    }
}

}  // namespace baton::api::docs
