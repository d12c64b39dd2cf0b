#include "llm/line_parser.h"

#include <fmt/core.h>

namespace baton::llm {

Result<void> LineParser::feed(std::string_view bytes, const LineSink& sink) {
    if (error_) return fail(*error_);
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        if (line_.size() + part.size() > line_max_) {
            error_ = Error{.code = Errc::provider_protocol,
                .detail = fmt::format("a line of the answer is over {} bytes", line_max_)};
            return fail(*error_);
        }
        line_ += part;
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        std::string line = rest();
        if (line.find_first_not_of(" \t\r") != std::string::npos) sink(std::move(line));
    }
    return {};
}

}  // namespace baton::llm
