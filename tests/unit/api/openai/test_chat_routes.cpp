#include "unit/api/openai/openai_fixture.h"

namespace baton::test {
namespace {

const std::string hello = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
const std::string hello_streamed =
    R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}})";

class ChatRoutes : public OpenAiFixture {
protected:
    net::Response pass(std::string body) {
        return post("/v1/chat/completions", std::move(body), {{"Baton-Mode", "pass-through"}});
    }
};

TEST_F(ChatRoutes, mode_is_the_requests_else_the_keys_else_the_configurations) {
    const std::string body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
    const FieldMap key{{"Authorization", "Bearer passing-key"}};
    EXPECT_EQ(post("/v1/chat/completions", body, key).status, 200);
    EXPECT_EQ(pool.requests.size(), 1U) << "passed through: nobody works for the queue";
    FieldMap durable = key;
    durable.emplace("Baton-Mode", "durable");
    const auto answer =
        call_beside("/v1/chat/completions", body, durable, [this] { return work_well(); });
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(pool.requests.size(), 1U);
    EXPECT_TRUE(answer.fields.has("Baton-Message-Id"));
}

TEST_F(ChatRoutes, answers_say_how_long_they_took) {
    const auto models = get("/v1/models");
    EXPECT_EQ(models.fields.get("openai-version"), "2020-10-01");
    EXPECT_NE(models.fields.get("openai-processing-ms"), "");
    const auto refused = post("/v1/chat/completions", "{}");
    EXPECT_NE(refused.fields.get("openai-processing-ms"), "") << "also when they are refusals";
}

TEST_F(ChatRoutes, answers_say_what_is_left_of_the_askers_limits) {
    using namespace std::chrono_literals;
    EXPECT_EQ(pass(hello).fields.get("x-ratelimit-limit-requests"), "") << "no limit, no field";
    pool.left = {.requests = {.limit = 10, .left = 9, .full_in = 12ms}};
    const auto some = pass(hello);
    EXPECT_EQ(some.fields.get("x-ratelimit-limit-requests"), "10");
    EXPECT_EQ(some.fields.get("x-ratelimit-remaining-requests"), "9");
    EXPECT_EQ(some.fields.get("x-ratelimit-reset-requests"), "12ms");
    EXPECT_FALSE(some.fields.has("x-ratelimit-limit-tokens"));
    pool.left.tokens = {.limit = 7000, .left = 0, .full_in = 60'001ms};
    const std::string embedding = R"({"model":"m","input":"ab"})";
    const std::string response = R"({"model":"m","input":"hi","background":true})";
    for (const auto& answer :
        {pass(hello), pass(hello_streamed), post("/v1/chat/completions", hello_streamed),
            post("/v1/responses", response), post("/v1/embeddings", embedding)}) {
        EXPECT_EQ(answer.fields.get("x-ratelimit-remaining-requests"), "9");
        EXPECT_EQ(answer.fields.get("x-ratelimit-limit-tokens"), "7000");
        EXPECT_EQ(answer.fields.get("x-ratelimit-remaining-tokens"), "0");
        EXPECT_EQ(answer.fields.get("x-ratelimit-reset-tokens"), "1m1s");
    }
    ASSERT_FALSE(pool.asked_rooms.empty());
    EXPECT_TRUE(pool.asked_rooms.front().ends_with(" m"));
    EXPECT_GT(pool.asked_rooms.front().size(), 2U) << "the tenant is the key";
}

TEST_F(ChatRoutes, refusals_of_limits_say_what_is_left_too) {
    pool.left = {.requests = {.limit = 10, .left = 0, .full_in = std::chrono::seconds(59)}};
    pool.error = Error{.code = Errc::provider_rate_limited,
        .detail = "at its limits",
        .retry_after = std::chrono::milliseconds(1500)};
    const auto refused = pass(hello);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.fields.get("x-ratelimit-remaining-requests"), "0");
    EXPECT_EQ(refused.fields.get("x-ratelimit-reset-requests"), "59s");
    EXPECT_EQ(refused.fields.get("retry-after-ms"), "1500");
    pool.error->code = Errc::provider_rejected;
    EXPECT_FALSE(pass(hello).fields.has("x-ratelimit-limit-requests"));
}

TEST_F(ChatRoutes, a_durable_chat_waits_in_the_queue_and_is_answered) {
    const auto answer =
        call_beside("/v1/chat/completions", hello, {}, [this] { return work_well(); });
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = json_of(answer);
    EXPECT_EQ(body.at("object").as_string(), "chat.completion");
    EXPECT_TRUE(body.at("id").as_string().starts_with("chatcmpl-"));
    EXPECT_EQ(body.at("model").as_string(), "m");
    const auto& choice = body.at("choices").at(0);
    EXPECT_EQ(choice.at("message").at("content").as_string(), "hello there");
    EXPECT_EQ(choice.at("finish_reason").as_string(), "stop");
    EXPECT_EQ(body.at("usage").at("total_tokens").as_int64(), 5);
    EXPECT_TRUE(pool.requests.empty());

    const auto again = get("/v1/chat/completions/" + std::string(body.at("id").as_string()));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(
        json_of(again).at("choices").at(0).at("message").at("content").as_string(), "hello there");
}

TEST_F(ChatRoutes, a_durable_stream_tells_the_pieces_and_ends) {
    auto response = post("/v1/chat/completions", hello_streamed);
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(count_in("llm"), 1U);
    io.run(work_well());
    const std::string text = streamed(response);
    EXPECT_TRUE(text.starts_with(":")) << text;
    EXPECT_TRUE(text.ends_with("data: [DONE]\n\n")) << text;
    const auto chunks = events_of(text);
    EXPECT_EQ(text_of(chunks), "hello there");
    EXPECT_EQ(chunks.front().at("choices").at(0).at("delta").at("role").as_string(), "assistant");
    for (const auto& chunk : chunks) EXPECT_EQ(chunk.at("id"), chunks.front().at("id"));
    EXPECT_TRUE(chunks.back().at("choices").as_array().empty());
    EXPECT_EQ(chunks.back().at("usage").at("prompt_tokens").as_int64(), 3);
    EXPECT_TRUE(chunks.front().at("usage").is_null());
}

TEST_F(ChatRoutes, who_lost_the_stream_goes_on_behind_the_last_event) {
    auto response = post("/v1/chat/completions", hello_streamed);
    const std::string id(response.fields.get("Baton-Message-Id"));
    io.run(work_well());
    const auto first = streamed(response);
    ASSERT_NE(first.find("id: 0.0\n"), std::string::npos) << first;
    const auto rest = streamed(call(net::Method::get,
        "/v1/chat/completions/chatcmpl-" + id + "?stream=true", {}, {{"Last-Event-ID", "0.0"}}));
    EXPECT_EQ(text_of(events_of(rest)), "there");
    EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n"));
}

TEST_F(ChatRoutes, pieces_that_share_an_event_are_told_apart_by_who_goes_on) {
    auto response = post("/v1/chat/completions", hello_streamed);
    const std::string id(response.fields.get("Baton-Message-Id"));
    const auto leased = lease_one("llm");
    const std::vector<ChatDelta> pieces{{.text = "hello "}, {.text = "there"}};
    std::vector<Bytes> events{dispatch::to_output_event(pieces)};
    ASSERT_TRUE(io.run(queues->append_output(leased.receipt, std::move(events))));
    auto reply = dispatch::to_queue_reply(ScriptedPool::result());
    ASSERT_TRUE(io.run(queues->reply(leased.message.id, reply.result, reply.metadata)));
    ASSERT_TRUE(io.run(queues->ack(leased.receipt)));
    EXPECT_EQ(text_of(events_of(streamed(response))), "hello there");
    const auto rest = streamed(call(net::Method::get,
        "/v1/chat/completions/chatcmpl-" + id + "?stream=true", {}, {{"Last-Event-ID", "0.0"}}));
    EXPECT_EQ(text_of(events_of(rest)), "there");
    for (const std::string bad : {"0", "a.b", "1.", "-1.0"}) {
        const auto refused = call(net::Method::get,
            "/v1/chat/completions/chatcmpl-" + id + "?stream=true", {}, {{"Last-Event-ID", bad}});
        EXPECT_EQ(refused.status, 400) << bad;
    }
}

TEST_F(ChatRoutes, what_the_output_had_no_room_for_comes_with_the_end) {
    auto response = post("/v1/chat/completions", hello_streamed);
    const std::string id(response.fields.get("Baton-Message-Id"));
    io.run(work({{.text = "hel"}}, dispatch::to_queue_reply(ScriptedPool::result())));
    EXPECT_EQ(text_of(events_of(streamed(response))), "hello there");
    const auto again = [&](const std::string& seen) {
        return text_of(events_of(
            streamed(call(net::Method::get, "/v1/chat/completions/chatcmpl-" + id + "?stream=true",
                {}, {{"Last-Event-ID", seen}}))));
    };
    EXPECT_EQ(again("0.0"), "lo there");
    EXPECT_EQ(again("1.0"), "");
}

TEST_F(ChatRoutes, a_message_that_is_no_chat_is_not_found) {
    const auto posted = post("/v1/queues/mail/messages", R"({"content":"x"})");
    const std::string id(json_of(posted).at("messages").at(0).at("id").as_string());
    EXPECT_EQ(get("/v1/chat/completions/chatcmpl-" + id).status, 404);
    EXPECT_EQ(post("/v1/responses/resp_" + id + "/cancel", "").status, 404);
    EXPECT_EQ(count_in("mail"), 1U);
}

TEST_F(ChatRoutes, a_chat_that_is_tried_again_goes_on_where_it_was) {
    auto response = post("/v1/chat/completions", hello_streamed);
    const auto leased = lease_one("llm");
    const ChatDelta piece{.text = "hello "};
    std::vector<Bytes> events{dispatch::to_output_event({&piece, 1})};
    ASSERT_TRUE(io.run(queues->append_output(leased.receipt, std::move(events))));
    ASSERT_TRUE(io.run(queues->nack(queue::NackRequest{.receipt = leased.receipt})));
    io.run(work_well());
    const auto text = streamed(response);
    EXPECT_EQ(text_of(events_of(text)), "hello there") << text;
    EXPECT_TRUE(text.ends_with("data: [DONE]\n\n"));
}

TEST_F(ChatRoutes, a_chat_that_begins_anew_otherwise_ends_the_stream_with_an_error) {
    auto response = post("/v1/chat/completions", hello_streamed);
    const auto leased = lease_one("llm");
    const ChatDelta piece{.text = "good day"};
    std::vector<Bytes> events{dispatch::to_output_event({&piece, 1})};
    ASSERT_TRUE(io.run(queues->append_output(leased.receipt, std::move(events))));
    ASSERT_TRUE(io.run(queues->nack(queue::NackRequest{.receipt = leased.receipt})));
    io.run(work_well());
    const auto text = streamed(response);
    EXPECT_EQ(text.find("[DONE]"), std::string::npos) << text;
    EXPECT_EQ(events_of(text).back().at("error").at("code").as_string(), "conflict");
}

TEST_F(ChatRoutes, a_chat_that_fails_says_why_in_the_shape_of_openai) {
    const Error limit{.code = Errc::provider_rate_limited,
        .detail = "slow down",
        .retry_after = std::chrono::milliseconds(1'500)};
    const auto answer = call_beside("/v1/chat/completions", hello, {},
        [&] { return work({}, dispatch::to_queue_reply(limit)); });
    EXPECT_EQ(answer.status, 429) << answer.body;
    const auto error = json_of(answer).at("error");
    EXPECT_EQ(error.at("type").as_string(), "rate_limit_error");
    EXPECT_EQ(error.at("code").as_string(), "provider_rate_limited");
    EXPECT_EQ(answer.fields.get("Retry-After"), "2");
    EXPECT_EQ(answer.fields.get("retry-after-ms"), "1500");
    EXPECT_EQ(answer.fields.get("x-should-retry"), "true");
}

TEST_F(ChatRoutes, one_idempotency_key_is_one_chat) {
    const FieldMap key{{"Idempotency-Key", "k1"}};
    const auto first = post("/v1/chat/completions", hello_streamed, key);
    const auto second = post("/v1/chat/completions", hello_streamed, key);
    EXPECT_EQ(count_in("llm"), 1U);
    EXPECT_EQ(first.fields.get("Baton-Message-Id"), second.fields.get("Baton-Message-Id"));
    EXPECT_EQ(second.fields.get("Baton-Duplicate"), "true");
    io.run(work_well());
    EXPECT_EQ(text_of(events_of(streamed(first))), "hello there");
    EXPECT_EQ(text_of(events_of(streamed(second))), "hello there");
}

TEST_F(ChatRoutes, level_comes_from_the_header_or_the_service_tier) {
    const auto level_of = [this](std::string tier, const FieldMap& fields) {
        std::string body = hello_streamed;
        if (!tier.empty()) body.insert(1, R"("service_tier":")" + tier + R"(",)");
        EXPECT_EQ(post("/v1/chat/completions", body, fields).status, 200);
        return lease_one("llm").message.data->priority;
    };
    EXPECT_EQ(level_of("", {}), Level::normal);
    EXPECT_EQ(level_of("auto", {}), Level::normal);
    EXPECT_EQ(level_of("flex", {}), Level::low);
    EXPECT_EQ(level_of("priority", {}), Level::high);
    EXPECT_EQ(level_of("flex", {{"Baton-Priority", "realtime"}}), Level::realtime);
}

TEST_F(ChatRoutes, a_chat_passed_through_leaves_nothing_behind) {
    const auto answer = pass(hello);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(
        json_of(answer).at("choices").at(0).at("message").at("content").as_string(), "hello there");
    EXPECT_EQ(count_in("llm"), 0U);
    const auto text = streamed(pass(hello_streamed));
    EXPECT_EQ(text_of(events_of(text)), "hello there");
    EXPECT_TRUE(text.ends_with("data: [DONE]\n\n"));
}

TEST_F(ChatRoutes, a_stream_refused_before_its_first_piece_has_the_status_of_the_error) {
    pool.error = Error{.code = Errc::provider_rejected, .detail = "no"};
    const auto response = pass(hello_streamed);
    KeptBody body;
    io.run(response.stream(body));
    ASSERT_TRUE(body.instead);
    EXPECT_EQ(body.instead->status, 400);
    EXPECT_EQ(body.text, "");

    pool.fail_behind_pieces = true;
    const auto text = streamed(pass(hello_streamed));
    EXPECT_EQ(text.find("[DONE]"), std::string::npos);
    EXPECT_TRUE(events_of(text).back().as_object().contains("error")) << text;
}

TEST_F(ChatRoutes, a_client_that_is_gone_ends_what_is_passed_through) {
    const auto response = pass(hello_streamed);
    KeptBody body;
    body.pieces_max = 0;
    EXPECT_THROW(io.run(response.stream(body)), boost::system::system_error);
}

TEST_F(ChatRoutes, what_is_wrong_is_named) {
    const auto bad = [this](std::string body, int status, std::string_view param,
                         FieldMap fields = {}) {
        const auto answer = post("/v1/chat/completions", body, std::move(fields));
        EXPECT_EQ(answer.status, status) << answer.body;
        const auto error = json_of(answer).at("error");
        const auto& named = error.at("param");
        EXPECT_EQ(named.is_null() ? "" : named.as_string(), param) << answer.body;
        EXPECT_EQ(count_in("llm"), 0U);
    };
    bad("{", 400, "");
    bad("[]", 400, "");
    bad("{\"model\":\"\xff\"}", 400, "");
    bad(R"({"messages":[{"role":"user","content":"a"}]})", 400, "model");
    bad(R"({"model":"m","messages":[]})", 400, "messages");
    bad(R"({"model":"x","messages":[{"role":"user","content":"a"}]})", 404, "model");
    bad(R"({"model":"m","messages":[{"role":"user","content":"a"}],"stream":"yes"})", 400,
        "stream");
    bad(hello, 400, "Baton-Mode", {{"Baton-Mode", "fast"}});
    bad(hello, 400, "Baton-Priority", {{"Baton-Priority", "now"}});
    bad(hello, 400, "Idempotency-Key", {{"Idempotency-Key", std::string(201, 'k')}});
    bad(hello, 401, "", {{"Authorization", "Bearer no"}});
    EXPECT_EQ(get("/v1/chat/completions/chatcmpl-no").status, 404);
}

TEST_F(ChatRoutes, models_and_embeddings) {
    EXPECT_EQ(json_of(get("/v1/models")).at("data").at(0).at("id").as_string(), "m");
    EXPECT_EQ(get("/v1/models/m").status, 200);
    EXPECT_EQ(get("/v1/models/x").status, 404);
    EXPECT_EQ(get("/v1/models/meta/llama").status, 404);
    const auto floats = json_of(post("/v1/embeddings", R"({"model":"m","input":["ab","c"]})"));
    EXPECT_EQ(floats.at("data").as_array().size(), 2U);
    EXPECT_EQ(floats.at("data").at(0).at("embedding").at(0).to_number<double>(), 2.0);
    const auto packed =
        json_of(post("/v1/embeddings", R"({"model":"m","input":"ab","encoding_format":"base64"})"));
    EXPECT_EQ(packed.at("data").at(0).at("embedding").as_string(), "AAAAQAAAAD8=");
    EXPECT_EQ(post("/v1/embeddings", R"({"model":"m","input":[1]})").status, 400);
    EXPECT_EQ(post("/v1/embeddings", R"({"model":"m","input":[]})").status, 400);
    EXPECT_EQ(post("/v1/embeddings", R"({"model":"x","input":"a"})").status, 404);
}

}  // namespace
}  // namespace baton::test
