// docs/reference/openapi.yaml, the router and real answers say the same.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "api/docs/docs_door.h"
#include "api/krpc/krpc_door.h"
#include "integration/openapi_calls.h"
#include "integration/openapi_page.h"
#include "support/fake_names.h"
#include "unit/api/openai/openai_fixture.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using api::rest::Auth;
using api::rest::RouteInfo;
using net::Method;

/// Those of every door.
std::vector<RouteInfo> all_routes(service::ChatService& chats, const api::Door& krpc) {
    std::vector<RouteInfo> all = api::rest::routes();
    for (const auto& route : api::openai::make_openai_door(chats, {}).routes) {
        all.push_back(route.info);
    }
    for (const auto& route : krpc.routes) all.push_back(route.info);
    for (const auto& route : api::docs::make_docs_door().routes) all.push_back(route.info);
    return all;
}

class OpenApi : public OpenAiFixture {
protected:
    OpenApi() {
        open_door({},
            {api::openai::make_openai_door(chats, {}), krpc_door(), api::docs::make_docs_door()});
    }

    api::Door krpc_door() {
        return api::krpc::make_krpc_door({.access = access_,
                                             .queues = queue_service,
                                             .operations = operator_service,
                                             .named = named,
                                             .outputs = output_service,
                                             .logs = log_service,
                                             .clock = clock,
                                             .metrics = door_metrics.emplace_back()},
            Log());
    }
    /// Calls a route as an administrator and holds the answer against the page. `pattern` names the
    /// route.
    net::Response checked(std::string_view name, std::string_view target, std::string body = {},
        FieldMap fields = {}) {
        const std::string text(name);
        Method method = Method::get;
        for (const auto each : {Method::put, Method::post, Method::patch, Method::del}) {
            if (text.starts_with(net::to_string(each))) method = each;
        }
        fields.emplace("Authorization", "Bearer admin-key");
        auto response = call(method, target, std::move(body), std::move(fields));
        const auto all = operations();
        EXPECT_TRUE(all.contains(text)) << text;
        if (all.contains(text)) hold(text, *all.at(text), response);
        return response;
    }

    void hold(
        const std::string& name, const json::object& operation, const net::Response& response) {
        const auto* documented = response_of(operation, response.status);
        ASSERT_NE(documented, nullptr) << name << " answers " << response.status << response.body;
        seen.insert(fmt::format("{} {}", name, response.status));
        const auto* content = documented->if_contains("content");
        const auto type = response.content_type.substr(0, response.content_type.find(';'));
        EXPECT_TRUE(response.body.empty() || (content && content->as_object().contains(type)))
            << name << " " << response.status << " answers " << type;
        const auto* schema = schema_of(*documented);
        if (schema == nullptr || type != "application/json") return;
        const auto wrong = check_schema(page(), *schema, json_of(response));
        EXPECT_TRUE(wrong.empty()) << name << " " << response.status << "\n"
                                   << fmt::format("{}", fmt::join(wrong, "\n"));
    }

    std::string post_one(std::string body = R"({"content":"x"})") {
        const auto answer = json_of(checked(
            "POST /v1/queues/{queue}/messages", "/v1/queues/mail/messages", std::move(body)));
        return std::string(answer.at("messages").at(0).at("id").as_string());
    }
    std::string pop_one() {
        const auto answer =
            json_of(checked("POST /v1/queues/{queue}/pop", "/v1/queues/mail/pop", "{}"));
        return R"({"receipts":[")" +
               std::string(answer.at("messages").at(0).at("receipt").as_string()) + R"(","bad"]})";
    }

    void call_queue_routes();
    void call_flow_routes();
    void call_care_routes();
    void call_output_routes();
    void call_log_routes();
    void call_dialog_routes();
    void call_openai_routes();
    void call_krpc_route();
    void call_operator_routes();

    FakeNames message_names;
    service::NamedQueueService named{queue_service, message_names};
    std::set<std::string> seen;  ///< "GET /v1/queues 200"
};

void OpenApi::call_queue_routes() {
    checked("PUT /v1/queues/{queue}", "/v1/queues/jobs");
    checked("PUT /v1/queues/{queue}", "/v1/queues/jobs", R"({"fairness_weights":{"a":2}})");
    checked("PUT /v1/queues/{queue}", "/v1/queues/jobs", R"({"max_sice":2})");
    checked("GET /v1/queues/{queue}", "/v1/queues/jobs");
    checked("GET /v1/queues/{queue}", "/v1/queues/nope");
    checked("GET /v1/queues", "/v1/queues");
    checked("POST /v1/queues/{queue}/pause", "/v1/queues/jobs/pause");
    checked("POST /v1/queues/{queue}/resume", "/v1/queues/jobs/resume");
    checked("POST /v1/queues/{queue}/purge", "/v1/queues/jobs/purge");
    checked("GET /v1/queues/{queue}/stats", "/v1/queues/jobs/stats");
    checked("DELETE /v1/queues/{queue}", "/v1/queues/jobs");
    checked("DELETE /v1/queues/{queue}", "/v1/queues/jobs");
}

void OpenApi::call_flow_routes() {
    const std::string id = post_one(
        R"({"content":"x","ttl_ms":600000,"ordering_key":"o","fairness_key":"f","dedup_key":"d",)"
        R"("headers":{"h":"v"},"metadata":{"m":1},"reply_to":"r"})");
    checked("GET /v1/messages/{id}", "/v1/messages/" + id);
    checked("POST /v1/queues/{queue}/messages", "/v1/queues/mail/messages", "\xff",
        {{"Content-Type", "application/octet-stream"}});
    checked("POST /v1/queues/{queue}/messages", "/v1/queues/mail/messages", R"({"content":1})");
    checked("GET /v1/queues/{queue}/messages", "/v1/queues/mail/messages?limit=1");
    checked("POST /v1/queues/{queue}/extend", "/v1/queues/mail/extend", pop_one());
    checked("POST /v1/queues/{queue}/nack", "/v1/queues/mail/nack", pop_one());
    checked("GET /v1/queues/{queue}/messages", "/v1/queues/mail/messages?state=ready");
    checked("POST /v1/queues/{queue}/pop", "/v1/queues/mail/pop", R"({"max":0})");
    checked("POST /v1/messages/{id}/reply", "/v1/messages/" + id + "/reply",
        R"({"result_base64":"/w==","metadata":{"m":1}})");
    checked("GET /v1/messages/{id}/reply", "/v1/messages/" + id + "/reply");
    const std::string other = post_one();
    checked("GET /v1/messages/{id}/reply", "/v1/messages/" + other + "/reply");
    checked("POST /v1/queues/{queue}/ack", "/v1/queues/mail/ack", pop_one());
    checked("DELETE /v1/messages/{id}", "/v1/messages/" + other);
    checked("GET /v1/messages/{id}", "/v1/messages/" + other);
}

void OpenApi::call_care_routes() {
    checked("POST /v1/queues/{queue}/pause", "/v1/queues/mail/pause", R"({"fairness_key":"f"})");
    checked("POST /v1/queues/{queue}/resume", "/v1/queues/mail/resume", R"({"fairness_key":"f"})");
    checked("POST /v1/queues/{queue}/redrive", "/v1/queues/mail/redrive", R"({"limit":1})");
    checked("POST /v1/queues/{queue}/redrive", "/v1/queues/mail/redrive", R"({"limits":1})");
    const std::string target = "/v1/messages/" + post_one();
    checked("POST /v1/messages/{id}/reschedule", target + "/reschedule", R"({"delay_ms":60000})");
    checked("POST /v1/messages/{id}/reschedule", target + "/reschedule", "{}");
    checked("GET /v1/messages/{id}/explain", target + "/explain");
    checked("POST /v1/messages/{id}/reschedule", target + "/reschedule", R"({"due_at":1})");
    checked("PUT /admin/v1/quotas/{tenant}", "/admin/v1/quotas/acme", R"({"limit_bytes":1000})");
    checked("GET /admin/v1/quotas/{tenant}", "/admin/v1/quotas/acme");
    checked("GET /admin/v1/quotas/{tenant}", "/admin/v1/quotas/acme", "",
        {{"Authorization", "Bearer member-key"}});
}

void OpenApi::call_output_routes() {
    const std::string id = post_one(R"({"content":"x","priority":"realtime"})");
    const std::string target = "/v1/messages/" + id + "/output";
    checked("GET /v1/messages/{id}/output", target);
    const auto popped = json_of(
        checked("POST /v1/queues/{queue}/pop", "/v1/queues/mail/pop", R"({"ack":["bad"]})"));
    const std::string receipt(popped.at("messages").at(0).at("receipt").as_string());
    checked("POST /v1/messages/{id}/output", target,
        R"({"receipt":")" + receipt + R"(","events":[{"data":"a"},{"data_base64":"/w=="}]})");
    checked(
        "POST /v1/messages/{id}/output", target, R"({"receipt":"bad","events":[{"data":"a"}]})");
    checked("GET /v1/messages/{id}/output", target);
}

void OpenApi::call_log_routes() {
    checked("PUT /v1/queues/{queue}", "/v1/queues/events", R"({"mode":"log"})");
    const std::string readers = "/v1/queues/events/subscriptions";
    const std::string route = "/v1/queues/{queue}/subscriptions";
    checked("PUT " + route + "/{subscription}", readers + "/audit", R"({"from":"earliest"})");
    checked("PUT " + route + "/{subscription}", readers + "/audit", R"({"from":"nowhere"})");
    checked("POST /v1/queues/{queue}/messages", "/v1/queues/events/messages",
        R"([{"content":"a"},{"content":"b"}])", {{"Baton-Durability", "relaxed"}});
    checked("POST " + route + "/{subscription}/fetch", readers + "/audit/fetch", R"({"max":10})");
    checked("POST " + route + "/{subscription}/commit", readers + "/audit/commit", R"({"seq":2})");
    checked("POST " + route + "/{subscription}/commit", readers + "/audit/commit", R"({"seq":1})");
    checked("POST " + route + "/{subscription}/seek", readers + "/audit/seek", R"({"to":1})");
    checked("GET " + route, readers);
    checked("POST /v1/queues/{queue}/truncate", "/v1/queues/events/truncate", R"({"before":2})");
    checked("DELETE " + route + "/{subscription}", readers + "/audit");
    checked("DELETE " + route + "/{subscription}", readers + "/audit");
}

void OpenApi::call_dialog_routes() {
    const auto conversation = json_of(checked("POST /api/v1/conversations", "/api/v1/conversations",
        R"({"title":"Trip","metadata":{"m":1}})"));
    const std::string target =
        "/api/v1/conversations/" + std::string(conversation.at("data").at("id").as_string());
    const auto sent = json_of(checked("POST /api/v1/conversations/{id}/messages",
        target + "/messages", R"({"content":"one","metadata":{"m":1}})"));
    const std::string id(sent.at("data").at("id").as_string());
    checked("GET /api/v1/messages/{id}", "/api/v1/messages/" + id);
    for (const auto& step : steps_of_each_kind(MessageId::parse(id).value(), clock.now())) {
        ASSERT_TRUE(io.run(rows.add_step(MessageId::parse(id).value(), step)));
    }
    checked("GET /api/v1/messages/{id}/steps", "/api/v1/messages/" + id + "/steps");
    checked("GET /api/v1/messages/{id}/steps", "/api/v1/messages/" + id + "/steps?after=x");
    checked("GET /api/v1/messages/{id}/steps", "/api/v1/messages/nonsense/steps");
    complete(MessageId::parse(id).value(), "re one");
    checked("GET /api/v1/messages/{id}", "/api/v1/messages/" + id);
    const auto open =
        json_of(checked("POST /api/v1/messages", "/api/v1/messages", R"({"content":"two"})"));
    checked("POST /api/v1/messages", "/api/v1/messages", R"({"content":""})");
    checked("GET /api/v1/messages", "/api/v1/messages?page_size=1");
    checked("GET /api/v1/messages", "/api/v1/messages?page_size=0");
    checked("GET /api/v1/conversations", "/api/v1/conversations?page_size=1");
    checked("GET /api/v1/conversations/{id}", target);
    checked("GET /api/v1/conversations/{id}", target + "x");
    checked("GET /api/v1/conversations/{id}/messages", target + "/messages");
    for (const auto& each : ending_calls(target, id, open))
        checked(each.name, each.target, each.body);
}

void OpenApi::call_operator_routes() {
    checked("GET /health/live", "/health/live");
    checked("GET /health/ready", "/health/ready");
    checked("GET /api/v1/health", "/api/v1/health");
    health.set_phase(service::HealthService::Phase::running);
    checked("GET /health/ready", "/health/ready");
    checked("GET /api/v1/health", "/api/v1/health");
    checked("GET /metrics", "/metrics");
    checked("GET /docs", "/docs");
    checked("GET /docs/{file}", "/docs/openapi.json");
    checked("GET /docs/{file}", "/docs/openapi.toml");
    checked("POST /admin/v1/keys", "/admin/v1/keys", R"({"name":"ci"})");
    checked("DELETE /admin/v1/keys/{id}", "/admin/v1/keys/k1");
    checked("DELETE /admin/v1/keys/{id}", "/admin/v1/keys/k9");
    checked("GET /admin/v1/keys", "/admin/v1/keys");
    checked("GET /v1/endpoints", "/v1/endpoints");
    checked("PATCH /v1/endpoints/{name}", "/v1/endpoints/fake", R"({"weight":3})");
    checked("PATCH /v1/endpoints/{name}", "/v1/endpoints/other", R"({"weight":3})");
    checked("GET /admin/v1/keys", "/admin/v1/keys", "", {{"Authorization", "Bearer member-key"}});
}

void OpenApi::call_openai_routes() {
    const FieldMap through{{"Baton-Mode", "pass-through"}};
    const std::string chat = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
    checked("POST /v1/chat/completions", "/v1/chat/completions", chat, through);
    checked("POST /v1/chat/completions", "/v1/chat/completions", "{}");
    checked("POST /v1/responses", "/v1/responses", R"({"model":"m","input":"hi"})", through);
    checked("GET /v1/models", "/v1/models");
    checked("GET /v1/models/{model}", "/v1/models/m");
    checked("GET /v1/models/{model}", "/v1/models/x");
    checked("GET /v1/models/{owner}/{model}", "/v1/models/owner/m");
    checked("POST /v1/embeddings", "/v1/embeddings", R"({"model":"m","input":"hi"})");

    const auto queued = json_of(checked(
        "POST /v1/responses", "/v1/responses", R"({"model":"m","input":"hi","background":true})"));
    const std::string response(queued.at("id").as_string());
    const std::string message = response.substr(std::string_view("resp_").size());
    checked("GET /v1/responses/{id}", "/v1/responses/" + response);
    const std::string completion = "/v1/chat/completions/chatcmpl-" + message;
    EXPECT_EQ(checked("GET /v1/chat/completions/{id}", completion).status, 202);
    io.run(work_well());
    EXPECT_EQ(checked("GET /v1/chat/completions/{id}", completion).status, 200);
    checked("POST /v1/responses/{id}/cancel", "/v1/responses/" + response + "/cancel");
}

void OpenApi::call_krpc_route() {
    const std::string_view name = "POST /kapi/msg_queue";
    checked(name, "/kapi/msg_queue", R"({"method":"list_queues","sys":[1,null,"t"]})");
    checked(name, "/kapi/msg_queue", R"({"method":"no","sys":[1]})");
    checked(name, "/kapi/msg_queue", "no JSON");
    checked(name, "/kapi/msg_queue", "{}", {{"Host", "evil.example"}});
}

TEST_F(OpenApi, documents_every_route_and_nothing_else) {
    std::vector<std::string> routes;
    for (const RouteInfo& route : all_routes(chats, krpc_door())) routes.push_back(name_of(route));
    std::vector<std::string> documented;
    for (const auto& [name, operation] : operations()) documented.push_back(name);
    EXPECT_THAT(documented, testing::UnorderedElementsAreArray(routes));
}

TEST_F(OpenApi, says_of_every_route_whether_it_takes_a_key) {
    const auto all = operations();
    for (const RouteInfo& route : all_routes(chats, krpc_door())) {
        ASSERT_TRUE(all.contains(name_of(route)));
        const auto* security = all.at(name_of(route))->if_contains("security");
        const bool open = security != nullptr && security->as_array().empty();
        const bool without = route.auth == Auth::open || route.auth == Auth::in_body;
        EXPECT_EQ(open, without) << name_of(route);
        EXPECT_EQ(security != nullptr, without || route.auth == Auth::metrics) << name_of(route);
    }
}

TEST_F(OpenApi, is_served_as_it_stands) {
    const auto yaml = get("/docs/openapi.yaml");
    std::ifstream file(BATON_SOURCE_DIR "/docs/reference/openapi.yaml");
    EXPECT_EQ(yaml.body, std::string(std::istreambuf_iterator<char>(file), {}));
    EXPECT_EQ(json_of(get("/docs/openapi.json")), page());
}

TEST_F(OpenApi, names_every_operation_once) {
    std::set<std::string> ids;
    for (const auto& [name, operation] : operations()) {
        EXPECT_FALSE(operation->at("summary").as_string().empty()) << name;
        EXPECT_TRUE(ids.emplace(operation->at("operationId").as_string()).second) << name;
    }
}

TEST_F(OpenApi, names_every_error_code) {
    std::vector<std::string> codes;
    for (const ErrcInfo& row : errc_table()) codes.emplace_back(row.name);
    std::vector<std::string> documented;
    const auto& names = page().at("components").at("schemas").at("ErrorCode").at("enum").as_array();
    for (const auto& name : names) documented.emplace_back(name.as_string());
    EXPECT_EQ(documented, codes);
}

TEST_F(OpenApi, real_answers_have_the_documented_shape) {
    call_queue_routes();
    call_flow_routes();
    call_care_routes();
    call_output_routes();
    call_log_routes();
    call_openai_routes();
    call_krpc_route();
    call_dialog_routes();
    call_operator_routes();
    for (const auto& [name, operation] : operations()) {
        for (const auto& [status, response] : operation->at("responses").as_object()) {
            if (!status.starts_with("2")) continue;
            EXPECT_TRUE(seen.contains(name + " " + std::string(status)))
                << name << " " << std::string(status) << " is documented and was never answered";
        }
    }
}

TEST_F(OpenApi, examples_are_good_and_work) {
    const std::string id = post_one();
    const auto conversation = json_of(post("/api/v1/conversations", "{}"));
    const std::string conversation_id(conversation.at("data").at("id").as_string());
    for (const auto& [name, operation] : operations()) {
        for (const auto& example : request_examples(*operation)) {
            const auto& media = operation->at("requestBody").at("content").at("application/json");
            EXPECT_THAT(check_schema(page(), media.at("schema"), example), testing::IsEmpty())
                << name;
            std::string target = name.substr(name.find(' ') + 1);
            const auto fill = [&](std::string_view param, const std::string& value) {
                const auto at = target.find(param);
                if (at != std::string::npos) target.replace(at, param.size(), value);
            };
            fill("{queue}", "mail");
            fill("{tenant}", "default");
            fill("{name}", "fake");
            fill("{id}", target.contains("conversations") ? conversation_id : id);
            const auto answer = checked(name, target, json::serialize(example));
            EXPECT_LT(answer.status, 300) << name << answer.body;
        }
    }
}

TEST_F(OpenApi, response_examples_fit_their_schemas) {
    const auto check = [](const json::value& response) {
        const auto* content = response.as_object().if_contains("content");
        if (content == nullptr) return;
        for (const auto& [type, media] : content->as_object()) {
            const auto* example = media.as_object().if_contains("example");
            if (example == nullptr) continue;
            EXPECT_THAT(check_schema(page(), media.at("schema"), *example), testing::IsEmpty());
        }
    };
    for (const auto& [name, response] : page().at("components").at("responses").as_object()) {
        check(response);
    }
    for (const auto& [name, operation] : operations()) {
        for (const auto& [status, response] : operation->at("responses").as_object())
            check(response);
    }
}

}  // namespace
}  // namespace baton::test
