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

TEST_F(ResponseRoutes, one_that_is_over_says_all_that_was_asked) {
    const auto queued = json_of(post("/v1/responses",
        R"({"model":"m","input":"hi","background":true,"instructions":"be kind","temperature":0.5,
            "metadata":{"order":"7"},"max_output_tokens":9,"reasoning":{"effort":"low"},
            "tools":[{"type":"function","name":"look","parameters":{"type":"object"}}]})"));
    const std::string path = "/v1/responses/" + std::string(queued.at("id").as_string());
    io.run(work_well());
    const auto body = json_of(get(path));
    EXPECT_EQ(body.at("status").as_string(), "completed");
    for (const std::string_view name : {"background", "instructions", "temperature", "metadata",
             "max_output_tokens", "reasoning", "tools", "store", "previous_response_id"}) {
        EXPECT_EQ(body.at(name), queued.at(name)) << name;
    }
    EXPECT_EQ(body.at("reasoning").at("effort").as_string(), "low");
    EXPECT_EQ(body.at("metadata").at("order").as_string(), "7");

    // The events are those of a response in the background, so that their numbers hold.
    const auto events = events_of(streamed(get(path + "?stream=true")));
    EXPECT_EQ(types_of(events)[1], "response.queued");
    EXPECT_EQ(events.back().at("response").at("instructions").as_string(), "be kind");
}

TEST_F(ResponseRoutes, one_that_failed_says_what_was_asked) {
    const auto queued = json_of(post("/v1/responses",
        R"({"model":"m","input":"hi","instructions":"be kind","background":true})"));
    const std::string path = "/v1/responses/" + std::string(queued.at("id").as_string());
    EXPECT_EQ(json_of(get(path)).at("instructions").as_string(), "be kind") << "while it waits";
}

TEST_F(ResponseRoutes, a_response_goes_on_from_an_earlier_one) {
    const auto ask = [this](std::string body) {
        const auto answer =
            call_beside("/v1/responses", std::move(body), {}, [this] { return work_well(); });
        EXPECT_EQ(answer.status, 200) << answer.body;
        return std::string(json_of(answer).at("id").as_string());
    };
    const auto first = ask(R"({"model":"m","input":"one","instructions":"be kind"})");
    const auto second = ask(R"({"model":"m","input":"two","instructions":"be brief",
        "previous_response_id":")" +
                            first + R"("})");
    const auto third =
        ask(R"({"model":"m","input":"three","previous_response_id":")" + second + R"("})");
    std::vector<std::string> said;
    for (const auto& message : done_work.request.messages) {
        said.push_back(std::string(to_string(message.role)) + ": " + message.content);
    }
    EXPECT_EQ(said, (std::vector<std::string>{"user: one", "assistant: hello there", "user: two",
                        "assistant: hello there", "user: three"}))
        << "instructions are each response's own";
    const auto body = json_of(get("/v1/responses/" + third));
    EXPECT_EQ(body.at("previous_response_id").as_string(), second);

    // Passed through, too, although nothing goes on from that one.
    const auto passed = post("/v1/responses",
        R"({"model":"m","input":"four","previous_response_id":")" + third + R"("})",
        {{"Baton-Mode", "pass-through"}});
    ASSERT_EQ(passed.status, 200) << passed.body;
    EXPECT_EQ(pool.requests.back().messages.size(), 7U);
}

TEST_F(ResponseRoutes, calls_of_an_earlier_response_are_answered_in_the_next) {
    const ChatResult calls{.model = "m-1",
        .finish_reason = "tool_calls",
        .tool_calls = {{.id = "c1", .name = "look", .arguments = "{}"}}};
    const auto first = call_beside(
        "/v1/responses", R"({"model":"m","input":"one"})", {}, [&] { return answer({}, calls); });
    const std::string id(json_of(first).at("id").as_string());
    const auto second = call_beside("/v1/responses",
        R"({"model":"m","input":[{"type":"function_call_output","call_id":"c1","output":"42"}],
            "previous_response_id":")" +
            id + R"("})",
        {}, [this] { return work_well(); });
    ASSERT_EQ(second.status, 200) << second.body;
    const auto& messages = done_work.request.messages;
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[1].tool_calls, calls.tool_calls);
    EXPECT_EQ(messages[2].tool_call_id, "c1");
}

TEST_F(ResponseRoutes, what_keeps_nothing_cannot_be_gone_on_from) {
    const auto go_on = [this](std::string_view id) {
        return post("/v1/responses",
            R"({"model":"m","input":"a","previous_response_id":")" + std::string(id) + R"("})");
    };
    const auto unknown = go_on("resp_" + MessageId{}.text());
    EXPECT_EQ(unknown.status, 400);
    const auto error = json_of(unknown).at("error");
    EXPECT_EQ(error.at("code").as_string(), "previous_response_not_found");
    EXPECT_EQ(error.at("type").as_string(), "invalid_request_error");
    EXPECT_EQ(error.at("param").as_string(), "previous_response_id");

    const auto unkept = call_beside("/v1/responses", R"({"model":"m","input":"a","store":false})",
        {}, [this] { return work_well(); });
    EXPECT_EQ(json_of(unkept).at("store").as_bool(), false);
    EXPECT_EQ(go_on(json_of(unkept).at("id").as_string()).status, 400);

    const auto queued =
        json_of(post("/v1/responses", R"({"model":"m","input":"hi","background":true})"));
    EXPECT_EQ(go_on(queued.at("id").as_string()).status, 409) << "it has no answer yet";
    io.run(work({}, dispatch::to_queue_reply(Error{.code = Errc::provider_rejected})));
    EXPECT_EQ(go_on(queued.at("id").as_string()).status, 409) << "it has none at all";
}

TEST_F(ResponseRoutes, items_of_an_answer_that_was_cut_are_incomplete) {
    const auto ask = [this](std::vector<ChatDelta> pieces, const ChatResult& result) {
        auto response = post("/v1/responses", R"({"model":"m","input":"hi","stream":true})");
        io.run(answer(std::move(pieces), result));
        const auto events = events_of(streamed(response));
        EXPECT_EQ(events.back().at("type").as_string(), "response.incomplete");
        const auto body = events.back().at("response");
        const auto whole = json_of(get("/v1/responses/" + std::string(body.at("id").as_string())));
        EXPECT_EQ(whole.at("output"), body.at("output")) << "streamed and whole say the same";
        return body;
    };
    ChatResult result{.content = "half a", .model = "m-1", .finish_reason = "length"};
    auto body = ask({{.text = "half a"}}, result);
    EXPECT_EQ(body.at("output").at(0).at("status").as_string(), "incomplete");

    // Only the last one was cut.
    result.tool_calls = {{.id = "c1", .name = "look", .arguments = "{"}};
    body =
        ask({{.text = "half a"}, {.tool_calls = {{.id = "c1", .name = "look", .arguments = "{"}}}},
            result);
    EXPECT_EQ(body.at("output").at(0).at("status").as_string(), "completed");
    EXPECT_EQ(body.at("output").at(1).at("status").as_string(), "incomplete");

    result = {.model = "m-1", .finish_reason = "length", .reasoning = "hm"};
    body = ask({{.reasoning = "hm"}}, result);
    ASSERT_EQ(body.at("output").as_array().size(), 1U);
    EXPECT_EQ(body.at("output").at(0).at("type").as_string(), "reasoning");
    EXPECT_EQ(body.at("output").at(0).at("status").as_string(), "incomplete");
}

TEST_F(ResponseRoutes, thoughts_are_an_item_before_the_answer) {
    auto response = post("/v1/responses", R"({"model":"m","input":"hi","stream":true})");
    const ChatResult result{
        .content = "42", .model = "m-1", .finish_reason = "stop", .reasoning = "six by nine"};
    io.run(answer({{.reasoning = "six "}, {.reasoning = "by nine"}, {.text = "42"}}, result));
    const auto events = events_of(streamed(response));
    EXPECT_EQ(types_of(events),
        (std::vector<std::string>{"response.created", "response.in_progress",
            "response.output_item.added", "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta", "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
            "response.output_item.done", "response.output_item.added",
            "response.content_part.added", "response.output_text.delta",
            "response.output_text.done", "response.content_part.done", "response.output_item.done",
            "response.completed"}));
    const auto& body = events.back().at("response");
    const auto& thoughts = body.at("output").at(0);
    EXPECT_EQ(thoughts.at("type").as_string(), "reasoning");
    EXPECT_EQ(thoughts.at("summary").at(0).at("text").as_string(), "six by nine");
    EXPECT_EQ(events[4].at("item_id"), thoughts.at("id"));
    const auto whole = json_of(get("/v1/responses/" + std::string(body.at("id").as_string())));
    EXPECT_EQ(whole.at("output"), body.at("output"));
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
    bad(R"({"model":"m","input":"a","previous_response_id":"resp_1"})", 400,
        "previous_response_id");
    bad(R"({"model":"m","input":"a","previous_response_id":7})", 400, "previous_response_id");
    bad(R"({"model":"m","input":"a","conversation":"conv_1"})", 501, "conversation");
    bad(R"({"model":"m","input":"a","tools":[{"type":"web_search"}]})", 501, "tools[0]");
    bad(R"({"model":"m","input":"a","background":true})", 400, "background",
        {{"Baton-Mode", "pass-through"}});
    EXPECT_EQ(get("/v1/responses/resp_no").status, 404);
}

}  // namespace
}  // namespace baton::test
