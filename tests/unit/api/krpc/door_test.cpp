// What calls do: queues by kRPC's names, messages by their posters' ids, and each at least once.
#include "base/answer_budget.h"
#include "unit/api/krpc/krpc_fixture.h"

namespace baton::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Krpc : public KrpcFixture {};

constexpr std::string_view id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

std::string reply_params(std::string_view message, std::string_view more = {}) {
    return fmt::format(
        R"({{"reply":{{"message_id":"{}","result":[7,0,255],"metadata":{{"a":1}}}}{}}})", message,
        more);
}

TEST_F(Krpc, absent_and_null_limits_are_no_limits) {
    for (const char* config :
        {R"({})", R"({"max_size":null,"retention_period":null,"max_message_size":null})",
            R"({"max_size":0,"retention_period":0,"max_message_size":0,"persistence":true})"}) {
        const auto made =
            result_of("create_queue", fmt::format(R"({{"queue_id":"k","config":{}}})", config));
        EXPECT_EQ(made.at("config").at("max_size"), 0);
        EXPECT_EQ(made.at("config").at("retention_period"), 0);
        EXPECT_EQ(made.at("config").at("max_message_size"), 1 << 30);
        EXPECT_EQ(told("delete_queue", R"({"queue_id":"k"})"), R"({"deleted":true})");
    }
    EXPECT_EQ(told("create_queue", R"({"queue_id":"k"})").substr(0, 15), R"({"queue_id":"k")");
}

TEST_F(Krpc, a_queue_is_created_once) {
    EXPECT_EQ(failure("create_queue", R"({"queue_id":"mail"})"), "queue_exists at queue_id");
    EXPECT_THAT(told("create_queue", R"({"queue_id":"mail"})"), StartsWith("queue_exists: "));
}

TEST_F(Krpc, an_update_gives_the_limits_anew_and_leaves_the_rest) {
    result_of("create_queue",
        R"({"queue_id":"k","config":{"max_size":5,"retention_period":60,"max_failures":9}})");
    const auto after = result_of("update_queue_config",
        R"({"queue_id":"k","config":{"max_size":7,"max_message_size":100}})");
    EXPECT_EQ(after.at("config").at("max_size"), 7);
    EXPECT_EQ(after.at("config").at("max_message_size"), 100);
    EXPECT_EQ(after.at("config").at("retention_period"), 0);
    EXPECT_EQ(after.at("config").at("max_failures"), 9);
    EXPECT_EQ(failure("update_queue_config", R"({"queue_id":"none","config":{}})"),
        "queue_not_found at queue_id");
}

TEST_F(Krpc, a_message_comes_back_as_it_was_posted) {
    const auto posted = result_of("post_message",
        fmt::format(
            R"({{"queue_id":"mail","message":{{"id":"{}","queue_id":"mail","content":[0,104,255],)"
            R"("timestamp":1700000000,"reply_to":"inbox","metadata":{{"a":[1]}}}}}})",
            id));
    EXPECT_EQ(text_at(posted, "id"), id);
    const auto popped = pop();
    EXPECT_EQ(text_at(popped, "id"), id);
    EXPECT_EQ(text_at(popped, "queue_id"), "mail");
    EXPECT_EQ(boost::json::serialize(popped.at("content")), "[0,104,255]");
    EXPECT_EQ(popped.at("timestamp"), 1'700'000'000);
    EXPECT_EQ(text_at(popped, "reply_to"), "inbox");
    EXPECT_EQ(boost::json::serialize(popped.at("metadata")), R"({"a":[1]})");
    EXPECT_EQ(boost::json::serialize(popped.at("headers")), "{}");
}

TEST_F(Krpc, base64_goes_in_and_comes_out) {
    told("post_message", R"({"queue_id":"mail","message":{"content":"AGj/"}})");
    const auto popped = pop(R"(,"encoding":"base64")");
    EXPECT_EQ(text_at(popped, "content"), "AGj/");
    EXPECT_TRUE(popped.at("reply_to").is_null());
    EXPECT_TRUE(popped.at("metadata").is_null());
    EXPECT_EQ(popped.at("timestamp"), to_unix_ms(FakeClock::start) / 1'000);
    EXPECT_EQ(text_at(popped, "id"), text_at(popped, "baton_id"));
}

TEST_F(Krpc, an_empty_queue_answers_null) {
    EXPECT_TRUE(pop().is_null());
    EXPECT_EQ(told("pop_messages", R"({"queue_id":"mail","max":5})"),
        R"({"messages":[],"acked":0,"errors":[]})");
}

TEST_F(Krpc, a_second_post_of_an_id_is_a_duplicate) {
    post(id);
    const auto again = told("post_message",
        fmt::format(R"({{"queue_id":"mail","message":{{"id":"{}","content":[9]}}}})", id));
    EXPECT_THAT(again, HasSubstr(R"("duplicate":true)"));
    EXPECT_EQ(count_in("mail"), 1U);
}

TEST_F(Krpc, the_poster_fetches_the_reply_under_its_own_id) {
    post(id);
    const auto params = fmt::format(R"({{"message_id":"{}"}})", id);
    EXPECT_TRUE(result_of("get_message_reply", params).is_null());
    EXPECT_FALSE(pop().is_null());
    EXPECT_EQ(told("reply_to_message", reply_params(id)), R"({"finished":true})");
    EXPECT_EQ(told("get_message_reply", params),
        fmt::format(R"({{"message_id":"{}","result":[7,0,255],"timestamp":1767225600,)"
                    R"("metadata":{{"a":1}}}})",
            id));
    EXPECT_EQ(count_in("mail"), 0U);
    EXPECT_EQ(failure("get_message_reply", R"({"message_id":"other"})"),
        "message_not_found at message_id");
}

TEST_F(Krpc, a_message_whose_worker_is_lost_comes_again) {
    post(id);
    EXPECT_EQ(pop().at("attempts"), 1);
    EXPECT_TRUE(pop().is_null());
    clock.advance(std::chrono::minutes(5));
    EXPECT_EQ(pop(R"(,"lease_ms":1000)").at("attempts"), 2);
    clock.advance(std::chrono::seconds(1));
    const auto third = pop();
    EXPECT_EQ(third.at("attempts"), 3);
    const auto acked =
        told("ack_messages", fmt::format(R"({{"receipts":["{}"]}})", text_at(third, "receipt")));
    EXPECT_EQ(acked, R"({"acked":1,"errors":[]})");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(Krpc, a_late_reply_finishes_a_message_that_waits_again) {
    post(id);
    EXPECT_FALSE(pop().is_null());
    clock.advance(std::chrono::minutes(5));
    EXPECT_EQ(told("reply_message", reply_params(id)), R"({"finished":true})");
    EXPECT_TRUE(pop().is_null());
    EXPECT_FALSE(
        result_of("get_message_reply", fmt::format(R"({{"message_id":"{}"}})", id)).is_null());
}

TEST_F(Krpc, a_reply_to_a_message_that_nobody_took_leaves_it_there) {
    post(id);
    EXPECT_EQ(told("reply_to_message", reply_params(id)), R"({"finished":false})");
    EXPECT_FALSE(pop().is_null());
}

TEST_F(Krpc, a_reply_with_the_receipt_of_an_ended_delivery_is_refused) {
    post(id);
    const auto old = fmt::format(R"(,"receipt":"{}")", text_at(pop(), "receipt"));
    clock.advance(std::chrono::minutes(5));
    const auto fresh = fmt::format(R"(,"receipt":"{}")", text_at(pop(), "receipt"));
    EXPECT_EQ(failure("reply_to_message", reply_params(id, old)), "lease_lost at receipt");
    EXPECT_TRUE(
        result_of("get_message_reply", fmt::format(R"({{"message_id":"{}"}})", id)).is_null());
    EXPECT_EQ(told("reply_to_message", reply_params(id, fresh)), R"({"finished":true})");
}

TEST_F(Krpc, with_auto_ack_a_message_comes_once_at_most) {
    post(id);
    EXPECT_FALSE(pop(R"(,"auto_ack":true)").is_null());
    EXPECT_EQ(count_in("mail"), 0U);
    clock.advance(std::chrono::minutes(5));
    EXPECT_TRUE(pop().is_null());
    EXPECT_EQ(told("reply_to_message", reply_params(id)), R"({"finished":true})");
}

TEST_F(Krpc, many_at_once_and_an_ack_with_the_next_pop) {
    const auto posted = result_of("post_messages",
        R"({"queue_id":"mail","messages":[{"id":"a","content":[1]},{"content":"Ag=="}]})");
    EXPECT_EQ(text_at(posted.at("messages").at(0), "id"), "a");
    const auto both = result_of("pop_messages", R"({"queue_id":"mail","max":2})");
    ASSERT_EQ(both.at("messages").as_array().size(), 2U);
    EXPECT_EQ(text_at(both.at("messages").at(0), "id"), "a");
    const auto first = text_at(both.at("messages").at(0), "receipt");
    const auto second = text_at(both.at("messages").at(1), "receipt");
    EXPECT_TRUE(pop(fmt::format(R"(,"ack":["{}"])", first)).is_null());
    EXPECT_EQ(
        told("nack_messages", fmt::format(R"({{"receipts":["{}","x"]}})", second)).substr(0, 11),
        R"({"nacked":1)");
    EXPECT_EQ(pop().at("failures"), 1);
}

TEST_F(Krpc, ids_are_found_without_the_memory_of_the_daemon) {
    post(id);
    service::NamedQueueService fresh(queue_service, names);
    const access::Identity who{KeyId("m"), "member", access::Role::member};
    EXPECT_TRUE(io.run(fresh.find(who, std::string(id))).has_value());
    EXPECT_TRUE(io.run(fresh.find(who, std::string(id))).has_value());
    EXPECT_EQ(names.finds, 1);
}

TEST_F(Krpc, a_pop_writes_down_ids_that_this_daemon_never_saw) {
    RestFixture::post(
        "/v1/queues/mail/messages", R"({"content":"x","headers":{"baton-name":"from elsewhere"}})");
    EXPECT_EQ(text_at(pop(), "id"), "from elsewhere");
    EXPECT_TRUE(io.run(names.find("from elsewhere")).value().has_value());
}

TEST_F(Krpc, a_post_whose_id_could_not_be_kept_is_repeated_without_harm) {
    names.broken = true;
    const auto params =
        fmt::format(R"({{"queue_id":"mail","message":{{"id":"{}","content":[1]}}}})", id);
    EXPECT_EQ(failure("post_message", params), "storage_io at ");
    names.broken = false;
    EXPECT_THAT(told("post_message", params), HasSubstr(R"("duplicate":true)"));
    EXPECT_EQ(count_in("mail"), 1U);
}

TEST_F(Krpc, everything_else_a_queue_offers) {
    post("one");
    EXPECT_THAT(told("list_queues", "{}"), HasSubstr(R"({"queue_id":"mail")"));
    EXPECT_EQ(text_at(result_of("get_queue", R"({"queue_id":"mail"})"), "queue_id"), "mail");
    const auto stats = result_of("get_queue_stats", R"({"queue_id":"mail"})");
    EXPECT_EQ(stats.at("message_count"), 1);
    EXPECT_EQ(stats.at("created_at"), 1'767'225'600);
    EXPECT_EQ(text_at(result_of("get_message", R"({"message_id":"one"})"), "state"), "ready");
    EXPECT_THAT(told("explain_message", R"({"message_id":"one"})"), HasSubstr(R"("ahead":0)"));
    EXPECT_THAT(told("peek_messages", R"({"queue_id":"mail","state":"ready","limit":1})"),
        HasSubstr(R"("next":1)"));
    EXPECT_EQ(told("reschedule_message", R"({"message_id":"one","delay_ms":5000})"),
        R"({"rescheduled":true})");
    EXPECT_TRUE(pop().is_null());
    clock.advance(std::chrono::seconds(5));
    const auto receipt = text_at(pop(R"(,"wait_ms":1)"), "receipt");
    EXPECT_EQ(told("extend_leases", fmt::format(R"({{"receipts":["{}"],"lease_ms":9}})", receipt)),
        R"({"extended":1,"errors":[]})");
    EXPECT_EQ(told("cancel_message", R"({"message_id":"one"})"), R"({"cancelled":true})");
    EXPECT_EQ(told("pause_queue", R"({"queue_id":"mail"})"), R"({"paused":true})");
    EXPECT_EQ(told("resume_queue", R"({"queue_id":"mail"})"), R"({"paused":false})");
    post("two");
    EXPECT_EQ(told("purge_queue", R"({"queue_id":"mail"})"), R"({"purged":1})");
    EXPECT_EQ(told("redrive_messages", R"({"queue_id":"mail","limit":1})"), R"({"redriven":0})");
}

TEST_F(Krpc, an_answer_ends_before_the_message_that_would_be_too_much_for_it) {
    std::vector<NewMessage> large(5);
    for (auto& message : large) {
        message.data.content = Bytes(std::string(AnswerBudget::bytes_max / 4, 'x'));
    }
    const access::Identity who{KeyId("m"), "member", access::Role::member};
    ASSERT_TRUE(io.run(queue_service.post(who, QueueName("mail"), large)));
    const auto count = [](const boost::json::value& result) {
        return result.at("messages").as_array().size();
    };
    const auto peeked = result_of("peek_messages", R"({"queue_id":"mail","limit":100})");
    EXPECT_EQ(count(peeked), 4U);
    EXPECT_EQ(peeked.at("next"), 4);
    const std::string pop_all = R"({"queue_id":"mail","max":100,"encoding":"base64"})";
    EXPECT_EQ(count(result_of("pop_messages", pop_all)), 4U);
    const auto stats = result_of("get_queue_stats", R"({"queue_id":"mail"})");
    EXPECT_EQ(stats.at("leased"), 4);
    EXPECT_EQ(stats.at("ready"), 1);
    EXPECT_EQ(count(result_of("pop_messages", pop_all)), 1U);
}

TEST_F(Krpc, one_key_of_a_queue_is_paused) {
    told("post_messages",
        R"({"queue_id":"mail","messages":[{"content":[1],"ordering_key":"a"},{"content":[2]}]})");
    EXPECT_EQ(
        told("pause_queue", R"({"queue_id":"mail","ordering_key":"a"})"), R"({"paused":true})");
    EXPECT_EQ(boost::json::serialize(pop().at("content")), "[2]");
    EXPECT_TRUE(pop().is_null());
    EXPECT_EQ(
        told("resume_queue", R"({"queue_id":"mail","ordering_key":"a"})"), R"({"paused":false})");
    EXPECT_EQ(boost::json::serialize(pop().at("content")), "[1]");
}

TEST_F(Krpc, a_worker_says_what_it_does_and_the_poster_reads_it) {
    post(id);
    const auto receipt = text_at(pop(), "receipt");
    const auto append = [&](std::string_view events) {
        return told(
            "append_output", fmt::format(R"({{"message_id":"{}","receipt":"{}","events":{}}})", id,
                                 receipt, events));
    };
    EXPECT_EQ(append(R"([[104,105],"AP8="])"), R"({"next":2})");
    const auto read = [&](std::string_view more) {
        return told("read_output", fmt::format(R"({{"message_id":"{}"{}}})", id, more));
    };
    EXPECT_EQ(read(R"(,"max":1)"),
        R"({"events":[{"offset":0,"attempt":1,"timestamp":1767225600,"data":[104,105]}],)"
        R"("next":1,"ended":false})");
    EXPECT_EQ(read(R"(,"from":1,"encoding":"base64","wait_ms":5)"),
        R"({"events":[{"offset":1,"attempt":1,"timestamp":1767225600,"data":"AP8="}],)"
        R"("next":2,"ended":false})");
    EXPECT_EQ(told("reply_to_message", reply_params(id)), R"({"finished":true})");
    EXPECT_EQ(read(R"(,"from":2)"), R"({"events":[],"next":2,"ended":true})");
    EXPECT_THAT(append("[[1]]"), StartsWith("lease_lost: "));
}

TEST_F(Krpc, a_log_is_read_by_each_subscription_for_itself) {
    result_of("create_queue", R"({"queue_id":"log","config":{"mode":"log"}})");
    told("post_messages",
        R"({"queue_id":"log","messages":[{"id":"a","content":[1]},{"content":[2]},{"content":[3]}]})");
    EXPECT_EQ(told("subscribe", R"({"queue_id":"log","subscription":"s"})"), R"({"committed":0})");
    EXPECT_EQ(told("subscribe", R"({"queue_id":"log","subscription":"t","from":"latest"})"),
        R"({"committed":3})");
    EXPECT_EQ(told("subscribe", R"({"queue_id":"log","subscription":"u","from":3})"),
        R"({"committed":2})");
    const auto fetched =
        result_of("fetch_messages", R"({"queue_id":"log","subscription":"s","max":2})");
    ASSERT_EQ(fetched.at("messages").as_array().size(), 2U);
    EXPECT_EQ(text_at(fetched.at("messages").at(0), "id"), "a");
    EXPECT_EQ(fetched.at("messages").at(1).at("seq"), 2);
    EXPECT_EQ(boost::json::serialize(fetched.at("messages").at(1).at("content")), "[2]");
    EXPECT_EQ(told("commit_messages", R"({"queue_id":"log","subscription":"s","seq":2})"),
        R"({"committed":2})");
    EXPECT_EQ(told("list_subscriptions", R"({"queue_id":"log"})"),
        R"({"subscriptions":[{"name":"s","committed":2,"lag":1},{"name":"t","committed":3,"lag":0},)"
        R"({"name":"u","committed":2,"lag":1}]})");
    EXPECT_EQ(told("seek_subscription", R"({"queue_id":"log","subscription":"t","to":"earliest"})"),
        R"({"committed":0})");
    EXPECT_THAT(told("fetch_messages",
                    R"({"queue_id":"log","subscription":"t","after":2,"encoding":"base64"})"),
        HasSubstr(R"("content":"Aw==")"));
    EXPECT_EQ(told("truncate_queue", R"({"queue_id":"log","before":2})"), R"({"removed":1})");
    EXPECT_EQ(told("unsubscribe", R"({"queue_id":"log","subscription":"u"})"),
        R"({"unsubscribed":true})");
    EXPECT_EQ(failure("fetch_messages", R"({"queue_id":"log","subscription":"u"})"),
        "not_found at subscription");
}

TEST_F(Krpc, an_administrator_sets_the_quota_of_a_tenant_while_it_posts) {
    const auto as_admin = [&](std::string_view method, std::string_view params) {
        return boost::json::serialize(send(
            fmt::format(R"({{"method":"{}","params":{},"sys":[1,"admin-key"]}})", method, params))
                .at("result"));
    };
    const auto limit = [&](int bytes) {
        return as_admin("set_quota", fmt::format(R"({{"tenant":"acme","limit_bytes":{}}})", bytes));
    };
    EXPECT_EQ(as_admin("get_quota", R"({"tenant":"acme"})"), R"({"used_bytes":0,"limit_bytes":0})");
    EXPECT_EQ(limit(1), R"({"used_bytes":0,"limit_bytes":1})");
    EXPECT_THAT(as_admin("create_queue", R"({"queue_id":"k","owner":"acme"})"),
        HasSubstr(R"("owner":"acme")"));
    const auto params = R"({"queue_id":"k","message":{"content":[1,2,3]}})";
    EXPECT_THAT(told("post_message", params), StartsWith("quota_exceeded: "));
    EXPECT_EQ(limit(0), R"({"used_bytes":0,"limit_bytes":0})");
    EXPECT_THAT(told("post_message", params), HasSubstr(R"("duplicate":false)"));
    EXPECT_EQ(failure("get_quota", R"({"tenant":"acme"})"), "permission_denied at ");
    EXPECT_EQ(
        failure("set_quota", R"({"tenant":"acme","limit_bytes":9})"), "permission_denied at ");
    EXPECT_EQ(failure("update_queue_config", R"({"queue_id":"k","config":{},"owner":"member"})"),
        "permission_denied at ");
    EXPECT_THAT(as_admin("update_queue_config", R"({"queue_id":"k","config":{},"owner":"other"})"),
        HasSubstr(R"("owner":"other")"));
}

TEST_F(Krpc, every_method_is_counted_by_how_it_ended) {
    pop();
    told("pop_message", "{}");
    told("no_such", "{}");
    const auto text = door_metrics.back().render();
    const auto open = door_metrics.size() > 1 ? std::next(door_metrics.rbegin())->render() : text;
    EXPECT_THAT(text + open,
        HasSubstr(R"(baton_krpc_calls_total{method="pop_message",outcome="result"} 1)"));
    EXPECT_THAT(text + open,
        HasSubstr(R"(baton_krpc_calls_total{method="pop_message",outcome="error"} 1)"));
    EXPECT_THAT(
        text + open, HasSubstr(R"(baton_krpc_calls_total{method="none",outcome="error"} 1)"));
}

}  // namespace
}  // namespace baton::test
