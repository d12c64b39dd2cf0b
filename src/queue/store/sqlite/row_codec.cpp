#include "queue/store/sqlite/row_codec.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "model/json_text.h"

namespace baton::queue {
namespace {

namespace json = boost::json;

std::unexpected<Error> corrupt(std::string_view column) {
    return fail(Errc::storage_corrupt, "unreadable text in column `" + std::string(column) + "`");
}

Result<json::array> parse_array(std::string_view text, std::string_view column) {
    boost::system::error_code error;
    // A reason may be any bytes; what was written must be readable again.
    auto value = json::parse({text.data(), text.size()}, error, {}, {.allow_invalid_utf8 = true});
    if (error || !value.is_array()) return corrupt(column);
    return std::move(value.as_array());
}

}  // namespace

std::string headers_to_text(const std::vector<Header>& headers) {
    if (headers.empty()) return {};
    json::array array;
    for (const auto& header : headers) array.push_back({header.name, header.value});
    return json_text(array);
}

Result<std::vector<Header>> headers_from_text(std::string_view text) {
    std::vector<Header> headers;
    if (text.empty()) return headers;
    BATON_TRY(const auto array, parse_array(text, "headers"));
    for (const auto& entry : array) {
        const auto* pair = entry.if_array();
        if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
            !(*pair)[1].is_string()) {
            return corrupt("headers");
        }
        headers.push_back(
            {std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string())});
    }
    return headers;
}

std::string history_to_text(const std::vector<FailureNote>& history) {
    if (history.empty()) return {};
    json::array array;
    for (const auto& note : history) {
        array.push_back(json::object{
            {"at", to_unix_ms(note.at)}, {"attempt", note.attempt}, {"reason", note.reason}});
    }
    return json_text(array);
}

Result<std::vector<FailureNote>> history_from_text(std::string_view text) {
    std::vector<FailureNote> history;
    if (text.empty()) return history;
    BATON_TRY(const auto array, parse_array(text, "history"));
    for (const auto& entry : array) {
        const auto* object = entry.if_object();
        if (object == nullptr) return corrupt("history");
        const auto* at = object->if_contains("at");
        const auto* attempt = object->if_contains("attempt");
        const auto* reason = object->if_contains("reason");
        if (at == nullptr || attempt == nullptr || reason == nullptr || !at->is_int64() ||
            !attempt->is_int64() || !reason->is_string()) {
            return corrupt("history");
        }
        history.push_back({.at = from_unix_ms(at->as_int64()),
            .attempt = static_cast<std::uint32_t>(attempt->as_int64()),
            .reason = std::string(reason->get_string())});
    }
    return history;
}

}  // namespace baton::queue
