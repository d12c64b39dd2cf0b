// What a daemon tells of shared limits, as JSON. docs/formats/jetstream.md has the format.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/share_node.h"

namespace baton::llm {

[[nodiscard]] std::string encode_shares(const ShareEntry& entry);
/// Fails: protocol_error (it is of another version, or none; more than ShareEntry::lines_max).
[[nodiscard]] Result<ShareEntry> decode_shares(std::string_view text);

}  // namespace baton::llm
