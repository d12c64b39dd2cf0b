#include "llm/sse_parser.h"

#include <utility>

#include <fmt/core.h>

namespace baton::llm {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Result<void> SseParser::feed(std::string_view bytes, const SseSink& sink) {
    if (error_) return fail(*error_);
    while (!bytes.empty()) {
        if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t end = bytes.find_first_of("\r\n");
        const std::string_view part = bytes.substr(0, end);
        if (line_.size() + part.size() > limits_.line_max) {
            return reject(
                fmt::format("a line of the event stream is over {} bytes", limits_.line_max));
        }
        if (end == std::string_view::npos) {
            line_ += part;
            break;
        }
        skip_lf_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        BATON_TRY_VOID(end_line(part, sink));
    }
    return {};
}

Result<void> SseParser::end_line(std::string_view rest, const SseSink& sink) {
    // A line that came in one piece, as nearly all do, is read where it stands.
    std::string_view line = rest;
    if (!line_.empty()) {
        line_ += rest;
        line = line_;
    }
    if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    Result<void> taken;
    if (!line.empty()) {
        taken = take_field(line);
    } else if (std::exchange(has_data_, false)) {
        sink(std::exchange(event_, {}));
    } else {
        event_ = {};
    }
    line_.clear();
    return taken;
}

Result<void> SseParser::take_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == 0) return {};
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") {
        event_.type = value;
    } else if (name == "data") {
        const std::size_t joint = has_data_ ? 1 : 0;
        if (event_.data.size() + joint + value.size() > limits_.event_max) {
            return reject(
                fmt::format("an event of the stream is over {} bytes", limits_.event_max));
        }
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    }
    return {};
}

std::optional<SseEvent> SseParser::finish() {
    if (error_ || !line_.empty() || !std::exchange(has_data_, false)) return std::nullopt;
    return std::exchange(event_, {});
}

Result<void> SseParser::reject(std::string detail) {
    error_ = Error{.code = Errc::provider_protocol, .detail = std::move(detail)};
    return fail(*error_);
}

}  // namespace baton::llm
