// libFuzzer: WebSocket frames come from strangers. However the bytes are cut, the same messages,
// the same control frames and the same fault come out, and no message exceeds its limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "net/web_socket_frame.h"

namespace {

using baton::net::FrameReader;

constexpr std::size_t message_max = 4'096;

/// What a reader made of the bytes, in words. `step`: how many come at a time.
std::string transcript(std::string_view data, std::size_t step) {
    FrameReader reader(message_max);
    std::string unread;
    std::string out;
    while (!data.empty()) {
        unread += data.substr(0, step);
        data.remove_prefix(std::min(step, data.size()));
        while (true) {
            const auto read = reader.feed(unread);
            if (!read) return out + "fault " + std::to_string(static_cast<int>(read.error().code));
            if (read->used > unread.size()) std::abort();
            unread.erase(0, read->used);
            if (read->event == FrameReader::Event::none) break;
            if (read->event == FrameReader::Event::text) {
                const std::string message = reader.take_message();
                if (message.size() > message_max || !baton::is_utf8(message)) std::abort();
                out += "text " + message + '\n';
            } else {
                if (reader.control().size() > 125) std::abort();
                out += std::to_string(static_cast<int>(read->event)) + ' ';
                out += std::string(reader.control()) + '\n';
            }
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = 1 + data[0] % 16;
    if (transcript(bytes, step) != transcript(bytes, bytes.size() + 1)) std::abort();
    return 0;
}
