// What strangers and mistaken clients send: always status 200, a typed error or the very bytes, and
// nothing half done.
#include <array>

#include "service/output_service.h"
#include "service/queue_service.h"
#include "unit/api/krpc/krpc_fixture.h"

namespace baton::test {
namespace {

using boost::json::serialize;

class KrpcBadInput : public KrpcFixture {
protected:
    /// "code at field" of an answer to these bytes.
    std::string wrong_in(std::string body) {
        const auto answer = send(std::move(body));
        const auto* info = answer.as_object().if_contains("error_info");
        if (info == nullptr) return "none: " + serialize(answer);
        const auto& details = info->at("details").as_object();
        const auto* field = details.if_contains("field");
        return std::string(info->at("code").as_string()) + " at " +
               (field == nullptr ? "" : std::string(field->as_string()));
    }
    std::string post_failure(std::string_view message) {
        return failure(
            "post_message", fmt::format(R"({{"queue_id":"mail","message":{}}})", message));
    }
    /// A post of a message with one more field; "" when it is there.
    std::string with(std::string_view name, std::string_view value) {
        const auto said = post_failure(fmt::format(R"({{"content":[1],"{}":{}}})", name, value));
        return said.starts_with("none: ") ? "" : said;
    }
    static std::string quoted(std::size_t size) { return '"' + std::string(size, 'x') + '"'; }
};

TEST_F(KrpcBadInput, calls_without_shape_are_answered_with_status_200) {
    EXPECT_EQ(wrong_in(""), "malformed_json at ");
    EXPECT_EQ(wrong_in("hello"), "malformed_json at ");
    EXPECT_EQ(wrong_in("\xff\xfe"), "invalid_utf8 at ");
    EXPECT_EQ(wrong_in("[]"), "invalid_argument at ");
    EXPECT_EQ(wrong_in("null"), "invalid_argument at ");
    EXPECT_EQ(wrong_in(R"({"method":"pop_message","params":{"queue_id":"mail"}})"),
        "unauthenticated at ");
    EXPECT_EQ(wrong_in(R"({"params":{},"sys":[1,"member-key"]})"), "invalid_argument at method");
    EXPECT_EQ(wrong_in(R"({"method":7,"sys":[1,"member-key"]})"), "invalid_argument at method");
    EXPECT_EQ(wrong_in(R"({"method":"nope","sys":[1,"member-key"]})"), "route_not_found at method");
    EXPECT_EQ(wrong_in(R"({"method":"list_queues","params":[1],"sys":[1,"member-key"]})"),
        "invalid_argument at params");
    EXPECT_EQ(wrong_in(R"({"method":"list_queues","params":{"x":1},"sys":[1,"member-key"]})"),
        "invalid_argument at x");
}

TEST_F(KrpcBadInput, a_token_is_one_of_our_keys) {
    for (const char* sys : {R"([1])", R"([1,null])", R"([1,""])", R"([1,"nope"])",
             R"([1,"Bearer member-key"])", R"([1,"member-key\n"])"}) {
        EXPECT_EQ(wrong_in(fmt::format(R"({{"method":"list_queues","sys":{}}})", sys)),
            "unauthenticated at ")
            << sys;
    }
    // Who can set a header may; the token is what counts.
    const std::string body = R"({"method":"list_queues","sys":[1,null]})";
    EXPECT_THAT(call(net::Method::post, path, body).body, testing::StartsWith(R"({"result")"));
    EXPECT_THAT(call(net::Method::post, path, R"({"method":"list_queues","sys":[1,"nope"]})").body,
        testing::StartsWith(R"({"error":"unauthenticated)"));
}

TEST_F(KrpcBadInput, what_the_gate_refuses_has_the_shape_too) {
    const auto coded = call(net::Method::post, path, "{}", {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(coded.status, 200);
    EXPECT_EQ(json_of(coded).at("error_info").at("code"), "unsupported_media_type");
    open_door({.is_gateway = false}, {krpc_door()});
    const auto closed = call(net::Method::post, path, "{}");
    EXPECT_EQ(closed.status, 200);
    EXPECT_EQ(json_of(closed).at("error_info").at("code"), "unsupported");
    EXPECT_EQ(serialize(json_of(closed).at("sys")), "[0]");
}

TEST_F(KrpcBadInput, parameters_of_the_wrong_kind_are_named) {
    EXPECT_EQ(failure("pop_message", "{}"), "invalid_argument at queue_id");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":7})"), "invalid_argument at queue_id");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":"mail","lease_ms":"1"})"),
        "invalid_argument at lease_ms");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":"mail","auto_ack":1})"),
        "invalid_argument at auto_ack");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":"mail","encoding":"hex"})"),
        "invalid_argument at encoding");
    EXPECT_EQ(
        failure("pop_message", R"({"queue_id":"mail","ack":[1]})"), "invalid_argument at ack[0]");
    EXPECT_EQ(failure("post_message", R"({"queue_id":"mail"})"), "invalid_argument at message");
    EXPECT_EQ(post_failure("7"), "invalid_message at message");
    EXPECT_EQ(post_failure("{}"), "invalid_message at message.content");
    EXPECT_EQ(post_failure(R"({"content":7})"), "invalid_message at message.content");
    EXPECT_EQ(post_failure(R"({"content":[]})"), "invalid_message at message.content");
    EXPECT_EQ(post_failure(R"({"content":"not base64"})"), "invalid_message at message.content");
    for (const char* byte : {"256", "-1", "1.5", "\"1\"", "null", "1e2", "[1]"}) {
        EXPECT_EQ(post_failure(fmt::format(R"({{"content":[1,{}]}})", byte)),
            "invalid_message at message.content[1]")
            << byte;
    }
    EXPECT_EQ(with("queue_id", "\"other\""), "invalid_message at message.queue_id");
    EXPECT_EQ(with("timestamp", "-1"), "invalid_message at message.timestamp");
    EXPECT_EQ(with("metadata", "\"text\""), "invalid_message at message.metadata");
    EXPECT_EQ(with("contents", "1"), "invalid_message at message.contents");
    EXPECT_EQ(failure("post_messages", R"({"queue_id":"mail","messages":[{"content":[1]},{}]})"),
        "invalid_message at messages[1].content");
    EXPECT_EQ(
        failure("create_queue", R"({"queue_id":"k","config":[]})"), "invalid_argument at config");
    EXPECT_EQ(failure("create_queue", R"({"queue_id":"k","config":{"max_size":-1}})"),
        "invalid_config at config.max_size");
    EXPECT_EQ(failure("create_queue", R"({"queue_id":"k","config":{"max_sice":1}})"),
        "invalid_config at config.max_sice");
    EXPECT_EQ(failure("reply_to_message", R"({"reply":{"result":[1]}})"),
        "invalid_argument at reply.message_id");
    EXPECT_EQ(failure("reply_to_message",
                  R"({"message_id":"a","reply":{"message_id":"b","result":[1]}})"),
        "invalid_argument at reply.message_id");
    EXPECT_EQ(failure("reply_to_message", R"({"reply":{"message_id":"b"}})"),
        "invalid_message at reply.result");
    EXPECT_EQ(failure("get_message_reply", "{}"), "invalid_argument at message_id");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(KrpcBadInput, parameters_of_outputs_logs_and_quotas_are_named) {
    const auto append = [&](std::string_view more) {
        return failure("append_output", fmt::format(R"({{"message_id":"m"{}}})", more));
    };
    EXPECT_EQ(failure("append_output", R"({"events":[[1]]})"), "invalid_argument at message_id");
    EXPECT_EQ(append(""), "invalid_argument at events");
    EXPECT_EQ(append(R"(,"events":[])"), "invalid_argument at events");
    EXPECT_EQ(append(R"(,"events":{})"), "invalid_argument at events");
    EXPECT_EQ(append(R"(,"events":[[1],[256]])"), "invalid_argument at events[1][0]");
    EXPECT_EQ(append(R"(,"events":["no base64"])"), "invalid_argument at events[0]");
    EXPECT_EQ(append(R"(,"events":[7])"), "invalid_argument at events[0]");
    EXPECT_EQ(append(R"(,"receipt":7,"events":[[1]])"), "invalid_argument at receipt");
    EXPECT_EQ(append(R"(,"events":[[1]])"), "message_not_found at message_id");
    const auto read = [&](std::string_view more) {
        return failure("read_output", fmt::format(R"({{"message_id":"m"{}}})", more));
    };
    EXPECT_EQ(read(R"(,"from":-1)"), "invalid_argument at from");
    EXPECT_EQ(read(R"(,"max":"1")"), "invalid_argument at max");
    EXPECT_EQ(read(R"(,"encoding":7)"), "invalid_argument at encoding");

    const auto log = [&](std::string_view method, std::string_view more) {
        return failure(method, fmt::format(R"({{"queue_id":"mail","subscription":"s"{}}})", more));
    };
    for (const char* method :
        {"subscribe", "seek_subscription", "unsubscribe", "fetch_messages", "commit_messages"}) {
        EXPECT_EQ(failure(method, R"({"subscription":"s"})"), "invalid_argument at queue_id");
        EXPECT_EQ(failure(method, R"({"queue_id":"mail"})"), "invalid_argument at subscription");
        EXPECT_EQ(failure(method, R"({"queue_id":"mail","subscription":"../s"})"),
            "invalid_argument at subscription");
    }
    EXPECT_EQ(log("subscribe", R"(,"from":"oldest")"), "invalid_argument at from");
    EXPECT_EQ(log("subscribe", R"(,"from":0)"), "invalid_argument at from");
    EXPECT_EQ(log("subscribe", ""), "unsupported at ");
    EXPECT_EQ(log("seek_subscription", ""), "invalid_argument at to");
    EXPECT_EQ(log("commit_messages", ""), "invalid_argument at seq");
    EXPECT_EQ(log("commit_messages", R"(,"seq":1.5)"), "invalid_argument at seq");
    EXPECT_EQ(log("fetch_messages", R"(,"after":-1)"), "invalid_argument at after");
    EXPECT_EQ(log("fetch_messages", R"(,"max":1001)"), "invalid_argument at max");
    EXPECT_EQ(log("fetch_messages", R"(,"wait_ms":60001)"), "invalid_argument at wait_ms");
    EXPECT_EQ(failure("truncate_queue", R"({"queue_id":"mail"})"), "invalid_argument at before");

    EXPECT_EQ(
        failure("create_queue", R"({"queue_id":"k","owner":"a b"})"), "invalid_argument at owner");
    EXPECT_EQ(failure("get_quota", "{}"), "invalid_argument at tenant");
    EXPECT_EQ(failure("get_quota", R"({"tenant":"a b"})"), "invalid_argument at tenant");
    EXPECT_EQ(failure("set_quota", R"({"tenant":"t"})"), "invalid_argument at limit_bytes");
    EXPECT_EQ(failure("set_quota", R"({"tenant":"t","limit_bytes":-1})"),
        "invalid_argument at limit_bytes");
    EXPECT_EQ(
        failure("pause_queue", R"({"queue_id":"mail","ordering_key":"a","fairness_key":"b"})"),
        "invalid_argument at fairness_key");
    EXPECT_EQ(failure("pause_queue", R"({"queue_id":"mail","ordering_key":""})"),
        "invalid_argument at ordering_key");
}

TEST_F(KrpcBadInput, an_output_takes_events_to_its_limit_and_refuses_more) {
    post_failure(R"({"id":"m","content":[1]})");
    const auto receipt = text_at(pop(), "receipt");
    std::string events = "[1]";
    for (std::size_t i = 1; i < service::OutputLimits::events_max; ++i) events += ",[1]";
    const auto params = [&] {
        return fmt::format(R"({{"message_id":"m","receipt":"{}","events":[{}]}})", receipt, events);
    };
    EXPECT_TRUE(failure("append_output", params()).starts_with("none: "));
    events += ",[1]";
    EXPECT_EQ(failure("append_output", params()), "invalid_argument at events");
}

TEST_F(KrpcBadInput, every_field_is_taken_to_its_limit_and_refused_beyond) {
    constexpr std::size_t key = MessageLimits::key_max;
    for (const char* name : {"ordering_key", "fairness_key", "dedup_key"}) {
        EXPECT_EQ(with(name, quoted(key)), "");
        EXPECT_EQ(with(name, quoted(key + 1)), "invalid_message at message." + std::string(name));
    }
    EXPECT_EQ(with("id", quoted(key)), "");
    EXPECT_EQ(with("id", quoted(key + 1)), "invalid_message at message.id");
    EXPECT_EQ(with("id", "\"\""), "invalid_message at message.id");
    const std::size_t around = std::string_view(R"({"a":""})").size();
    const auto metadata = [&](std::size_t size) {
        return fmt::format(R"({{"a":{}}})", quoted(size - around));
    };
    EXPECT_EQ(with("metadata", metadata(MessageLimits::metadata_max)), "");
    EXPECT_EQ(with("metadata", metadata(MessageLimits::metadata_max + 1)),
        "invalid_message at message.metadata");
    const std::size_t name_size = std::string_view("reply-to").size();
    EXPECT_EQ(with("reply_to", quoted(MessageLimits::header_bytes_max - name_size)), "");
    EXPECT_EQ(with("reply_to", quoted(MessageLimits::header_bytes_max - name_size + 1)),
        "invalid_message at message.headers");
    EXPECT_EQ(with("timestamp", "9007199254740992"), "");
    EXPECT_EQ(with("timestamp", "9007199254740993"), "invalid_message at message.timestamp");
    EXPECT_EQ(failure("get_queue", fmt::format(R"({{"queue_id":{}}})", quoted(128))),
        "queue_not_found at queue_id");
    EXPECT_EQ(failure("get_queue", fmt::format(R"({{"queue_id":{}}})", quoted(129))),
        "invalid_argument at queue_id");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":"mail","lease_ms":43200001})"),
        "invalid_argument at lease_ms");
    EXPECT_EQ(failure("pop_message", R"({"queue_id":"mail","wait_ms":60001})"),
        "invalid_argument at wait_ms");
    EXPECT_EQ(
        failure("pop_messages", R"({"queue_id":"mail","max":1001})"), "invalid_argument at max");
    EXPECT_EQ(failure("peek_messages", R"({"queue_id":"mail","limit":1001})"),
        "invalid_argument at limit");
}

TEST_F(KrpcBadInput, lists_are_taken_to_their_limit_and_refused_beyond) {
    std::string receipts = R"("x")";
    for (std::size_t i = 1; i < service::QueueLimits::receipts_max; ++i) receipts += R"(,"x")";
    const auto list = [&] { return fmt::format(R"({{"receipts":[{}]}})", receipts); };
    EXPECT_TRUE(failure("ack_messages", list()).starts_with("none: "));
    receipts += R"(,"x")";
    for (const char* method : {"ack_messages", "nack_messages", "extend_leases"}) {
        EXPECT_EQ(failure(method, list()), "invalid_argument at receipts");
    }
    EXPECT_EQ(failure("ack_messages", "{}"), "invalid_argument at receipts");
    std::string messages = R"({"content":[1]})";
    for (std::size_t i = 1; i < post_count_max; ++i) messages += R"(,{"content":[1]})";
    const auto many = [&] {
        return fmt::format(R"({{"queue_id":"mail","messages":[{}]}})", messages);
    };
    EXPECT_TRUE(failure("post_messages", many()).starts_with("none: "));
    EXPECT_EQ(count_in("mail"), post_count_max);
    messages += R"(,{"content":[1]})";
    EXPECT_EQ(failure("post_messages", many()), "payload_too_large at messages");
    EXPECT_EQ(count_in("mail"), post_count_max);
}

TEST_F(KrpcBadInput, the_limits_of_a_queue_hold_at_this_door) {
    result_of("create_queue",
        R"({"queue_id":"k","config":{"max_size":1,"max_message_size":3,"retention_period":1}})");
    const auto post_to_k = [&](std::string_view content) {
        return failure("post_message",
            fmt::format(R"({{"queue_id":"k","message":{{"content":{}}}}})", content));
    };
    EXPECT_TRUE(post_to_k("[1,2,3,4]").starts_with("message_too_large"));
    EXPECT_TRUE(post_to_k("[1,2,3]").starts_with("none: "));
    EXPECT_TRUE(post_to_k("[1]").starts_with("queue_full"));
    clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(told("pop_message", R"({"queue_id":"k"})"), "null");
}

TEST_F(KrpcBadInput, ids_are_text_of_one_line_and_no_ids_of_ours) {
    EXPECT_EQ(with("id", R"("a\nb")"), "invalid_message at message.id");
    EXPECT_EQ(with("id", R"("a\u0000b")"), "invalid_message at message.id");
    EXPECT_EQ(with("id", R"("a\u007f")"), "invalid_message at message.id");
    EXPECT_EQ(with("id", "7"), "invalid_message at message.id");
    EXPECT_EQ(with("id", "\"" + MessageId{1, 2}.text() + "\""), "invalid_message at message.id");
    EXPECT_EQ(post_failure(R"({"id":"a","dedup_key":"b","content":[1]})"),
        "invalid_message at message.dedup_key");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(KrpcBadInput, invalid_utf8_in_any_field_is_refused) {
    constexpr std::array<std::string_view, 10> fields{"id", "reply_to", "ordering_key",
        "fairness_key", "dedup_key", "priority", "content", "queue_id", "deliver_at", "\xff"};
    for (const auto field : fields) {
        EXPECT_EQ(
            wrong_in(fmt::format("{{\"method\":\"post_message\",\"sys\":[1,\"member-key\"],"
                                 "\"params\":{{\"queue_id\":\"mail\",\"message\":{{\"content\""
                                 ":[1],\"{}\":\"a\xc3(\"}}}}}}",
                field)),
            "invalid_utf8 at ");
    }
    EXPECT_EQ(with("id", R"("\ud800")"), "malformed_json at ");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(KrpcBadInput, hostile_words_are_kept_as_they_are) {
    const std::string hostile = R"('; DROP TABLE message_names; -- \" \\ <script>${x}%00 \u202e)";
    const std::string controls = R"(a\u0001\t\u001b[31m)";
    std::string message = R"({"content":[1],"id":")" + hostile + R"(","reply_to":")" + hostile +
                          R"(","ordering_key":")" + hostile + controls + R"(","fairness_key":")" +
                          hostile + controls + R"(","headers":{")" + hostile + R"(":")" + hostile +
                          controls + R"("},"metadata":{")" + hostile + controls + R"(":")" +
                          hostile + controls + R"("}})";
    EXPECT_TRUE(post_failure(message).starts_with("none: "));
    const auto given = boost::json::parse(message);
    const auto popped = pop();
    for (const char* name :
        {"id", "reply_to", "ordering_key", "fairness_key", "headers", "metadata"}) {
        EXPECT_EQ(popped.at(name), given.at(name)) << name;
    }
    const auto reply = fmt::format(
        R"({{"reply":{{"message_id":"{0}","result":[1],"metadata":{{"{0}":"{0}"}}}}}})", hostile);
    EXPECT_EQ(told("reply_to_message", reply), R"({"finished":true})");
    const auto fetched =
        result_of("get_message_reply", fmt::format(R"({{"message_id":"{}"}})", hostile));
    EXPECT_EQ(fetched.at("message_id"), given.at("id"));
}

TEST_F(KrpcBadInput, hostile_words_elsewhere_are_refused_by_name) {
    for (const char* name : {"queue_id", "method"}) {
        for (const char* word : {"'; DROP TABLE x; --", "../../etc/passwd", "a b", "%00", ""}) {
            const bool method = std::string_view(name) == "method";
            const auto body = method
                                  ? fmt::format(R"({{"method":"{}","sys":[1,"member-key"]}})", word)
                                  : fmt::format(R"({{"method":"get_queue","params":{{"queue_id":)"
                                                R"("{}"}},"sys":[1,"member-key"]}})",
                                        word);
            EXPECT_THAT(wrong_in(body), testing::EndsWith(std::string(" at ") + name)) << word;
        }
    }
    for (const char* word : {"'; DROP TABLE x; --", "\\u0000", "a\\nb"}) {
        EXPECT_EQ(failure("get_message_reply", fmt::format(R"({{"message_id":"{}"}})", word)),
            "message_not_found at message_id");
        EXPECT_EQ(failure("reply_to_message",
                      fmt::format(
                          R"({{"receipt":"{}","reply":{{"message_id":"a","result":[1]}}}})", word)),
            "invalid_receipt at receipt");
    }
}

}  // namespace
}  // namespace baton::test
