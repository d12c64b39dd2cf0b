// JSON as providers send it, read leniently, and the bits of it that several of them want.
#pragma once

#include <cstdint>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "base/secret.h"

namespace baton::llm {

/// The member `name`; null when `value` is no object or has none.
[[nodiscard]] const boost::json::value* member(
    const boost::json::value& value, std::string_view name) noexcept;

/// The member as text; empty when it is none.
[[nodiscard]] std::string_view text_of(
    const boost::json::value& value, std::string_view name) noexcept;

/// The member as a count; 0 when it is none.
[[nodiscard]] std::uint64_t count_of(
    const boost::json::value& value, std::string_view name) noexcept;

/// One object of an answer, also one with characters cut in two (`surrogates.h`): then its texts
/// may hold halves. Fails: provider_protocol on what is no JSON object; what its member `error`
/// stands for, when it has one.
[[nodiscard]] Result<boost::json::value> parse_answer(std::string_view text, const Secret& key);

/// A text that was read as JSON before, again; null when it is none.
[[nodiscard]] boost::json::value value_of_text(std::string_view text);

/// A call's arguments as an object, for providers that want one. What a model wrote wrongly is
/// kept: `{"arguments": "the text"}`.
[[nodiscard]] boost::json::object arguments_object(std::string_view arguments);

}  // namespace baton::llm
