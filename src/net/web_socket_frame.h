// WebSocket frames (RFC 6455, 5) from bytes and into bytes, without I/O: the server's side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/web_socket.h"

namespace baton::net {

/// What a frame is; the numbers of the wire.
enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// Appends one whole, unmasked frame. `payload` of close, ping and pong: at most 125 bytes.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// The payload of a close frame. A reason beyond 123 bytes is cut.
[[nodiscard]] std::string close_payload(CloseCode code, std::string_view reason);

/// Why the peer's frames can't be read on, as the close frame says it.
struct FrameFault {
    CloseCode code = CloseCode::protocol_error;
    std::string_view reason;
};

/// Reads the frames of one client. After a fault the connection is lost. Not thread-safe.
class FrameReader final {
public:
    enum class Event : std::uint8_t {
        none,   ///< all of `data` is used up, or what is left is the beginning of a header
        text,   ///< a whole message: `take_message`
        ping,   ///< `control` is to be sent back
        pong,   ///< a sign of life
        close,  ///< `control` is to be sent back; nothing more comes
    };
    struct Step {
        std::size_t used = 0;  ///< bytes of `data`; what is left stands in front of the next ones
        Event event = Event::none;
    };

    /// `message_max`: bytes of one message, however many frames it comes in.
    explicit FrameReader(std::size_t message_max) noexcept : message_max_(message_max) {}

    /// Reads up to and with the first event. Memory is taken as bytes come, not as they are
    /// announced. Faults: protocol_error; message_too_big (as soon as it is announced);
    /// unsupported_data (binary); invalid_payload (no UTF-8).
    [[nodiscard]] std::expected<Step, FrameFault> feed(std::string_view data);

    /// The message of the last `text` event.
    [[nodiscard]] std::string take_message();
    /// The payload of the last control frame; of a close frame the code alone.
    [[nodiscard]] std::string_view control() const noexcept { return control_; }

    /// Whether the next bytes belong to a frame that has begun.
    [[nodiscard]] bool inside_frame() const noexcept { return in_payload_; }

private:
    struct Head {
        Opcode opcode = Opcode::text;
        bool is_final = false;
        std::uint64_t length = 0;
        std::array<unsigned char, 4> mask{};
        std::size_t size = 0;  ///< of the head itself
    };

    /// Nothing while the head is incomplete.
    [[nodiscard]] static std::expected<std::optional<Head>, FrameFault> read_head(
        std::string_view data);
    [[nodiscard]] std::optional<FrameFault> begin_frame(const Head& head);
    void take_payload(std::string_view data);
    [[nodiscard]] std::expected<Event, FrameFault> end_frame();
    [[nodiscard]] std::expected<Event, FrameFault> end_close();

    std::size_t message_max_;
    Head head_;
    std::uint64_t taken_ = 0;  ///< bytes of the frame's payload so far
    bool in_payload_ = false;
    bool in_message_ = false;  ///< a text frame came without the FIN bit
    std::string message_;
    std::string control_;
};

}  // namespace baton::net
