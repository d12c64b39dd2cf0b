// libFuzzer: however an event stream is cut, its events and its error are the same, and limits
// hold. Needs clang: -fsanitize=fuzzer,address,undefined, with src/llm/sse_parser.cpp.
// Seeds: tests/fuzz/corpus/sse_parser. The first byte says where the cuts are and how small the
// limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "llm/sse_parser.h"

namespace {

using baton::llm::SseEvent;
using baton::llm::SseLimits;
using baton::llm::SseParser;

struct Parsed {
    std::vector<SseEvent> events;
    std::optional<baton::Error> error;
    bool operator==(const Parsed&) const = default;
};

Parsed parse(std::string_view text, std::size_t step, SseLimits limits) {
    SseParser parser(limits);
    Parsed parsed;
    const baton::llm::SseSink sink = [&](SseEvent event) {
        if (event.data.size() > limits.event_max) std::abort();
        parsed.events.push_back(std::move(event));
    };
    while (!text.empty()) {
        const std::size_t size = std::min(step, text.size());
        const auto fed = parser.feed(text.substr(0, size), sink);
        if (!fed) parsed.error = fed.error();
        text.remove_prefix(size);
    }
    if (auto last = parser.finish()) parsed.events.push_back(*std::move(last));
    return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0] % 16;
    SseLimits limits;
    if (data[0] >= 128) limits = {.line_max = 8 + data[0] / 16U, .event_max = 4 + data[0] / 16U};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Parsed whole = parse(text, text.size() + 1, limits);
    if (!(parse(text, step, limits) == whole) || !(parse(text, 1, limits) == whole)) std::abort();
    return 0;
}
