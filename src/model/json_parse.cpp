#include <array>
#include <utility>

#include <boost/json/error.hpp>
#include <boost/json/parser.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"

namespace baton {
namespace {

namespace json = boost::json;

std::unexpected<Error> malformed(
    const boost::system::error_code& error, std::size_t offset, std::size_t depth_max) {
    if (error == json::error::too_deep) {
        return fail(Errc::malformed_json,
            fmt::format("nested deeper than {} levels at byte {}", depth_max, offset));
    }
    if (error == json::error::incomplete) {
        return fail(
            Errc::malformed_json, fmt::format("the text ends too early at byte {}", offset));
    }
    return fail(Errc::malformed_json, fmt::format("{} at byte {}", error.message(), offset));
}

}  // namespace

Result<json::value> parse_json(
    std::string_view text, json::storage_ptr storage, std::size_t depth_max) {
    if (!is_utf8(text)) return fail(Errc::invalid_utf8, "the text is not UTF-8");
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;  // it was looked at above, all at once
    std::array<unsigned char, 4'096>
        scratch;  // enough for most texts, so that nothing is allocated
    json::parser parser({}, options, scratch.data(), scratch.size());
    parser.reset(std::move(storage));
    boost::system::error_code error;
    const std::size_t consumed = parser.write(text.data(), text.size(), error);
    if (error) return malformed(error, consumed, depth_max);
    return parser.release();
}

}  // namespace baton
