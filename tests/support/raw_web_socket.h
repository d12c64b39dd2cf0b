// A WebSocket client that says exactly what a test wants, frame by frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/raw_http.h"

namespace baton::test {

/// How a frame breaks, or keeps, the rules.
struct FrameShape {
    bool is_final = true;
    bool masked = true;
    std::uint8_t reserved = 0;  ///< 0..7
};

/// The bytes of one frame of a client. `opcode`: 1 text, 2 binary, 8 close, 9 ping, 10 pong.
[[nodiscard]] std::string client_frame(
    unsigned opcode, std::string_view payload, FrameShape shape = {});

struct RawFrame {
    unsigned opcode = 0;
    std::string payload;

    /// The code of a close frame; 0 when it has none.
    [[nodiscard]] unsigned close_code() const;
};

/// Blocking, as RawConnection.
class RawWebSocket final {
public:
    /// Opens `target`; `fields` are further lines of the handshake, each with its CRLF. Throws when
    /// the answer is not 101.
    RawWebSocket(std::uint16_t port, const std::string& target, const std::string& fields = {});

    void send(std::string_view text) { connection_.send(client_frame(1, text)); }
    void send_close(unsigned code);
    /// The next frame.
    RawFrame read();
    /// The next text; a ping on the way is answered. Throws on a close frame.
    std::string read_text();

    [[nodiscard]] RawConnection& connection() noexcept { return connection_; }
    [[nodiscard]] const RawResponse& answer() const noexcept { return answer_; }

private:
    RawConnection connection_;
    RawResponse answer_;
};

/// The request of a handshake.
[[nodiscard]] std::string upgrade_request(
    const std::string& target, const std::string& fields = {});

}  // namespace baton::test
