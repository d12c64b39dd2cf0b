#include "unit/api/openai/openai_fixture.h"

namespace baton::test {
namespace {

class ResponseRoutes : public OpenAiFixture {
protected:
    static std::vector<std::string> types_of(const std::vector<boost::json::value>& events) {
        std::vector<std::string> types;
        std::int64_t number = events.empty() ? 0 : events.front().at("sequence_number").as_int64();
        for (const auto& event : events) {
            types.emplace_back(event.at("type").as_string());
            EXPECT_EQ(event.at("sequence_number").as_int64(), number++);
        }
        return types;
    }
};

const std::vector<std::string> told_events{"response.created", "response.in_progress",
    "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.delta", "response.output_text.done", "response.content_part.done",
    "response.output_item.done", "response.completed"};

TEST_F(ResponseRoutes, a_response_is_answered) {
    const auto answer = call_beside("/v1/responses",
        R"({"model":"m","input":"hi","instructions":"be kind","temperature":0.5})", {},
        [this] { return work_well(); });
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = json_of(answer);
    EXPECT_EQ(body.at("object").as_string(), "response");
    EXPECT_EQ(body.at("status").as_string(), "completed");
    EXPECT_EQ(body.at("instructions").as_string(), "be kind");
    const auto& item = body.at("output").at(0);
    EXPECT_EQ(item.at("type").as_string(), "message");
    EXPECT_EQ(item.at("content").at(0).at("text").as_string(), "hello there");
    EXPECT_EQ(body.at("usage").at("input_tokens").as_int64(), 3);

    const auto again = get("/v1/responses/" + std::string(body.at("id").as_string()));
    EXPECT_EQ(json_of(again).at("output"), body.at("output"));
}

TEST_F(ResponseRoutes, events_are_numbered_and_a_reader_goes_on_behind_one) {
    auto response = post("/v1/responses", R"({"model":"m","input":"hi","stream":true})");
    io.run(work_well());
    const auto events = events_of(streamed(response));
    EXPECT_EQ(types_of(events), told_events);
    const std::string id(events.front().at("response").at("id").as_string());
    const auto rest =
        events_of(streamed(get("/v1/responses/" + id + "?stream=true&starting_after=4")));
    ASSERT_EQ(rest.size(), told_events.size() - 5);
    EXPECT_EQ(rest.front().at("sequence_number").as_int64(), 5);
    EXPECT_EQ(rest.front().at("delta").as_string(), "there");
    EXPECT_EQ(get("/v1/responses/" + id + "?stream=true&starting_after=x").status, 400);
}

TEST_F(ResponseRoutes, one_in_the_background_is_there_at_once_and_can_be_fetched_and_cancelled) {
    const auto queued =
        json_of(post("/v1/responses", R"({"model":"m","input":"hi","background":true})"));
    EXPECT_EQ(queued.at("status").as_string(), "queued");
    const std::string path = "/v1/responses/" + std::string(queued.at("id").as_string());
    EXPECT_EQ(json_of(get(path)).at("status").as_string(), "queued");
    io.run(work_well());
    EXPECT_EQ(json_of(get(path)).at("status").as_string(), "completed");
    EXPECT_EQ(json_of(post(path + "/cancel", "")).at("status").as_string(), "completed");

    const auto other =
        json_of(post("/v1/responses", R"({"model":"m","input":"hi","background":true})"));
    const std::string place = "/v1/responses/" + std::string(other.at("id").as_string());
    EXPECT_EQ(json_of(post(place + "/cancel", "")).at("status").as_string(), "cancelled");
    EXPECT_EQ(json_of(get(place)).at("status").as_string(), "cancelled");
    EXPECT_EQ(count_in("llm"), 0U);
}

TEST_F(ResponseRoutes, one_that_failed_says_so) {
    const auto queued =
        json_of(post("/v1/responses", R"({"model":"m","input":"hi","background":true})"));
    io.run(work({},
        dispatch::to_queue_reply(Error{.code = Errc::provider_rejected, .detail = "bad model"})));
    const auto body = json_of(get("/v1/responses/" + std::string(queued.at("id").as_string())));
    EXPECT_EQ(body.at("status").as_string(), "failed");
    EXPECT_EQ(body.at("error").at("message").as_string(), "bad model");
}

TEST_F(ResponseRoutes, calls_of_functions_are_items) {
    const ChatResult result{.model = "m-1",
        .finish_reason = "tool_calls",
        .tool_calls = {{.id = "c1", .name = "look", .arguments = R"({"at":1})"}}};
    auto response = post("/v1/responses",
        R"({"model":"m","stream":true,"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],
            "tools":[{"type":"function","name":"look","parameters":{"type":"object"}}]})");
    ASSERT_EQ(response.status, 200) << response.body;
    io.run(work({{.tool_calls = {{.id = "c1", .name = "look", .arguments = R"({"at)"}}},
                    {.tool_calls = {{.arguments = R"(":1})"}}}},
        dispatch::to_queue_reply(result)));
    const auto events = events_of(streamed(response));
    EXPECT_EQ(types_of(events),
        (std::vector<std::string>{"response.created", "response.in_progress",
            "response.output_item.added", "response.function_call_arguments.delta",
            "response.function_call_arguments.delta", "response.function_call_arguments.done",
            "response.output_item.done", "response.completed"}));
    const auto& item = events.back().at("response").at("output").at(0);
    EXPECT_EQ(item.at("type").as_string(), "function_call");
    EXPECT_EQ(item.at("arguments").as_string(), R"({"at":1})");
    EXPECT_EQ(item.at("call_id").as_string(), "c1");
}

TEST_F(ResponseRoutes, items_of_the_input_become_messages) {
    const auto answer = post("/v1/responses",
        R"({"model":"m","instructions":"be kind","input":[
            {"type":"message","role":"user","content":"hi"},
            {"type":"function_call","call_id":"c1","name":"a","arguments":"{}"},
            {"type":"function_call","call_id":"c2","name":"b","arguments":"{}"},
            {"type":"function_call_output","call_id":"c1","output":"1"}],
            "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},
            "max_output_tokens":7})",
        {{"Baton-Mode", "pass-through"}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    ASSERT_EQ(pool.requests.size(), 1U);
    const auto& request = pool.requests[0];
    ASSERT_EQ(request.messages.size(), 4U);
    EXPECT_EQ(request.messages[0].role, Role::system);
    EXPECT_EQ(request.messages[2].tool_calls.size(), 2U);
    EXPECT_EQ(request.messages[3].tool_call_id, "c1");
    EXPECT_EQ(request.options.max_output_tokens, 7U);
    EXPECT_NE(request.options.response_format.find("json_schema"), std::string::npos);
}

TEST_F(ResponseRoutes, what_is_wrong_is_named) {
    const auto bad = [this](std::string body, int status, std::string_view param,
                         FieldMap fields = {}) {
        const auto answer = post("/v1/responses", body, std::move(fields));
        EXPECT_EQ(answer.status, status) << answer.body;
        const auto error = json_of(answer).at("error");
        const auto& named = error.at("param");
        EXPECT_EQ(named.is_null() ? "" : named.as_string(), param) << answer.body;
    };
    bad(R"({"model":"m"})", 400, "input");
    bad(R"({"input":"hi"})", 400, "model");
    bad(R"({"model":"m","input":[{"type":"x"}]})", 400, "input[0].type");
    bad(R"({"model":"m","input":[{"role":"user","content":[{"type":"input_audio"}]}]})", 400,
        "input[0].content[0].type");
    bad(R"({"model":"m","input":"a","previous_response_id":"resp_1"})", 501,
        "previous_response_id");
    bad(R"({"model":"m","input":"a","tools":[{"type":"web_search"}]})", 501, "tools[0]");
    bad(R"({"model":"m","input":"a","background":true})", 400, "background",
        {{"Baton-Mode", "pass-through"}});
    EXPECT_EQ(get("/v1/responses/resp_no").status, 404);
}

}  // namespace
}  // namespace baton::test
