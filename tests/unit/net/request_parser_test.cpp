#include "net/request_parser.h"

#include <gtest/gtest.h>

namespace baton::net {
namespace {

constexpr RequestParser::Limits small{.header_max = 200, .body_max = 10};

/// Feeds `bytes` in pieces of `step`, as a socket would.
Result<std::string> feed_all(RequestParser& parser, std::string_view bytes, std::size_t step) {
    std::string unread;
    while (!bytes.empty() && !parser.done()) {
        unread += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        BATON_TRY(const auto used, parser.feed(unread));
        unread.erase(0, used);
    }
    return unread + std::string(bytes);
}

Errc refused(std::string_view bytes, std::size_t step) {
    RequestParser parser(small);
    const auto result = feed_all(parser, bytes, step);
    EXPECT_FALSE(result) << bytes;
    return result ? Errc::internal : result.error().code;
}

TEST(RequestParser, reads_the_same_however_the_bytes_are_cut) {
    const std::string bytes =
        "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello"
        "PURGE /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;ext=1\r\nfoo\r\n3\r\nbar\r\n0\r\nX-A: trailer\r\n\r\n"
        "GET /c HTTP/1.0\r\n\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        RequestParser parser(small);
        auto rest = feed_all(parser, bytes, step);
        ASSERT_TRUE(rest) << to_string(rest.error());
        ASSERT_TRUE(parser.done());
        EXPECT_TRUE(parser.keep_alive());
        const auto first = parser.take();
        EXPECT_EQ(first.method, Method::post);
        EXPECT_EQ(first.target, "/a?b=c");
        EXPECT_EQ(first.fields.all().size(), 4U);
        EXPECT_EQ(first.fields.all()[2].second, "2");
        EXPECT_EQ(first.body, "hello");

        rest = feed_all(parser, std::string(*rest), step);
        ASSERT_TRUE(rest) << to_string(rest.error());
        const auto second = parser.take();
        EXPECT_EQ(second.method, Method::other);
        EXPECT_EQ(second.method_text, "PURGE");
        EXPECT_EQ(second.body, "foobar");
        EXPECT_FALSE(second.fields.has("X-A"));

        rest = feed_all(parser, std::string(*rest), step);
        ASSERT_TRUE(rest) << to_string(rest.error());
        EXPECT_TRUE(parser.is_http_1_0());
        EXPECT_FALSE(parser.keep_alive());
        EXPECT_EQ(parser.take().target, "/c");
        EXPECT_EQ(*rest, "");
    }
}

// Beast's parser ends the program when the last chunk is the first one and comes in such pieces.
TEST(RequestParser, reads_an_empty_chunked_body_however_it_is_cut) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string_view body : {"0\r\n\r\n", "00\r\n\r\n", "0;e\r\nX: y\r\n\r\n"}) {
        const std::string bytes = head + std::string(body);
        for (std::size_t step = 1; step <= bytes.size(); ++step) {
            RequestParser parser(small);
            const auto rest = feed_all(parser, bytes, step);
            ASSERT_TRUE(rest) << to_string(rest.error());
            ASSERT_TRUE(parser.done()) << body << " in steps of " << step;
            EXPECT_EQ(*rest, "");
            EXPECT_EQ(parser.take().body, "");
        }
    }
}

TEST(RequestParser, head_may_be_as_long_as_the_limit_and_no_longer) {
    const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    const std::string fits = begin + std::string(200 - begin.size() - 4, 'x') + "\r\n\r\n";
    ASSERT_EQ(fits.size(), 200U);
    const std::string longer = begin + std::string(200 - begin.size() - 3, 'x') + "\r\n\r\n";
    const std::string long_line = "GET /" + std::string(300, 'x');
    for (const std::size_t step : {1, 7, 199, 200, 201, 1000}) {
        RequestParser parser(small);
        EXPECT_TRUE(feed_all(parser, fits, step)) << step;
        EXPECT_TRUE(parser.done());
        EXPECT_EQ(refused(longer, step), Errc::header_too_large) << step;
        EXPECT_EQ(refused(long_line, step), Errc::header_too_large) << step;
        EXPECT_EQ(refused(std::string(300, '\r') + "\n", step), Errc::invalid_argument) << step;
    }
    std::string blank_lines;
    for (int i = 0; i < 150; ++i) blank_lines += "\r\n";
    EXPECT_EQ(refused(blank_lines, 2), Errc::header_too_large);
}

TEST(RequestParser, body_may_be_as_long_as_the_limit_and_no_longer) {
    const std::string sized = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::size_t step : {1, 5, 1000}) {
        RequestParser parser(small);
        EXPECT_TRUE(feed_all(parser, sized + "10\r\n\r\n0123456789", step));
        EXPECT_EQ(parser.take().body, "0123456789");
        EXPECT_TRUE(feed_all(parser, chunked + "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", step));
        EXPECT_EQ(parser.take().body, "0123456789");
        EXPECT_EQ(refused(sized + "11\r\n\r\n", step), Errc::payload_too_large);
        EXPECT_EQ(refused(sized + "99999999999999999999999\r\n\r\n", step), Errc::invalid_argument);
        EXPECT_EQ(refused(chunked + "4\r\n0123\r\n7\r\n", step), Errc::payload_too_large);
        EXPECT_EQ(refused(chunked + "FFFFFFFFFFFFFFFF\r\n", step), Errc::payload_too_large);
    }
}

TEST(RequestParser, chunk_headers_and_trailers_are_bounded) {
    const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(refused(chunked + "1;x=" + std::string(300, 'a'), 50), Errc::header_too_large);
    EXPECT_EQ(refused(chunked + "0\r\nX: " + std::string(300, 'a'), 50), Errc::header_too_large);
    EXPECT_EQ(refused(chunked + std::string(300, '0'), 50), Errc::header_too_large);
}

// A client that sends a byte in each chunk and much around it costs more than its body's length.
TEST(RequestParser, chunk_extensions_and_trailers_of_a_body_are_bounded_together) {
    const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunk = "1;" + std::string(39, 'x') + "\r\na\r\n";
    const std::string five = chunk + chunk + chunk + chunk + chunk;
    for (const std::size_t step : {1, 7, 1000}) {
        RequestParser parser(small);
        EXPECT_TRUE(feed_all(parser, chunked + five + "0\r\n\r\n", step));
        EXPECT_EQ(parser.take().body, "aaaaa");
        EXPECT_EQ(refused(chunked + five + "0\r\nX", step), Errc::header_too_large);
    }
}

// An extension whose quote never closes ends with its line. Beast's reader counted the chunk's size
// once more with each piece that arrived, until the body was too large.
TEST(RequestParser, a_chunk_header_counts_once_however_it_is_cut) {
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2;ext=\"\r\nfo\r\n8 ; a\r\nobar\r\nab\r\n0\r\n\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        RequestParser parser(small);
        const auto rest = feed_all(parser, bytes, step);
        ASSERT_TRUE(rest) << to_string(rest.error());
        ASSERT_TRUE(parser.done());
        EXPECT_EQ(parser.take().body, "foobar\r\nab");
    }
}

TEST(RequestParser, refuses_what_peers_could_read_differently) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    for (const std::string& bytes : {
             std::string("GET / HTTP/1.1\r\n\r\n"),
             std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
             std::string("GET / HTTP/2.0\r\n\r\n"),
             std::string("GET /\r\n\r\n"),
             std::string("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
             head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
             head + "Content-Length: -1\r\n\r\n",
             head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             head + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
             head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
             head + "X : 1\r\n\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n1 x\r\na\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n1;x\na\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n",
             head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\nY: b\r\n",
         }) {
        EXPECT_EQ(refused(bytes, 1'000), Errc::invalid_argument) << bytes;
        EXPECT_EQ(refused(bytes, 1), Errc::invalid_argument) << bytes;
    }
    EXPECT_EQ(refused(head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 1'000), Errc::unsupported);
    EXPECT_EQ(refused(head + "Transfer-Encoding: identity\r\n\r\n", 1'000), Errc::unsupported);
}

TEST(RequestParser, client_waits_for_continue_until_its_body_begins) {
    const std::string head =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n";
    RequestParser parser(small);
    EXPECT_FALSE(parser.expects_continue());
    ASSERT_TRUE(parser.feed(head));
    EXPECT_TRUE(parser.expects_continue());
    ASSERT_TRUE(parser.feed("h"));
    EXPECT_FALSE(parser.expects_continue());
}

TEST(RequestParser, large_body_can_be_written_in_place) {
    RequestParser parser({.header_max = 200, .body_max = 3'000'000});
    ASSERT_TRUE(parser.feed("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\nab"));
    std::size_t written = 2;
    while (!parser.done()) {
        const auto space = parser.body_space();
        ASSERT_FALSE(space.empty());
        // What is announced does not take memory; what came does.
        ASSERT_LE(space.size(), std::max<std::size_t>(262'144, written));
        std::ranges::fill(space, 'c');
        parser.body_filled(space.size());
        written += space.size();
    }
    EXPECT_TRUE(parser.body_space().empty());
    EXPECT_EQ(parser.take().body, "ab" + std::string(1'999'998, 'c'));
}

}  // namespace
}  // namespace baton::net
