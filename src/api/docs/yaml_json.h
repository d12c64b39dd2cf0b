// YAML as JSON, for the document that browsers read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::api::docs {

/// The same document as JSON. Plain scalars are null, booleans and numbers as YAML 1.2's core
/// schema has them, quoted ones are text. Anchors and tags are not looked at. Fails:
/// invalid_argument.
[[nodiscard]] Result<std::string> json_of_yaml(std::string_view yaml);

}  // namespace baton::api::docs
