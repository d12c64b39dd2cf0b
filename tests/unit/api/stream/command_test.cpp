#include "api/stream/command.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace baton::api::stream {
namespace {

template <class T>
T read(std::string_view text) {
    auto command = read_command(text);
    if (!command) throw std::runtime_error(to_string(command.error().error));
    EXPECT_EQ(command->id, 7U);
    return std::get<T>(std::move(command->operation));
}

/// "<id or -> <code> <field>" of what is no command.
std::string refused(std::string_view text) {
    const auto command = read_command(text);
    if (command) return "accepted";
    const auto& bad = command.error();
    return (bad.id ? std::to_string(*bad.id) : "-") + " " + std::string(to_string(bad.error.code)) +
           " " + bad.error.field;
}

TEST(StreamCommand, every_operation_is_read_with_its_defaults) {
    const auto post = read<Post>(
        R"({"id":7,"op":"post","queue":"q","messages":[{"content":"a"},{"content":"b","priority":"high"}],"durability":"relaxed"})");
    EXPECT_EQ(post.queue, QueueName("q"));
    ASSERT_EQ(post.messages.size(), 2U);
    EXPECT_EQ(post.messages[1].data.priority, Level::high);
    EXPECT_EQ(post.durability, Durability::relaxed);
    const auto consume = read<Consume>(R"({"id":7,"op":"consume","queue":"q","credit":100})");
    EXPECT_EQ(consume.credit, 100U);
    EXPECT_EQ(consume.lease, Duration(30'000));
    EXPECT_FALSE(consume.level);
    const auto low = read<Consume>(
        R"({"id":7,"op":"consume","queue":"q","credit":0,"lease_ms":5,"level":"low"})");
    EXPECT_EQ(low.level, Level::low);
    EXPECT_EQ(low.lease, Duration(5));
    const auto credit = read<AddCredit>(R"({"id":7,"op":"credit","consumer":1,"add":2})");
    EXPECT_EQ(credit.consumer, 1U);
    EXPECT_EQ(credit.add, 2U);
    EXPECT_EQ(read<CancelConsumer>(R"({"id":7,"op":"cancel","consumer":3})").consumer, 3U);
    EXPECT_EQ(read<Ack>(R"({"id":7,"op":"ack","receipts":["a","b"]})").receipts.size(), 2U);
    const auto nack =
        read<Nack>(R"({"id":7,"op":"nack","receipts":["a"],"delay_ms":5,"reason":"busy"})");
    EXPECT_EQ(nack.options.delay, Duration(5));
    EXPECT_EQ(nack.options.reason, "busy");
    EXPECT_EQ(read<Extend>(R"({"id":7,"op":"extend","receipts":[]})").lease, Duration(30'000));
    const std::string id = MessageId{.queue_uid = 1, .seq = 2}.text();
    const auto reply = read<PostReply>(
        R"({"id":7,"op":"reply","message":")" + id + R"(","reply":{"result":"42"}})");
    EXPECT_EQ(reply.message.seq, 2U);
    EXPECT_EQ(reply.reply.result.view(), "42");
}

TEST(StreamCommand, what_is_wrong_is_named_with_the_id_if_there_is_one) {
    EXPECT_EQ(refused("{"), "- malformed_json ");
    EXPECT_EQ(refused("[]"), "- invalid_argument ");
    EXPECT_EQ(refused(R"({"op":"ack"})"), "- invalid_argument id");
    EXPECT_EQ(refused(R"({"id":-1,"op":"ack"})"), "- invalid_argument id");
    EXPECT_EQ(refused(R"({"id":"x","op":"ack"})"), "- invalid_argument id");
    EXPECT_EQ(refused(R"({"id":3})"), "3 invalid_argument op");
    EXPECT_EQ(refused(R"({"id":3,"op":"akc"})"), "3 invalid_argument op");
    EXPECT_EQ(refused(R"({"id":3,"op":"ack"})"), "3 invalid_argument receipts");
    EXPECT_EQ(refused(R"({"id":3,"op":"ack","receipts":[1]})"), "3 invalid_argument receipts[0]");
    EXPECT_EQ(
        refused(R"({"id":3,"op":"ack","receipts":[],"queue":"q"})"), "3 invalid_argument queue");
    EXPECT_EQ(refused(R"({"id":3,"op":"consume","queue":"q"})"), "3 invalid_argument credit");
    EXPECT_EQ(
        refused(R"({"id":3,"op":"consume","queue":"","credit":1})"), "3 invalid_argument queue");
    EXPECT_EQ(refused(R"({"id":3,"op":"credit","consumer":1,"add":0})"), "3 invalid_argument add");
    EXPECT_EQ(refused(R"({"id":3,"op":"post","queue":"q","messages":[]})"),
        "3 invalid_argument messages");
    EXPECT_EQ(refused(R"({"id":3,"op":"post","queue":"q","messages":[{"content":"a"},{}]})"),
        "3 invalid_message messages[1].content");
    EXPECT_EQ(
        refused(
            R"({"id":3,"op":"post","queue":"q","messages":[{"content":"a"}],"durability":"x"})"),
        "3 invalid_argument durability");
    EXPECT_EQ(refused(R"({"id":3,"op":"reply","message":"x","reply":{"result":"1"}})"),
        "3 invalid_argument message");
}

}  // namespace
}  // namespace baton::api::stream
