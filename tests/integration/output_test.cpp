// The output of a message over HTTP, as server-sent events that survive the daemon's restart; and
// logs, through the CLI.
#include <gtest/gtest.h>

#include "client/log_client.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

std::uint16_t port_of(const Daemon& daemon) {
    return static_cast<std::uint16_t>(std::stoi(daemon.url().substr(daemon.url().rfind(':') + 1)));
}

Finished cli(const Daemon& daemon, std::vector<std::string> arguments) {
    auto finished = run_cli(daemon, std::move(arguments));
    EXPECT_EQ(finished.exit.status, 0) << finished.err;
    return finished;
}

/// Opens the stream of events; what is read first is the head.
RawConnection follow(const Daemon& daemon, const MessageId& id, const std::string& fields = {}) {
    auto connection = RawConnection::connect(port_of(daemon));
    connection.send("GET /v1/messages/" + id.text() +
                    "/output HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n" +
                    "Authorization: Bearer " + daemon.admin_key() + "\r\n" + fields + "\r\n");
    const auto head = connection.read_until("\r\n\r\n");
    EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
    EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos) << head;
    return connection;
}

struct Leased {
    MessageId id;
    Receipt receipt;
};

Leased post_and_lease(const Daemon& daemon) {
    cli(daemon, {"queue", "create", "mail"});
    cli(daemon, {"queue", "post", "mail", "work"});
    DaemonSession session(daemon);
    IoPool pool{1};
    client::PopOptions options;
    options.lease = Duration(3'600'000);
    const auto popped = pool.run(session.queues.pop(QueueName("mail"), options)).value();
    return {.id = popped.at(0).message.id, .receipt = popped.at(0).receipt};
}

void say(const Daemon& daemon, const Receipt& receipt, const std::string& text) {
    DaemonSession session(daemon);
    IoPool pool{1};
    client::OutputClient outputs(session.connection);
    std::vector<Bytes> events;
    events.emplace_back(text);
    const auto said = pool.run(outputs.append(receipt, std::move(events)));
    ASSERT_TRUE(said) << to_string(said.error());
}

TEST(Output, events_reach_a_reader_as_they_are_said_and_end_with_the_message) {
    const auto daemon = Daemon::start();
    const auto [id, receipt] = post_and_lease(*daemon);
    auto reader = follow(*daemon, id);
    say(*daemon, receipt, "one");
    EXPECT_NE(reader.read_until("\n\n").find(R"(:)"), std::string::npos);
    const auto first = reader.read_until(R"("data":"one"})");
    EXPECT_NE(first.find("id: 0\n"), std::string::npos) << first;
    say(*daemon, receipt, "two");
    EXPECT_NE(reader.read_until(R"("data":"two"})").find("id: 1\n"), std::string::npos);
    cli(*daemon, {"queue", "ack", "mail", receipt.text()});
    EXPECT_NE(
        reader.read_until("0\r\n\r\n").find("event: end\ndata: {\"next\":2}"), std::string::npos);
    const auto printed = cli(*daemon, {"queue", "output", id.text(), "--follow"});
    EXPECT_EQ(printed.out, "one\ntwo\n");
}

TEST(Output, a_reader_goes_on_after_a_restart_with_the_last_id_it_saw) {
    const auto daemon = Daemon::start();
    const auto [id, receipt] = post_and_lease(*daemon);
    say(*daemon, receipt, "one");
    say(*daemon, receipt, "two");
    {
        auto reader = follow(*daemon, id);
        EXPECT_NE(reader.read_until(R"("data":"one"})"), "");
        daemon->kill9();
    }
    daemon->restart();
    auto reader = follow(*daemon, id, "Last-Event-ID: 0\r\n");
    const auto next = reader.read_until("\n\n");
    EXPECT_EQ(next.find("one"), std::string::npos) << next;
    EXPECT_NE(next.find(R"("data":"two"})"), std::string::npos) << next;
    say(*daemon, receipt, "three");  // the lease survived too
    EXPECT_NE(reader.read_until(R"("data":"three"})"), "");
}

TEST(Output, a_daemon_that_stops_ends_the_stream_whole) {
    const auto daemon = Daemon::start();
    const auto [id, receipt] = post_and_lease(*daemon);
    auto reader = follow(*daemon, id);
    say(*daemon, receipt, "one");
    EXPECT_NE(reader.read_until(R"("data":"one"})"), "");
    daemon->terminate();
    EXPECT_TRUE(reader.read_to_end().ends_with("0\r\n\r\n"));
    EXPECT_TRUE(daemon->wait_exit());
}

TEST(Output, of_a_message_to_an_agent_is_what_the_model_says) {
    const auto daemon = Daemon::start();
    const auto sent = cli(*daemon, {"send", "hello there", "--json"});
    const std::string_view before = R"({"id":")";
    ASSERT_TRUE(sent.out.starts_with(before)) << sent.out;
    auto reader = follow(*daemon, MessageId::parse(sent.out.substr(before.size(), 26)).value());
    const auto stream = reader.read_until("event: end");
    std::string said;
    const std::string_view data = R"("data":")";
    for (auto at = stream.find(data); at != std::string::npos; at = stream.find(data, at + 1)) {
        const auto begin = at + data.size();
        said += stream.substr(begin, stream.find('"', begin) - begin);
    }
    EXPECT_TRUE(said.ends_with("hello there")) << stream;
}

TEST(Logs, are_read_by_each_subscription_at_its_own_pace) {
    const auto daemon = Daemon::start();
    cli(*daemon, {"queue", "create", "events", "--mode", "log"});
    cli(*daemon, {"log", "subscribe", "events", "audit"});
    cli(*daemon, {"log", "subscribe", "events", "late", "--from", "latest"});
    cli(*daemon, {"queue", "post", "events", "first"});
    cli(*daemon, {"queue", "post", "events", "second"});
    const auto read = cli(*daemon, {"log", "fetch", "events", "audit", "--max", "1", "--commit"});
    EXPECT_NE(read.out.find("first"), std::string::npos) << read.out;
    EXPECT_EQ(read.out.find("second"), std::string::npos) << read.out;
    const auto list = cli(*daemon, {"log", "list", "events", "--json"});
    EXPECT_NE(list.out.find(R"({"name":"audit","committed":1,"lag":1})"), std::string::npos)
        << list.out;
    cli(*daemon, {"log", "seek", "events", "audit", "earliest"});
    const auto again = cli(*daemon, {"log", "fetch", "events", "audit"});
    EXPECT_NE(again.out.find("first"), std::string::npos) << again.out;
    cli(*daemon, {"log", "commit", "events", "audit", "2"});
    EXPECT_NE(
        cli(*daemon, {"log", "truncate", "events", "2"}).out.find("removed 1"), std::string::npos);
    cli(*daemon, {"log", "unsubscribe", "events", "late"});
    const auto pop = run_cli(*daemon, {"queue", "pop", "events"});
    EXPECT_EQ(pop.exit.status, 2) << "unsupported: " << pop.err;
}

}  // namespace
}  // namespace baton::test
