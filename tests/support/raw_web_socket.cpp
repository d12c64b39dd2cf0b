#include "support/raw_web_socket.h"

#include <array>
#include <stdexcept>

namespace baton::test {
namespace {

void append_big_endian(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(number >> shift & 0xFF);
    }
}

std::uint64_t big_endian(std::string_view data) {
    std::uint64_t number = 0;
    for (const char c : data) number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

}  // namespace

std::string client_frame(unsigned opcode, std::string_view payload, FrameShape shape) {
    constexpr std::array<unsigned char, 4> mask{0x37, 0xFA, 0x21, 0x3D};
    std::string out;
    out += static_cast<char>((shape.is_final ? 0x80U : 0U) | shape.reserved << 4U | opcode);
    const unsigned mask_bit = shape.masked ? 0x80 : 0;
    if (payload.size() < 126) {
        out += static_cast<char>(mask_bit | payload.size());
    } else if (payload.size() < 65'536) {
        out += static_cast<char>(mask_bit | 126);
        append_big_endian(out, payload.size(), 2);
    } else {
        out += static_cast<char>(mask_bit | 127);
        append_big_endian(out, payload.size(), 8);
    }
    if (!shape.masked) return out.append(payload);
    for (const auto byte : mask) out += static_cast<char>(byte);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
    }
    return out;
}

unsigned RawFrame::close_code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<unsigned>(big_endian(std::string_view(payload).substr(0, 2)));
}

std::string upgrade_request(const std::string& target, const std::string& fields) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           fields + "\r\n";
}

RawWebSocket::RawWebSocket(std::uint16_t port, const std::string& target, const std::string& fields)
    : connection_(RawConnection::connect(port)) {
    connection_.send(upgrade_request(target, fields));
    answer_ = connection_.read_response(true);
    if (answer_.status != 101) throw std::runtime_error("no WebSocket: " + answer_.head);
}

void RawWebSocket::send_close(unsigned code) {
    std::string payload;
    append_big_endian(payload, code, 2);
    connection_.send(client_frame(8, payload));
}

RawFrame RawWebSocket::read() {
    const std::string head = connection_.take(2);
    RawFrame frame{.opcode = static_cast<unsigned char>(head[0]) & 0x0FU};
    std::uint64_t length = static_cast<unsigned char>(head[1]);
    if (length == 126) length = big_endian(connection_.take(2));
    if (length == 127) length = big_endian(connection_.take(8));
    frame.payload = connection_.take(length);
    return frame;
}

std::string RawWebSocket::read_text() {
    while (true) {
        auto frame = read();
        if (frame.opcode == 1) return frame.payload;
        if (frame.opcode == 9) connection_.send(client_frame(10, frame.payload));
        if (frame.opcode == 8) {
            throw std::runtime_error("closed with " + std::to_string(frame.close_code()));
        }
    }
}

}  // namespace baton::test
