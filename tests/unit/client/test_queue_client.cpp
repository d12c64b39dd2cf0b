// Queue calls: what is asked, and what the answers become.
#include <boost/json/parse.hpp>

#include "client/queue_client.h"
#include "model/codec.h"
#include "runtime/io_pool.h"
#include "support/scripted_client.h"

namespace baton::client {
namespace {

class QueueClientTest : public testing::Test {
protected:
    boost::json::value sent() const { return boost::json::parse(http.last().body); }

    test::ScriptedClient http;
    IoPool pool{1};
    Connection connection{http, {.url = "http://h"}};
    QueueClient queues{connection};
    QueueName mail{"mail"};
    MessageId id{.queue_uid = 7, .seq = 1};
};

TEST_F(QueueClientTest, post_sends_what_the_daemon_reads_back) {
    NewMessage text;
    text.data.content = Bytes("héllo");
    text.data.priority = Level::high;
    text.data.ordering_key = "o";
    text.data.headers = {{"a", "b"}};
    text.data.metadata = R"({"k":1})";
    text.delay = Duration(1500);
    NewMessage binary;
    binary.data.content = Bytes("\xff\x01");
    http.answer(201, messages_json(std::vector<PostedMessage>{{id, false}, {id, true}}));
    const auto posted = pool.run(queues.post(mail, {text, binary}));
    ASSERT_TRUE(posted) << to_string(posted.error());
    EXPECT_EQ((*posted)[0].id, id);
    EXPECT_TRUE((*posted)[1].duplicate);
    EXPECT_EQ(http.last().url, "http://h/v1/queues/mail/messages");
    const auto read = new_messages_from_json(http.last().body);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ((*read)[0], text);
    EXPECT_EQ((*read)[1], binary);
}

TEST_F(QueueClientTest, pop_gives_leased_messages) {
    LeasedMessage leased;
    leased.message.id = id;
    leased.message.queue = mail;
    leased.message.state = MessageState::leased;
    leased.message.attempts = 3;
    leased.message.data = std::make_shared<MessageData>(MessageData{.content = Bytes("x")});
    leased.receipt = {.message = id, .attempt = 3};
    http.answer(200, messages_json(std::vector<LeasedMessage>{leased}));
    const PopOptions options{.max = 5, .lease = Duration(9000), .wait = Duration(100)};
    const auto popped = pool.run(queues.pop(mail, options));
    ASSERT_TRUE(popped) << to_string(popped.error());
    ASSERT_EQ(popped->size(), 1U);
    EXPECT_EQ((*popped)[0].receipt, leased.receipt);
    EXPECT_EQ((*popped)[0].message.data->content.view(), "x");
    EXPECT_EQ(sent(), boost::json::parse(R"({"max":5,"lease_ms":9000,"wait_ms":100})"));
}

TEST_F(QueueClientTest, settling_tells_each_failure) {
    http.answer(
        200, R"({"acked":1,"errors":[{"receipt":"r2","code":"lease_lost","message":"gone"}]})");
    const auto settled = pool.run(queues.ack(mail, {"r1", "r2"}));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->count, 1U);
    ASSERT_EQ(settled->failures.size(), 1U);
    EXPECT_EQ(settled->failures[0].receipt, "r2");
    EXPECT_EQ(settled->failures[0].error.code, Errc::lease_lost);
    EXPECT_EQ(sent(), boost::json::parse(R"({"receipts":["r1","r2"]})"));
}

TEST_F(QueueClientTest, nack_and_extend_carry_their_options) {
    http.answer(200, R"({"nacked":1,"errors":[]})");
    ASSERT_TRUE(pool.run(queues.nack(mail, {"r"}, {.delay = Duration(5), .reason = "busy"})));
    EXPECT_EQ(sent(), boost::json::parse(R"({"delay_ms":5,"reason":"busy","receipts":["r"]})"));
    EXPECT_TRUE(http.last().url.ends_with("/nack"));
    http.answer(200, R"({"extended":1,"errors":[]})");
    const auto extended = pool.run(queues.extend(mail, {"r"}, Duration(7)));
    ASSERT_TRUE(extended);
    EXPECT_EQ(extended->count, 1U);
    EXPECT_EQ(sent(), boost::json::parse(R"({"lease_ms":7,"receipts":["r"]})"));
}

TEST_F(QueueClientTest, peek_pages_by_cursor) {
    http.answer(200, R"({"messages":[],"next":"42"})");
    const auto page =
        pool.run(queues.peek(mail, {.state = MessageState::dead, .cursor = "a/b", .limit = 3}));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->next, "42");
    EXPECT_EQ(http.last().url, "http://h/v1/queues/mail/messages?limit=3&state=dead&after=a%2Fb");
    http.answer(200, R"({"messages":[],"next":null})");
    EXPECT_EQ(pool.run(queues.peek(mail, {}))->next, "");
}

TEST_F(QueueClientTest, missing_list_is_a_protocol_error) {
    http.answer(200, R"({"other":1})");
    const auto list = pool.run(queues.list());
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().code, Errc::protocol_error);
}

}  // namespace
}  // namespace baton::client
