// Answers whose body comes in pieces.
#include <atomic>
#include <memory>
#include <stdexcept>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include "runtime/event.h"
#include "support/eventually.h"
#include "unit/net/test_server.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::get_request;
using test::TestServer;

Handler streaming(std::function<Task<void>(BodyStream&)> stream) {
    return [stream = std::move(stream)](Request) -> Task<Response> {
        Response response;
        response.content_type = "text/event-stream";
        response.stream = stream;
        co_return response;
    };
}

Task<void> two_pieces(BodyStream& body) {
    for (const char* text : {"one", "two!"}) {
        std::string piece(text);
        const bool sent = co_await body.write(std::move(piece));
        EXPECT_TRUE(sent);
    }
}

/// Counts the lines that ask for somebody to act.
class ErrorCount final : public LogSink {
public:
    [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }
    void write(LogLevel level, std::string_view, std::string_view message,
        std::span<const LogField>) noexcept override {
        if (level == LogLevel::error) ++errors;
        if (message.starts_with("a request handler")) ++notes;
    }
    std::atomic<int> errors = 0;
    std::atomic<int> notes = 0;
};

TEST(HttpStream, a_handler_that_gives_up_on_its_client_is_no_error_and_one_that_breaks_is) {
    const auto sink = std::make_shared<ErrorCount>();
    std::atomic<bool> breaks = false;
    TestServer server(streaming([&](BodyStream& body) -> Task<void> {
        const bool sent = co_await body.write("one");
        EXPECT_TRUE(sent);
        if (breaks) throw std::runtime_error("broken");
        throw boost::system::system_error(asio::error::operation_aborted);
    }),
        {}, Log(sink, "net"));
    for (const bool broken : {false, true}) {
        breaks = broken;
        auto client = server.connect();
        client.send(get_request());
        EXPECT_FALSE(client.read_to_end().ends_with("0\r\n\r\n")) << "the body is cut off";
        EXPECT_TRUE(eventually([&] { return sink->notes == (broken ? 2 : 1); }));
        EXPECT_EQ(sink->errors, broken ? 1 : 0);
    }
}

TEST(HttpStream, pieces_leave_as_chunks_and_the_connection_goes_on) {
    TestServer server(streaming(two_pieces));
    auto client = server.connect();
    for (int i = 0; i < 3; ++i) {
        client.send(get_request());
        const auto head = client.read_until("\r\n\r\n");
        EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
        EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
        EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n");
    }
}

TEST(HttpStream, an_error_before_the_first_piece_is_a_whole_answer) {
    TestServer server([](Request) -> Task<Response> {
        Response announced;
        announced.content_type = "text/event-stream";
        announced.fields.set("X-Request-Id", "r1");
        announced.stream = [](BodyStream& body) -> Task<void> {
            Response refusal{.status = 429, .body = "{}"};
            const bool sent = co_await body.answer_instead(std::move(refusal));
            EXPECT_TRUE(sent);
            Response other;
            const bool again = co_await body.answer_instead(std::move(other));
            EXPECT_FALSE(again);
        };
        co_return announced;
    });
    auto client = server.connect();
    for (int i = 0; i < 2; ++i) {
        client.send(get_request());
        const auto answer = client.read_until("\r\n\r\n{}");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 429 ")) << answer;
        EXPECT_NE(answer.find("X-Request-Id: r1\r\n"), std::string::npos) << answer;
        EXPECT_NE(answer.find("Content-Length: 2\r\n"), std::string::npos) << answer;
        EXPECT_EQ(answer.find("chunked"), std::string::npos) << answer;
    }
}

TEST(HttpStream, after_the_first_piece_no_other_answer_is_possible) {
    TestServer server(streaming([](BodyStream& body) -> Task<void> {
        const bool sent = co_await body.write("a");
        EXPECT_TRUE(sent);
        Response refusal{.status = 500};
        const bool replaced = co_await body.answer_instead(std::move(refusal));
        EXPECT_FALSE(replaced);
    }));
    auto client = server.connect();
    client.send(get_request());
    EXPECT_TRUE(client.read_until("\r\n0\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST(HttpStream, http_1_0_gets_the_pieces_bare_until_the_end) {
    TestServer server(streaming(two_pieces));
    auto client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    const auto head = client.read_until("\r\n\r\n");
    EXPECT_EQ(head.find("chunked"), std::string::npos) << head;
    EXPECT_EQ(client.read_to_end(), "onetwo!");
}

TEST(HttpStream, head_runs_no_stream) {
    TestServer server(streaming([](BodyStream&) -> Task<void> {
        ADD_FAILURE() << "streamed";
        co_return;
    }));
    auto client = server.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(client.read_response(true).status, 200);
}

TEST(HttpStream, each_piece_arrives_before_the_next_is_made) {
    std::atomic<bool> go_on = false;
    TestServer server(streaming([&](BodyStream& body) -> Task<void> {
        std::string first("first");
        const bool sent = co_await body.write(std::move(first));
        EXPECT_TRUE(sent);
        while (!go_on) co_await sleep_until(Deadline::after(1ms));
    }));
    auto client = server.connect();
    client.send(get_request());
    EXPECT_NE(client.read_until("first\r\n"), "");
    go_on = true;
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(HttpStream, a_task_that_throws_cuts_the_answer_off) {
    TestServer server(streaming([](BodyStream& body) -> Task<void> {
        std::string piece("half");
        const bool sent = co_await body.write(std::move(piece));
        EXPECT_TRUE(sent);
        throw std::runtime_error("told to");
    }));
    auto client = server.connect();
    client.send(get_request());
    const auto all = client.read_to_end();
    EXPECT_TRUE(all.ends_with("4\r\nhalf\r\n")) << all;
}

TEST(HttpStream, a_client_that_leaves_cancels_the_task) {
    std::atomic<bool> ended = false;
    TestServer server(streaming([&](BodyStream& body) -> Task<void> {
        struct Ended {
            std::atomic<bool>& flag;
            ~Ended() { flag = true; }
        };
        const Ended note{ended};
        const bool sent = co_await body.write("a");
        EXPECT_TRUE(sent);
        co_await sleep_until(Deadline::never());
    }));
    auto client = server.connect();
    client.send(get_request());
    EXPECT_NE(client.read_until("\r\n\r\n"), "");
    client.close();
    EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST(HttpStream, a_client_that_reads_nothing_is_cut_off) {
    ServerConfig config;
    config.write_timeout = 100ms;
    std::atomic<bool> refused = false;
    TestServer server(streaming([&](BodyStream& body) -> Task<void> {
        bool sent = true;
        while (sent) {
            std::string piece(1'000'000, 'x');
            sent = co_await body.write(std::move(piece));
        }
        refused = true;
    }),
        config);
    auto client = server.connect();
    client.send(get_request());
    EXPECT_TRUE(eventually([&] { return refused.load(); }));
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="write_time"} 1)"));
}

TEST(HttpStream, a_stop_is_told_and_the_answer_ends_whole) {
    std::atomic<bool> begun = false;
    TestServer server(streaming([&](BodyStream& body) -> Task<void> {
        begun = true;
        while (!body.stopping()) co_await sleep_until(Deadline::after(1ms));
        std::string piece("bye");
        const bool sent = co_await body.write(std::move(piece));
        EXPECT_TRUE(sent);
    }));
    auto client = server.connect();
    client.send(get_request());
    EXPECT_TRUE(eventually([&] { return begun.load(); }));
    server.stop(5s);
    EXPECT_TRUE(client.read_to_end().ends_with("3\r\nbye\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace baton::net
