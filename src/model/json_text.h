// Writes JSON: straight into a string, for the answers that are too many to build as trees, and the
// trees themselves.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/clock.h"

namespace baton {

/// Appends `text` in quotes, escaped as RFC 8259 asks. `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// A value as one line. Numbers are written as people write them, with the fewest digits that read
/// back as the same: 0.15, where Boost's writer has 1.5E-1. Recurses as deep as the value nests.
[[nodiscard]] std::string json_text(const boost::json::value& value);
[[nodiscard]] std::string json_text(const boost::json::object& object);
[[nodiscard]] std::string json_text(const boost::json::array& array);

/// One object, open from construction to destruction. `name`s are escaped; give each one once.
class JsonObjectText final {
public:
    explicit JsonObjectText(std::string& out) : out_(out) { out_ += '{'; }
    ~JsonObjectText() { out_ += '}'; }
    JsonObjectText(const JsonObjectText&) = delete;
    JsonObjectText& operator=(const JsonObjectText&) = delete;

    /// Writes the name; the caller appends one value to the string returned.
    std::string& begin(std::string_view name);

    void text(std::string_view name, std::string_view value) {
        append_json_string(begin(name), value);
    }
    void number(std::string_view name, std::uint64_t value) {
        char digits[std::numeric_limits<std::uint64_t>::digits10 + 1];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        begin(name).append(digits, end);
    }
    void boolean(std::string_view name, bool value) { begin(name) += value ? "true" : "false"; }
    /// `value` is JSON already.
    void raw(std::string_view name, std::string_view value) { begin(name) += value; }
    /// RFC 3339, UTC, milliseconds.
    void time(std::string_view name, TimePoint value);

private:
    std::string& out_;
    bool first_ = true;
};

}  // namespace baton
