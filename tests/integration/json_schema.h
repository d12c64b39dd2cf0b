// A small JSON Schema checker for what openapi.yaml uses, and the YAML to read that page with.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace baton::test {

/// A YAML file as JSON. Plain scalars become null, booleans, numbers or text as YAML 1.2 says.
[[nodiscard]] boost::json::value read_yaml(const std::string& file);

/// Follows `$ref` ("#/components/…") until there is none. Throws std::out_of_range when one leads
/// nowhere.
[[nodiscard]] const boost::json::object& resolved(
    const boost::json::value& document, const boost::json::value& schema);

/// What is wrong with `value`, each line with its place; empty: nothing. Knows type, enum,
/// required, properties, additionalProperties, items, minItems, maxItems, minLength, maxLength,
/// minimum, maximum, allOf, oneOf, $ref; a keyword that it does not know is an error too, so that
/// no rule of the page goes unchecked.
[[nodiscard]] std::vector<std::string> check_schema(const boost::json::value& document,
    const boost::json::value& schema, const boost::json::value& value);

}  // namespace baton::test
