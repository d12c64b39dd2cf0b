// Metrics as JSON, out of the text that Prometheus reads.
#pragma once

#include <string_view>

#include <boost/json/array.hpp>

namespace baton::api::rest {

/// [{"name","type","help","samples":[{"name","labels":{},"value"}]}] of text in the format 0.0.4.
/// A sample's name has the suffix of its kind (`_bucket`, `_sum`, `_count`); a value that JSON has
/// no number for is text. Lines that are not understood are left out.
[[nodiscard]] boost::json::array metrics_json(std::string_view text);

}  // namespace baton::api::rest
