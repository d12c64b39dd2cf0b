// The grammar of RFC 6455, from bytes alone.
#include "net/web_socket_frame.h"

#include <gtest/gtest.h>

#include "support/raw_web_socket.h"

namespace baton::net {
namespace {

using test::client_frame;
using Event = FrameReader::Event;

/// The code of the fault that `bytes` run into; 0: none.
unsigned fault_of(const std::string& bytes, std::size_t message_max = 1'000) {
    FrameReader reader(message_max);
    std::string_view rest = bytes;
    while (true) {
        const auto step = reader.feed(rest);
        if (!step) return static_cast<unsigned>(step.error().code);
        rest.remove_prefix(step->used);
        if (step->event == Event::none) return 0;
    }
}

TEST(WebSocketFrame, a_message_is_read_at_every_length_form) {
    for (const std::size_t size : {0U, 1U, 7U, 125U, 126U, 65'535U, 65'536U, 200'001U}) {
        FrameReader reader(1'000'000);
        std::string text(size, 'a');
        for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
        const auto bytes = client_frame(1, text);
        const auto step = reader.feed(bytes);
        ASSERT_TRUE(step) << size;
        EXPECT_EQ(step->used, bytes.size());
        ASSERT_EQ(step->event, Event::text) << size;
        EXPECT_EQ(reader.take_message(), text) << size;
    }
}

TEST(WebSocketFrame, bytes_may_come_one_by_one) {
    FrameReader reader(1'000);
    const std::string text(300, 'x');
    const auto bytes = client_frame(1, text.substr(0, 200), {.is_final = false}) +
                       client_frame(9, "beat") + client_frame(0, text.substr(200));
    std::string unread;
    std::string events;
    for (const char c : bytes) {
        unread += c;
        const auto step = reader.feed(unread);
        ASSERT_TRUE(step);
        unread.erase(0, step->used);
        if (step->event == Event::ping) events += "ping:" + std::string(reader.control());
        if (step->event == Event::text) events += " text";
    }
    EXPECT_EQ(events, "ping:beat text");
    EXPECT_EQ(reader.take_message(), text);
}

TEST(WebSocketFrame, what_breaks_the_protocol_is_a_fault) {
    EXPECT_EQ(fault_of(client_frame(1, "x", {.masked = false})), 1002U);
    EXPECT_EQ(fault_of(client_frame(1, "x", {.reserved = 4})), 1002U);
    for (const unsigned opcode : {3U, 7U, 11U, 15U}) {
        EXPECT_EQ(fault_of(client_frame(opcode, "")), 1002U) << opcode;
    }
    EXPECT_EQ(fault_of(client_frame(9, std::string(126, 'x'))), 1002U);
    EXPECT_EQ(fault_of(client_frame(9, "x", {.is_final = false})), 1002U);
    EXPECT_EQ(fault_of(client_frame(0, "x")), 1002U);
    EXPECT_EQ(fault_of(client_frame(1, "x", {.is_final = false}) + client_frame(1, "y")), 1002U);
    EXPECT_EQ(fault_of(std::string("\x81\xFE\x00\x7D", 4) + "mask"), 1002U) << "length form";
    EXPECT_EQ(
        fault_of(std::string("\x81\xFF\x80\x00\x00\x00\x00\x00\x00\x00", 10) + "mask"), 1002U);
    EXPECT_EQ(fault_of(client_frame(2, "x")), 1003U);
    EXPECT_EQ(fault_of(client_frame(1, "\xC3\x28")), 1007U);
    EXPECT_EQ(fault_of(client_frame(8, "x")), 1002U);
    for (const std::string_view code :
        {"\x03\xE7", "\x03\xED", "\x03\xEE", "\x03\xF7", "\x13\x88"}) {
        EXPECT_EQ(fault_of(client_frame(8, code)), 1002U);
    }
    EXPECT_EQ(fault_of(client_frame(8, "\x03\xE8\xFF")), 1007U);
    EXPECT_EQ(fault_of(client_frame(8, "\x03\xE8 bye")), 0U);
    EXPECT_EQ(fault_of(client_frame(8, "")), 0U);
}

TEST(WebSocketFrame, a_message_one_byte_too_big_is_refused_as_soon_as_it_is_announced) {
    EXPECT_EQ(fault_of(client_frame(1, std::string(1'000, 'x'))), 0U);
    EXPECT_EQ(fault_of(client_frame(1, std::string(1'001, 'x'))), 1009U);
    EXPECT_EQ(fault_of(client_frame(1, std::string(1'001, 'x')).substr(0, 8)), 1009U);
    EXPECT_EQ(fault_of(client_frame(1, std::string(600, 'x'), {.is_final = false}) +
                       client_frame(0, std::string(401, 'x'))),
        1009U);
}

TEST(WebSocketFrame, a_character_may_be_cut_by_a_fragment) {
    FrameReader reader(100);
    const auto bytes = client_frame(1, "\xC3", {.is_final = false}) + client_frame(0, "\xA4");
    const auto step = reader.feed(bytes);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->event, Event::text);
    EXPECT_EQ(reader.take_message(), "\xC3\xA4");
}

TEST(WebSocketFrame, written_frames_have_the_shortest_length) {
    const auto head_of = [](std::size_t size) {
        std::string out;
        append_frame(out, Opcode::text, std::string(size, 'x'));
        return out.substr(0, out.size() - size);
    };
    EXPECT_EQ(head_of(125), "\x81\x7D");
    EXPECT_EQ(head_of(126), std::string("\x81\x7E\x00\x7E", 4));
    EXPECT_EQ(head_of(65'536), std::string("\x81\x7F\0\0\0\0\0\x01\0\0", 10));
    EXPECT_EQ(close_payload(CloseCode::policy_violation, std::string(200, 'r')).size(), 125U);
    EXPECT_EQ(close_payload(CloseCode::no_status, "r"), "");
}

}  // namespace
}  // namespace baton::net
