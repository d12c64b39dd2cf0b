// Reads the fields of a JSON object into typed values, with errors that say which field and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace baton {

/// What an integer field may be.
struct IntegerRule {
    std::int64_t fallback = 0;  ///< when it is absent
    std::int64_t min = 0;
    std::int64_t max = 9'007'199'254'740'992;  ///< 2^53: what every JSON reader keeps exactly
};

/// What a duration field may be: text ("30s") or a number of `unit`, 0 to ten years.
struct DurationRule {
    Duration fallback{0};  ///< when it is absent
    Duration unit{1};
};

/// A view of one object; the value must outlive it. A field that is null counts as absent.
class Fields final {
public:
    /// Refuses fields that are not `known`; all are allowed when `known` is empty. Every failure
    /// here and later has the code `code`.
    [[nodiscard]] static Result<Fields> of(
        const boost::json::value& value, std::span<const std::string_view> known, Errc code);

    /// Null when absent.
    [[nodiscard]] const boost::json::value* find(std::string_view name) const noexcept;

    [[nodiscard]] Result<std::int64_t> integer(std::string_view name, IntegerRule rule = {}) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name, bool fallback) const;
    /// Empty when absent.
    [[nodiscard]] Result<std::string_view> text(std::string_view name) const;
    /// The same, at most `bytes_max` long.
    [[nodiscard]] Result<std::string> text(std::string_view name, std::size_t bytes_max) const;
    [[nodiscard]] Result<Duration> duration(std::string_view name, DurationRule rule) const;
    /// RFC 3339 text or Unix milliseconds.
    [[nodiscard]] Result<TimePoint> time(std::string_view name, TimePoint fallback) const;
    /// Null when absent.
    [[nodiscard]] Result<const boost::json::array*> array(std::string_view name) const;
    [[nodiscard]] Result<const boost::json::object*> object(std::string_view name) const;

    /// A failure of the field `name` (empty: of the object itself).
    [[nodiscard]] std::unexpected<Error> fail_at(std::string_view name, std::string detail) const;
    /// Another failure as one of the field `name`, in this object's code.
    [[nodiscard]] std::unexpected<Error> fail_at(std::string_view name, Error error) const;

private:
    Fields(const boost::json::object& object, Errc code) noexcept : object_(&object), code_(code) {}

    const boost::json::object* object_;
    Errc code_;
};

/// The same error of a value that stands at `path`: `priority` inside `messages[2]`.
[[nodiscard]] Error inside(std::string_view path, Error error);
/// `name[index]`
[[nodiscard]] std::string element(std::string_view name, std::size_t index);

/// The kind of a value in words, for errors: "a number".
[[nodiscard]] std::string_view kind_name(const boost::json::value& value) noexcept;

}  // namespace baton
