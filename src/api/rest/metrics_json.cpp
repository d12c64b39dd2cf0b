#include "api/rest/metrics_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <boost/json/object.hpp>

namespace baton::api::rest {
namespace {

namespace json = boost::json;

std::string_view take_until(std::string_view& text, std::string_view ends) {
    const auto at = std::min(text.find_first_of(ends), text.size());
    const auto taken = text.substr(0, at);
    text.remove_prefix(at);
    return taken;
}

json::value number_of(std::string_view text) {
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc() && stop == text.data() + text.size();
    return is_number && std::isfinite(number) ? json::value(number) : json::value(text);
}

/// `name="value",…}` with \\, \" and \n; what is behind the brace stays in `text`.
std::optional<json::object> take_labels(std::string_view& text) {
    json::object labels;
    while (!text.empty() && text.front() != '}') {
        const auto name = take_until(text, "=");
        if (!text.starts_with("=\"")) return std::nullopt;
        text.remove_prefix(2);
        std::string value;
        while (!text.empty() && text.front() != '"') {
            if (text.front() == '\\' && text.size() > 1) {
                text.remove_prefix(1);
                value += text.front() == 'n' ? '\n' : text.front();
            } else {
                value += text.front();
            }
            text.remove_prefix(1);
        }
        if (text.empty()) return std::nullopt;
        text.remove_prefix(1);
        labels[name] = value;
        if (text.starts_with(',')) text.remove_prefix(1);
    }
    if (text.empty()) return std::nullopt;
    text.remove_prefix(1);
    return labels;
}

std::optional<json::object> sample_of(std::string_view line) {
    const auto name = take_until(line, "{ ");
    json::object labels;
    if (line.starts_with('{')) {
        line.remove_prefix(1);
        auto taken = take_labels(line);
        if (!taken) return std::nullopt;
        labels = *std::move(taken);
    }
    if (!line.starts_with(' ')) return std::nullopt;
    line.remove_prefix(1);
    const auto value = take_until(line, " ");
    return json::object{{"name", name}, {"labels", std::move(labels)}, {"value", number_of(value)}};
}

}  // namespace

json::array metrics_json(std::string_view text) {
    json::array families;
    const auto family = [&](std::string_view name) -> json::object& {
        if (families.empty() || families.back().at("name").as_string() != name) {
            families.push_back(json::object{
                {"name", name}, {"type", "untyped"}, {"help", ""}, {"samples", json::array()}});
        }
        return families.back().as_object();
    };
    while (!text.empty()) {
        std::string_view line = take_until(text, "\n");
        if (!text.empty()) text.remove_prefix(1);
        const bool is_help = line.starts_with("# HELP ");
        if (is_help || line.starts_with("# TYPE ")) {
            line.remove_prefix(7);
            const auto name = take_until(line, " ");
            if (!line.empty()) line.remove_prefix(1);
            family(name)[is_help ? "help" : "type"] = line;
        } else if (!line.empty() && !line.starts_with('#') && !families.empty()) {
            auto sample = sample_of(line);
            if (sample) {
                families.back().at("samples").as_array().push_back(*std::move(sample));
            }
        }
    }
    return families;
}

}  // namespace baton::api::rest
