#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

using net::Method;

class QueueRoutes : public RestFixture {
protected:
    std::string receipt_of_one() {
        const auto popped = json_of(post("/v1/queues/mail/pop", "{}"));
        return std::string(popped.at("messages").at(0).at("receipt").as_string());
    }
    void expect_bad_post(std::string body, int status, std::string_view code,
        std::string_view field, FieldMap fields = {}) {
        const auto answer = post("/v1/queues/mail/messages", body, std::move(fields));
        EXPECT_EQ(answer.status, status) << body;
        EXPECT_EQ(code_of(answer), code) << body;
        EXPECT_EQ(field_of(answer), field) << body;
        EXPECT_EQ(count_in("mail"), 0U) << body;
    }
};

TEST_F(QueueRoutes, a_queue_is_made_changed_shown_and_deleted) {
    const auto made = call(Method::put, "/v1/queues/jobs", R"({"max_size":10})");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(json_of(made).at("config").at("max_size").as_int64(), 10);
    EXPECT_EQ(call(Method::put, "/v1/queues/jobs", R"({"max_size":11})").status, 200);
    EXPECT_EQ(json_of(get("/v1/queues/jobs")).at("config").at("max_size").as_int64(), 11);
    EXPECT_EQ(json_of(get("/v1/queues")).at("queues").as_array().size(), 3U);
    EXPECT_EQ(call(Method::del, "/v1/queues/jobs").status, 204);
    EXPECT_EQ(code_of(get("/v1/queues/jobs")), "queue_not_found");
}

TEST_F(QueueRoutes, a_put_without_body_takes_the_defaults) {
    EXPECT_EQ(call(Method::put, "/v1/queues/jobs").status, 201);
}

TEST_F(QueueRoutes, an_unknown_config_field_is_named_with_the_nearest) {
    const auto answer = call(Method::put, "/v1/queues/jobs", R"({"max_sizes":10})");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(code_of(answer), "invalid_config");
    EXPECT_EQ(field_of(answer), "max_sizes");
    EXPECT_THAT(answer.body, testing::HasSubstr("did you mean `max_size`"));
    EXPECT_EQ(get("/v1/queues/jobs").status, 404);
}

TEST_F(QueueRoutes, a_bad_queue_name_is_no_queue) {
    EXPECT_EQ(code_of(call(Method::put, "/v1/queues/a%20b")), "invalid_argument");
    EXPECT_EQ(
        code_of(call(Method::put, "/v1/queues/" + std::string(129, 'q'))), "invalid_argument");
}

TEST_F(QueueRoutes, every_route_of_an_unknown_queue_is_404) {
    const std::string receipts = R"({"receipts":["x"]})";
    EXPECT_EQ(code_of(get("/v1/queues/nope")), "queue_not_found");
    EXPECT_EQ(code_of(get("/v1/queues/nope/stats")), "queue_not_found");
    EXPECT_EQ(code_of(get("/v1/queues/nope/messages")), "queue_not_found");
    EXPECT_EQ(code_of(call(Method::del, "/v1/queues/nope")), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/messages", R"({"content":"x"})")), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/pop", "")), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/ack", receipts)), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/nack", receipts)), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/extend", receipts)), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/purge", "")), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/pause", "")), "queue_not_found");
    EXPECT_EQ(code_of(post("/v1/queues/nope/resume", "")), "queue_not_found");
}

TEST_F(QueueRoutes, one_message_is_posted_popped_and_acked) {
    const auto posted = post("/v1/queues/mail/messages",
        R"({"content":"grüße","priority":"high","headers":{"a":"b"},"metadata":{"n":1}})");
    ASSERT_EQ(posted.status, 201);
    const auto answer = json_of(posted);
    const auto& id = answer.at("messages").at(0).at("id").as_string();
    EXPECT_FALSE(answer.at("messages").at(0).at("duplicate").as_bool());

    const auto popped = json_of(post("/v1/queues/mail/pop", R"({"max":5,"lease_ms":1000})"));
    ASSERT_EQ(popped.at("messages").as_array().size(), 1U);
    const auto& message = popped.at("messages").at(0);
    EXPECT_EQ(message.at("id").as_string(), id);
    EXPECT_EQ(message.at("content").as_string(), "grüße");
    EXPECT_EQ(message.at("priority").as_string(), "high");
    EXPECT_EQ(message.at("headers").at("a").as_string(), "b");
    EXPECT_EQ(message.at("metadata").at("n").as_int64(), 1);

    const std::string receipt(message.at("receipt").as_string());
    const auto acked =
        json_of(post("/v1/queues/mail/ack", R"({"receipts":[")" + receipt + R"(","bad"]})"));
    EXPECT_EQ(acked.at("acked").as_int64(), 1);
    EXPECT_EQ(acked.at("errors").at(0).at("receipt").as_string(), "bad");
    EXPECT_EQ(acked.at("errors").at(0).at("code").as_string(), "invalid_receipt");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(QueueRoutes, many_messages_come_as_array_object_or_lines) {
    EXPECT_EQ(post("/v1/queues/mail/messages", R"([{"content":"a"},{"content":"b"}])").status, 201);
    EXPECT_EQ(post("/v1/queues/mail/messages", R"({"messages":[{"content":"c"}]})").status, 201);
    EXPECT_EQ(post("/v1/queues/mail/messages", "{\"content\":\"d\"}\n\n{\"content\":\"e\"}\n",
                  {{"Content-Type", "application/x-ndjson; charset=utf-8"}})
                  .status,
        201);
    EXPECT_EQ(count_in("mail"), 5U);
}

TEST_F(QueueRoutes, curl_without_a_type_posts_json) {
    EXPECT_EQ(post("/v1/queues/mail/messages", R"({"content":"a"})",
                  {{"Content-Type", "application/x-www-form-urlencoded"}})
                  .status,
        201);
    EXPECT_EQ(lease_one("mail").message.data->content.view(), "a");
}

TEST_F(QueueRoutes, a_raw_body_is_the_content_and_its_options_stand_beside) {
    const auto posted = post("/v1/queues/mail/messages?priority=realtime", "\xff{raw",
        {{"Content-Type", "application/octet-stream"}, {"Baton-Priority", "low"},
            {"baton-ordering-key", "o"}, {"Baton-Fairness-Key", "f"}, {"Baton-Dedup-Key", "d"},
            {"Baton-Ttl-Ms", "60000"}});
    ASSERT_EQ(posted.status, 201) << posted.body;
    const auto view = lease_one("mail").message;
    EXPECT_EQ(view.data->content.view(), "\xff{raw");
    EXPECT_EQ(view.data->priority, Level::realtime);
    EXPECT_EQ(view.data->ordering_key, "o");
    EXPECT_EQ(view.data->fairness_key, "f");
    EXPECT_EQ(view.data->dedup_key, "d");
    EXPECT_EQ(view.expires_at, clock.now() + Duration(60'000));
    ASSERT_EQ(view.data->headers.size(), 1U);
    EXPECT_EQ(view.data->headers[0].name, "content-type");
    EXPECT_EQ(view.data->headers[0].value, "application/octet-stream");
}

TEST_F(QueueRoutes, a_delayed_raw_body_waits) {
    ASSERT_EQ(post("/v1/queues/mail/messages", "later",
                  {{"Content-Type", "text/plain"}, {"Baton-Delay-Ms", "5000"}})
                  .status,
        201);
    EXPECT_EQ(json_of(get("/v1/queues/mail/stats")).at("scheduled").as_int64(), 1);
}

TEST_F(QueueRoutes, bad_posts_are_named_and_leave_nothing_behind) {
    expect_bad_post("", 400, "malformed_json", "");
    expect_bad_post("{", 400, "malformed_json", "");
    expect_bad_post(R"({"content":"x"} trailing)", 400, "malformed_json", "");
    expect_bad_post("{\"content\":\"\xff\"}", 400, "invalid_utf8", "");
    expect_bad_post("17", 400, "invalid_message", "");
    expect_bad_post("[]", 400, "invalid_message", "messages");
    expect_bad_post("{}", 400, "invalid_message", "content");
    expect_bad_post(R"({"content":""})", 400, "invalid_message", "content");
    expect_bad_post(R"({"content":5})", 400, "invalid_message", "content");
    expect_bad_post(R"({"content_base64":"?"})", 400, "invalid_message", "content_base64");
    expect_bad_post(R"({"content":"x","priority":"urgent"})", 400, "invalid_message", "priority");
    expect_bad_post(R"({"content":"x","prority":"high"})", 400, "invalid_message", "prority");
    expect_bad_post(R"({"content":"x","delay_ms":-1})", 400, "invalid_message", "delay_ms");
    expect_bad_post(R"([{"content":"x"},{"content":"y","ttl_ms":"z"}])", 400, "invalid_message",
        "messages[1].ttl_ms");
    const FieldMap lines{{"Content-Type", "application/x-ndjson"}};
    expect_bad_post("{\"content\":\"x\"}\n{", 400, "malformed_json", "messages[1]", lines);
    expect_bad_post("", 400, "invalid_message", "messages", lines);
    const FieldMap raw{{"Content-Type", "text/plain"}};
    expect_bad_post("", 400, "invalid_message", "content", raw);
    expect_bad_post("x", 400, "invalid_argument", "priority",
        {{"Content-Type", "text/plain"}, {"Baton-Priority", "urgent"}});
    expect_bad_post("x", 400, "invalid_argument", "delay_ms",
        {{"Content-Type", "text/plain"}, {"Baton-Delay-Ms", "soon"}});
    expect_bad_post("x", 400, "invalid_utf8", "Baton-Dedup-Key",
        {{"Content-Type", "text/plain"}, {"Baton-Dedup-Key", "\xff"}});
    expect_bad_post(R"({"content":"x"})", 400, "invalid_argument", "Baton-Priority",
        {{"Baton-Priority", "high"}});
}

TEST_F(QueueRoutes, unknown_parameters_are_named_with_the_nearest) {
    const auto answer = get("/v1/queues/mail/messages?limt=5");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(field_of(answer), "limt");
    EXPECT_THAT(answer.body, testing::HasSubstr("did you mean `limit`"));
    EXPECT_EQ(field_of(get("/v1/queues/mail/messages?limit=5&limit=6")), "limit");
    EXPECT_EQ(
        field_of(post("/v1/queues/mail/messages?priority=high", R"({"content":"x"})")), "priority");
    EXPECT_EQ(field_of(get("/v1/queues?x=1")), "x");
}

TEST_F(QueueRoutes, a_message_too_large_for_its_queue_is_413) {
    ASSERT_EQ(call(Method::put, "/v1/queues/small", R"({"max_message_size":4})").status, 201);
    EXPECT_EQ(post("/v1/queues/small/messages", R"({"content":"1234"})").status, 201);
    const auto answer = post("/v1/queues/small/messages", R"({"content":"12345"})");
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(code_of(answer), "message_too_large");
    EXPECT_EQ(count_in("small"), 1U);
}

TEST_F(QueueRoutes, a_full_queue_is_503) {
    ASSERT_EQ(call(Method::put, "/v1/queues/small", R"({"max_size":1})").status, 201);
    EXPECT_EQ(post("/v1/queues/small/messages", R"({"content":"1"})").status, 201);
    const auto answer = post("/v1/queues/small/messages", R"({"content":"2"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(code_of(answer), "queue_full");
}

TEST_F(QueueRoutes, bad_pops_and_settles_are_named) {
    const auto field = [&](std::string target, std::string body) {
        const auto answer = post("/v1/queues/mail/" + target, std::move(body));
        EXPECT_EQ(answer.status, 400) << target;
        return field_of(answer);
    };
    EXPECT_EQ(field("pop", R"({"max":0})"), "max");
    EXPECT_EQ(field("pop", R"({"max":1001})"), "max");
    EXPECT_EQ(field("pop", R"({"max":"1"})"), "max");
    EXPECT_EQ(field("pop", R"({"lease_ms":0})"), "lease_ms");
    EXPECT_EQ(field("pop", R"({"wait_ms":60001})"), "wait_ms");
    EXPECT_EQ(field("pop", R"({"level":"urgent"})"), "level");
    EXPECT_EQ(field("pop", R"({"wait":1})"), "wait");
    EXPECT_EQ(field("ack", "{}"), "receipts");
    EXPECT_EQ(field("ack", R"({"receipts":"x"})"), "receipts");
    EXPECT_EQ(field("ack", R"({"receipts":[]})"), "receipts");
    EXPECT_EQ(field("ack", R"({"receipts":[1]})"), "receipts[0]");
    EXPECT_EQ(field("nack", R"({"receipts":["x"],"delay_ms":-1})"), "delay_ms");
    EXPECT_EQ(field("extend", R"({"receipts":["x"],"lease_ms":0})"), "lease_ms");
}

TEST_F(QueueRoutes, a_body_of_another_type_is_415) {
    const auto answer = post("/v1/queues/mail/pop", "max=1", {{"Content-Type", "text/plain"}});
    EXPECT_EQ(answer.status, 415);
    EXPECT_EQ(code_of(answer), "unsupported_media_type");
}

TEST_F(QueueRoutes, nacks_and_extends_answer_their_counts) {
    ASSERT_EQ(post("/v1/queues/mail/messages", R"({"content":"x"})").status, 201);
    const std::string receipt = receipt_of_one();
    const std::string receipts = R"({"receipts":[")" + receipt + R"("]})";
    EXPECT_EQ(json_of(post("/v1/queues/mail/extend", receipts)).at("extended").as_int64(), 1);
    EXPECT_EQ(json_of(post("/v1/queues/mail/nack", receipts)).at("nacked").as_int64(), 1);
    const auto stale = json_of(post("/v1/queues/mail/ack", receipts));
    EXPECT_EQ(stale.at("acked").as_int64(), 0);
    EXPECT_EQ(stale.at("errors").at(0).at("code").as_string(), "lease_lost");
}

TEST_F(QueueRoutes, a_browse_pages_by_cursor_and_filters_by_state) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(post("/v1/queues/mail/messages", R"({"content":"x"})").status, 201);
    }
    const auto first = json_of(get("/v1/queues/mail/messages?limit=2"));
    EXPECT_EQ(first.at("messages").as_array().size(), 2U);
    const std::string next(first.at("next").as_string());
    const auto second = json_of(get("/v1/queues/mail/messages?limit=2&after=" + next));
    EXPECT_EQ(second.at("messages").as_array().size(), 1U);
    EXPECT_TRUE(second.at("next").is_null());
    EXPECT_EQ(
        json_of(get("/v1/queues/mail/messages?state=dead")).at("messages").as_array().size(), 0U);
    EXPECT_EQ(field_of(get("/v1/queues/mail/messages?state=done")), "state");
    EXPECT_EQ(field_of(get("/v1/queues/mail/messages?state=redy")), "state");
    EXPECT_EQ(field_of(get("/v1/queues/mail/messages?after=x")), "after");
    EXPECT_EQ(field_of(get("/v1/queues/mail/messages?limit=0")), "limit");
}

TEST_F(QueueRoutes, a_pop_may_finish_what_came_before_in_the_same_commit) {
    for (const char* content : {"a", "b"}) {
        post("/v1/queues/mail/messages", R"({"content":")" + std::string(content) + R"("})");
    }
    const auto first = receipt_of_one();
    const std::size_t before = commits;
    const auto popped =
        json_of(post("/v1/queues/mail/pop", R"({"ack":[")" + first + R"(","bad"]})"));
    EXPECT_EQ(commits - before, 1U);
    EXPECT_EQ(popped.at("acked").as_int64(), 1);
    EXPECT_EQ(popped.at("errors").at(0).at("code").as_string(), "invalid_receipt");
    EXPECT_EQ(popped.at("messages").at(0).at("content").as_string(), "b");
    EXPECT_EQ(count_in("mail"), 1U);
    const auto empty = json_of(post("/v1/queues/mail/pop", R"({"ack":[]})"));
    EXPECT_EQ(empty.at("acked").as_int64(), 0);
    EXPECT_EQ(field_of(post("/v1/queues/mail/pop", R"({"ack":[1]})")), "ack[0]");
}

TEST_F(QueueRoutes, a_receipt_of_another_queue_settles_nothing) {
    post("/v1/queues/mail/messages", R"({"content":"a"})");
    const std::string receipts = R"({"receipts":[")" + receipt_of_one() + R"("]})";
    make_queue("other");
    for (const char* verb : {"ack", "nack", "extend"}) {
        const auto answer = json_of(post("/v1/queues/other/" + std::string(verb), receipts));
        EXPECT_EQ(answer.at("errors").at(0).at("code").as_string(), "lease_lost") << verb;
    }
    EXPECT_EQ(count_in("mail"), 1U);
    EXPECT_EQ(json_of(post("/v1/queues/mail/ack", receipts)).at("acked").as_int64(), 1);
}

TEST_F(QueueRoutes, of_the_services_own_queue_need_an_administrator_to_change_it) {
    const FieldMap admin{{"Authorization", "Bearer admin-key"}};
    ASSERT_EQ(post("/v1/queues/llm/messages", R"({"content":"a"})").status, 201);
    for (const std::string verb : {"pop", "purge", "pause", "resume", "redrive"}) {
        const auto refused = post("/v1/queues/llm/" + verb, "{}");
        EXPECT_EQ(refused.status, 403) << verb << refused.body;
        EXPECT_EQ(field_of(refused), "queue") << verb;
    }
    EXPECT_EQ(call(net::Method::put, "/v1/queues/llm", R"({"max_size":1})").status, 403);
    EXPECT_EQ(get("/v1/queues/llm/stats").status, 200);
    EXPECT_EQ(post("/v1/queues/llm/pop", "{}", admin).status, 200);
}

TEST_F(QueueRoutes, a_post_says_and_hears_how_durable_it_is) {
    const auto usual = post("/v1/queues/mail/messages", R"({"content":"a"})");
    EXPECT_EQ(json_of(usual).at("durability").as_string(), "fsync");
    EXPECT_EQ(usual.fields.get("Baton-Durability"), "fsync");
    const auto relaxed =
        post("/v1/queues/mail/messages", R"({"content":"a"})", {{"Baton-Durability", "relaxed"}});
    EXPECT_EQ(json_of(relaxed).at("durability").as_string(), "relaxed");
    EXPECT_EQ(relaxed.fields.get("Baton-Durability"), "relaxed");
    const auto raw = post("/v1/queues/mail/messages", "raw",
        {{"Baton-Durability", "relaxed"}, {"Content-Type", "text/plain"}});
    EXPECT_EQ(raw.fields.get("Baton-Durability"), "relaxed");
    const auto never =
        post("/v1/queues/mail/messages", R"({"content":"a"})", {{"Baton-Durability", "memory"}});
    EXPECT_EQ(code_of(never), "unsupported");
    EXPECT_EQ(field_of(post("/v1/queues/mail/messages", R"({"content":"a"})",
                  {{"Baton-Durability", "some"}})),
        "Baton-Durability");
}

TEST_F(QueueRoutes, a_stream_needs_the_handshake_of_a_web_socket) {
    const auto plain = get("/v1/stream");
    EXPECT_EQ(plain.status, 400);
    EXPECT_EQ(field_of(plain), "Upgrade");
    EXPECT_EQ(plain.fields.get("Sec-WebSocket-Version"), "13");
    const auto opened = call(Method::get, "/v1/stream", {},
        {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"},
            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
    EXPECT_EQ(opened.status, 101);
    EXPECT_TRUE(opened.web_socket);
}

TEST_F(QueueRoutes, pause_resume_and_purge) {
    ASSERT_EQ(post("/v1/queues/mail/messages", R"({"content":"x"})").status, 201);
    EXPECT_EQ(post("/v1/queues/mail/pause", "").status, 200);
    EXPECT_EQ(json_of(post("/v1/queues/mail/pop", "")).at("messages").as_array().size(), 0U);
    EXPECT_TRUE(json_of(get("/v1/queues/mail")).at("paused").as_bool());
    EXPECT_FALSE(json_of(post("/v1/queues/mail/resume", "{}")).at("paused").as_bool());
    EXPECT_EQ(json_of(post("/v1/queues/mail/purge", "")).at("purged").as_int64(), 1);
    EXPECT_EQ(post("/v1/queues/mail/purge", R"({"x":1})").status, 400);
}

TEST_F(QueueRoutes, one_message_is_shown_and_cancelled) {
    const auto posted = json_of(post("/v1/queues/mail/messages", R"({"content":"x"})"));
    const std::string target =
        "/v1/messages/" + std::string(posted.at("messages").at(0).at("id").as_string());
    EXPECT_EQ(json_of(get(target)).at("state").as_string(), "ready");
    EXPECT_EQ(call(Method::del, target).status, 204);
    EXPECT_EQ(code_of(get(target)), "message_not_found");
    EXPECT_EQ(code_of(call(Method::del, target)), "message_not_found");
    EXPECT_EQ(code_of(get("/v1/messages/nonsense")), "message_not_found");
}

TEST_F(QueueRoutes, a_reply_is_given_and_fetched) {
    const auto posted = json_of(post("/v1/queues/mail/messages", R"({"content":"x"})"));
    const std::string target =
        "/v1/messages/" + std::string(posted.at("messages").at(0).at("id").as_string()) + "/reply";
    EXPECT_EQ(get(target).status, 204);
    EXPECT_EQ(get(target + "?wait_ms=10").status, 204);
    EXPECT_EQ(post(target, R"({"result":"42","metadata":{"m":1}})").status, 204);
    const auto reply = json_of(get(target + "?wait_ms=1000"));
    EXPECT_EQ(reply.at("result").as_string(), "42");
    EXPECT_EQ(code_of(post(target, "{}")), "invalid_message");
    EXPECT_EQ(field_of(get(target + "?wait_ms=60001")), "wait_ms");
}

}  // namespace
}  // namespace baton::test
