#include "llm/provider_json.h"

#include <string>

#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include "llm/provider_error.h"
#include "llm/surrogates.h"
#include "model/codec.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

json::value parse_lenient(std::string_view text, boost::system::error_code& error) {
    json::value value = json::parse(text, error);
    if (!error) return value;
    const std::string mended = unescape_lone_surrogates(text);
    if (mended == text) return value;
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    return json::parse(mended, error, {}, options);
}

}  // namespace

const json::value* member(const json::value& value, std::string_view name) noexcept {
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::string_view text_of(const json::value& value, std::string_view name) noexcept {
    const auto* found = member(value, name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : "";
}

std::uint64_t count_of(const json::value& value, std::string_view name) noexcept {
    const auto* found = member(value, name);
    if (found == nullptr) return 0;
    boost::system::error_code error;
    const auto count = found->to_number<std::uint64_t>(error);
    return error ? 0 : count;
}

Result<json::value> parse_answer(std::string_view text, const Secret& key) {
    boost::system::error_code error;
    json::value value = parse_lenient(text, error);
    if (error || !value.is_object()) {
        return fail(
            Errc::provider_protocol, fmt::format("the provider sent what is no JSON object: {}",
                                         quote(text.substr(0, 80), key)));
    }
    const auto* failure = member(value, "error");
    const bool failed = failure != nullptr && !failure->is_null() && !failure->is_bool();
    if (failed) return fail(error_from_stream(*failure, key));
    return value;
}

json::value value_of_text(std::string_view text) {
    auto value = parse_json(text);
    return value ? *std::move(value) : json::value();
}

json::object arguments_object(std::string_view arguments) {
    if (arguments.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
    auto value = parse_json(arguments);
    if (value && value->is_object()) return std::move(value->get_object());
    return {{"arguments", arguments}};
}

}  // namespace baton::llm
