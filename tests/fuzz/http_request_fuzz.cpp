// libFuzzer: the requests of one connection are the same however its bytes are cut and whichever
// way a body is read; limits hold; a target that is read is UTF-8. The first byte of the input says
// where the cuts are, its high bit how small the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "net/request_parser.h"

namespace {

using baton::net::Request;
using baton::net::RequestParser;

struct Read {
    std::vector<Request> requests;
    bool failed = false;
};

/// How the bytes reach the parser: at most `step` at a time; bodies of known length through
/// `body_space` when `direct`.
struct Manner {
    std::size_t step = 1;
    bool direct = false;
};

void check(const Request& request, RequestParser::Limits limits) {
    if (request.body.size() > limits.body_max) std::abort();
    std::size_t head = request.target.size() + request.method_text.size();
    for (const auto& [name, value] : request.fields.all()) head += name.size() + value.size();
    if (head > limits.header_max) std::abort();

    Request split;
    if (!baton::net::parse_target(request.target, split)) return;
    if (!baton::is_utf8(split.path)) std::abort();
    if (!split.path.starts_with('/') && split.path != "*") std::abort();
    for (const auto& [name, value] : split.query) {
        if (!baton::is_utf8(name) || !baton::is_utf8(value)) std::abort();
    }
}

Read read(std::string_view bytes, Manner manner, RequestParser::Limits limits) {
    RequestParser parser(limits);
    Read result;
    std::string unread;
    while (true) {
        if (parser.done()) {
            result.requests.push_back(parser.take());
            check(result.requests.back(), limits);
        } else if (bytes.empty()) {
            return result;
        } else if (const auto space = parser.body_space();
            manner.direct && unread.empty() && !space.empty()) {
            const std::size_t size = std::min({space.size(), manner.step, bytes.size()});
            std::copy_n(bytes.data(), size, space.data());
            bytes.remove_prefix(size);
            parser.body_filled(size);
            continue;
        } else {
            const std::size_t size = std::min(manner.step, bytes.size());
            unread += bytes.substr(0, size);
            bytes.remove_prefix(size);
        }
        // What is left over may hold further requests.
        while (!parser.done() && !unread.empty()) {
            const auto used = parser.feed(unread);
            if (!used) {
                result.failed = true;
                return result;
            }
            if (*used > unread.size()) std::abort();
            unread.erase(0, *used);
            if (*used == 0) break;
        }
    }
}

bool same(const Request& a, const Request& b) {
    return a.method == b.method && a.method_text == b.method_text && a.target == b.target &&
           a.fields.all() == b.fields.all() && a.body == b.body;
}

bool same(const Read& a, const Read& b) {
    const auto same_request = [](const Request& x, const Request& y) { return same(x, y); };
    return a.failed == b.failed && std::ranges::equal(a.requests, b.requests, same_request);
}

bool same_in_all_manners(std::string_view bytes, std::size_t step, RequestParser::Limits limits) {
    const Read whole = read(bytes, {.step = bytes.size()}, limits);
    return same(whole, read(bytes, {.step = step}, limits)) &&
           same(whole, read(bytes, {.step = step, .direct = true}, limits)) &&
           same(whole, read(bytes, {.step = 1}, limits));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0] % 32;
    RequestParser::Limits limits;
    if (data[0] >= 128) limits = {.header_max = 80, .body_max = 12};
    std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    // A fault in a line that is not complete may be found now or at its end: some more ends make
    // all find it, unless a body swallows them.
    for (int i = 0; i < 4; ++i) {
        bytes += "\r\n\r\n\r\n\r\n";
        if (same_in_all_manners(bytes, step, limits)) return 0;
    }
    std::abort();
}
