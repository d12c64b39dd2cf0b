#include "agents/run.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

using net::Method;

class DialogRoutes : public RestFixture {
protected:
    boost::json::value data_of(const net::Response& response) {
        const auto whole = json_of(response);
        EXPECT_EQ(whole.at("message").as_string(), "success") << response.body;
        EXPECT_EQ(whole.at("code").as_int64(), response.status);
        return whole.at("data");
    }
    boost::json::value send(std::string body = R"({"content":"hello"})") {
        const auto answer = post("/api/v1/messages", std::move(body));
        EXPECT_EQ(answer.status, 201) << answer.body;
        return data_of(answer);
    }
    void expect_bad(
        const net::Response& answer, int status, std::string_view field, int error_code) {
        const auto whole = json_of(answer);
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(whole.at("code").as_int64(), status);
        const auto& details = whole.at("details").as_object();
        const auto* named = details.if_contains("field");
        EXPECT_EQ(named == nullptr ? "" : named->as_string(), field) << answer.body;
        const auto* code = details.if_contains("error_code");
        EXPECT_EQ(code == nullptr ? 0 : code->as_int64(), error_code) << answer.body;
        EXPECT_FALSE(details.at("reason").as_string().empty());
        EXPECT_EQ(count_in("llm"), 0U);
        EXPECT_EQ(rows.message_count(), 0U);
    }
    static MessageId id_of(const boost::json::value& message) {
        return MessageId::parse(std::string(message.at("id").as_string())).value();
    }
};

TEST_F(DialogRoutes, a_message_is_sent_and_answered) {
    const auto sent =
        send(R"({"content":"hello","user_id":"u1","priority":"high","metadata":{"a":1}})");
    EXPECT_EQ(sent.at("status").as_string(), "pending");
    EXPECT_EQ(sent.at("role").as_string(), "user");
    EXPECT_EQ(sent.at("priority").as_string(), "high");
    EXPECT_EQ(sent.at("queue_name").as_string(), "llm");
    EXPECT_EQ(sent.at("max_retries").as_int64(), 3);
    EXPECT_EQ(sent.at("metadata").at("a").as_int64(), 1);
    EXPECT_EQ(count_in("llm"), 1U);

    complete(id_of(sent), "hi there");
    const auto seen = data_of(get("/api/v1/messages/" + id_of(sent).text() + "?wait_ms=1000"));
    EXPECT_EQ(seen.at("status").as_string(), "completed");
    EXPECT_EQ(seen.at("reply").at("content").as_string(), "hi there");
    EXPECT_EQ(seen.at("reply").at("usage").at("output_tokens").as_int64(), 4);
}

TEST_F(DialogRoutes, the_steps_of_a_run_are_listed) {
    const auto id = id_of(send(R"({"content":"hello"})"));
    const auto target = "/api/v1/messages/" + id.text() + "/steps";
    const auto none = data_of(get(target));
    EXPECT_TRUE(none.at("steps").as_array().empty());
    EXPECT_TRUE(none.at("next").is_null());
    agents::Run run;
    const auto keep = [&](conversations::RunStep step) {
        ASSERT_TRUE(run.apply(step));
        ASSERT_TRUE(io.run(rows.add_step(id, std::move(step))));
    };
    const agents::Run::Span span{clock.now(), clock.now() + Duration(412)};
    keep(run.answered({.model = "m",
                          .usage = {.input_tokens = 3, .output_tokens = 4},
                          .tool_calls = {{"1", "look", R"({"x":1})"}},
                          .endpoint = "secret",
                          .cost = 0.5},
        span));
    keep(run.returned({.content = "seen"}, span));
    const auto page = data_of(get(target + "?page_size=1"));
    const auto& answer = page.at("steps").at(0);
    EXPECT_EQ(answer.at("kind"), "model");
    EXPECT_EQ(answer.at("duration_ms"), 412);
    EXPECT_EQ(answer.at("usage").at("total_tokens"), 7);
    EXPECT_EQ(answer.at("cost"), 0.5);
    EXPECT_EQ(answer.at("tool_calls").at(0).at("name"), "look");
    EXPECT_EQ(page.at("next"), 0);
    EXPECT_FALSE(get(target).body.contains("secret")) << "endpoints are the operators'";
    const auto rest = data_of(get(target + "?after=0"));
    EXPECT_EQ(rest.at("steps").as_array().size(), 1u);
    EXPECT_EQ(rest.at("steps").at(0).at("arguments"), R"({"x":1})");
    EXPECT_EQ(rest.at("steps").at(0).at("result"), "seen");
    EXPECT_TRUE(rest.at("next").is_null());
    EXPECT_EQ(get(target + "?page_size=101").status, 400);
    EXPECT_EQ(get(target + "?page_size=100").status, 200);
    EXPECT_EQ(get(target + "?page_size=0").status, 400);
    EXPECT_EQ(get(target + "?after=x").status, 400);
    EXPECT_EQ(get("/api/v1/messages/" + MessageId{9, 9}.text() + "/steps").status, 404);
    EXPECT_EQ(get("/api/v1/messages/nonsense/steps").status, 404);
}

TEST_F(DialogRoutes, bad_messages_have_their_codes_and_leave_nothing_behind) {
    const auto bad = [&](std::string body, int status, std::string_view field, int code) {
        expect_bad(post("/api/v1/messages", body), status, field, code);
    };
    bad(R"({"content":""})", 400, "content", 1001);
    bad("{}", 400, "content", 1001);
    bad("", 400, "content", 1001);
    bad(R"({"content":")" + std::string(1'048'576, 'x') + R"("})", 413, "content", 1002);
    bad(R"({"content":"x","priority":"urgent"})", 400, "priority", 1003);
    bad(R"({"content":"x","priority":1})", 400, "priority", 1003);
    bad(R"({"content":"x","conversation_id":"c_no"})", 404, "", 1005);
    bad(R"({"content":"x","user_id":"a\u0000b"})", 400, "user_id", 1006);
    bad(R"({"content":"x","user_id":7})", 400, "user_id", 1006);
    bad(R"({"content":"x","agent_id":"nobody"})", 400, "agent_id", 0);
    bad(R"({"content":"x","metadata":[]})", 400, "metadata", 0);
    bad(R"({"contents":"x"})", 400, "contents", 0);
    bad("{", 400, "", 0);
    bad("{\"content\":\"\xff\"}", 400, "", 0);
}

TEST_F(DialogRoutes, no_queue_space_is_1007) {
    QueueConfig config;
    config.max_size = 1;
    make_queue("llm", config);
    send();
    const auto answer = post("/api/v1/messages", R"({"content":"x"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(json_of(answer).at("details").at("error_code").as_int64(), 1007);
    EXPECT_EQ(count_in("llm"), 1U);
}

TEST_F(DialogRoutes, an_unknown_message_is_1004) {
    expect_bad(get("/api/v1/messages/nonsense"), 404, "id", 1004);
    expect_bad(get("/api/v1/messages/" + MessageId{1, 2}.text()), 404, "", 1004);
}

TEST_F(DialogRoutes, lists_filter_and_page) {
    for (int i = 0; i < 5; ++i) send(R"({"content":"a","user_id":"u1"})");
    send(R"({"content":"b","user_id":"u2"})");
    const auto page = data_of(get("/api/v1/messages?user_id=u1&page_size=2&page=3&order=asc"));
    EXPECT_EQ(page.at("messages").as_array().size(), 1U);
    EXPECT_EQ(page.at("pagination").at("total").as_int64(), 5);
    EXPECT_EQ(page.at("pagination").at("total_is_at_least"), false);
    EXPECT_EQ(page.at("pagination").at("total_pages").as_int64(), 3);
    EXPECT_TRUE(page.at("pagination").at("next").is_null());
    EXPECT_EQ(
        data_of(get("/api/v1/messages?status=completed")).at("messages").as_array().size(), 0U);
    for (const std::string query : {"page_size=101", "page_size=0", "page=0", "page=x", "sort=size",
             "order=up", "status=done", "priority=urgent", "nope=1"}) {
        const auto answer = get("/api/v1/messages?" + query);
        EXPECT_EQ(answer.status, 400) << query;
        EXPECT_EQ(json_of(answer).at("details").at("field").as_string(),
            query.substr(0, query.find('=')));
    }
}

TEST_F(DialogRoutes, a_conversation_shows_both_turns_in_order) {
    const auto made = data_of(post("/api/v1/conversations", R"({"user_id":"u1","title":"Trip"})"));
    const std::string target = "/api/v1/conversations/" + std::string(made.at("id").as_string());
    EXPECT_EQ(data_of(get(target)).at("title").as_string(), "Trip");
    for (const std::string text : {"one", "two"}) {
        const auto answer = post(target + "/messages", R"({"content":")" + text + R"("})");
        ASSERT_EQ(answer.status, 201);
        complete(id_of(data_of(answer)), "re " + text);
    }
    const auto turns = data_of(get(target + "/messages"));
    std::vector<std::string> seen;
    for (const auto& turn : turns.at("messages").as_array()) {
        seen.push_back(std::string(turn.at("role").as_string()) + ": " +
                       std::string(turn.at("content").as_string()));
    }
    EXPECT_THAT(seen,
        testing::ElementsAre("user: one", "assistant: re one", "user: two", "assistant: re two"));
    EXPECT_EQ(turns.at("pagination").at("total").as_int64(), 2);
}

TEST_F(DialogRoutes, an_unknown_conversation_is_1005) {
    expect_bad(get("/api/v1/conversations/c_no"), 404, "", 1005);
    expect_bad(get("/api/v1/conversations/c_no/messages"), 404, "", 1005);
    expect_bad(post("/api/v1/conversations/c_no/messages", R"({"content":"x"})"), 404, "", 1005);
}

TEST_F(DialogRoutes, conversations_are_listed) {
    ASSERT_EQ(post("/api/v1/conversations", R"({"user_id":"u1"})").status, 201);
    ASSERT_EQ(post("/api/v1/conversations", R"({"user_id":"u2"})").status, 201);
    EXPECT_EQ(data_of(get("/api/v1/conversations")).at("conversations").as_array().size(), 2U);
    EXPECT_EQ(
        data_of(get("/api/v1/conversations?user_id=u2")).at("conversations").as_array().size(), 1U);
    EXPECT_EQ(get("/api/v1/conversations?state=gone").status, 400);
    EXPECT_EQ(post("/api/v1/conversations", R"({"titel":"x"})").status, 400);
}

TEST_F(DialogRoutes, a_broken_database_is_an_envelope_too) {
    break_with(rows, {.code = Errc::storage_io, .detail = "disk gone"});
    const auto answer = json_of(get("/api/v1/conversations"));
    EXPECT_EQ(answer.at("code").as_int64(), 503);
    EXPECT_EQ(answer.at("details").at("error_code").as_int64(), 2001);
}

TEST_F(DialogRoutes, missing_keys_are_an_envelope_too) {
    const auto answer = call(Method::get, "/api/v1/messages", "", {{"Authorization", ""}});
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.fields.get("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(json_of(answer).at("error").as_string(), "unauthorized");
}

TEST_F(DialogRoutes, health_names_its_components) {
    health.set_phase(service::HealthService::Phase::running);
    const auto data = data_of(get("/api/v1/health"));
    EXPECT_EQ(data.at("status").as_string(), "healthy");
    EXPECT_EQ(data.at("version").as_string(), "1.2.3");
    for (const auto name : {"queue", "database", "dispatcher"}) {
        EXPECT_EQ(data.at("components").at(name).at("status").as_string(), "healthy");
    }
    EXPECT_EQ(cluster_state_from_json(data.at("cluster")), cluster);
    EXPECT_EQ(get("/health/ready").status, 200);
}

}  // namespace
}  // namespace baton::test
