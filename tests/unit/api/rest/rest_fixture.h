// The whole door in one process: routes over real services, the real engine in memory, and fakes
// behind them.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/rest/rest_api.h"
#include "cache/memory/memory_cache.h"
#include "support/fake_pool.h"
#include "support/fake_provider.h"
#include "unit/service/fakes.h"
#include "unit/service/queue_fixture.h"

namespace baton::test {

/// These keys are there from the start: "admin-key", "member-key", and "passing-key", whose chats
/// are passed through.
class FakeAccess final : public access::Access {
public:
    Result<access::Identity> authenticate(std::string_view authorization) const override {
        if (authorization == "Bearer admin-key") {
            return access::Identity{KeyId("admin"), "admin", access::Role::admin};
        }
        if (authorization == "Bearer member-key") {
            return access::Identity{KeyId("m"), "member", access::Role::member};
        }
        if (authorization == "Bearer passing-key") {
            return access::Identity{
                KeyId("p"), "passing", access::Role::member, access::ChatMode::pass_through};
        }
        return fail(Errc::unauthenticated, "a valid key is needed");
    }
    Task<Result<access::CreatedKey>> create_key(access::NewKey asked) override {
        access::CreatedKey key;
        key.info.id = KeyId("k" + std::to_string(keys_.size() + 1));
        key.info.name = std::move(asked.name);
        key.info.role = asked.role;
        key.info.chat_mode = asked.chat_mode;
        key.text = Secret("bt_" + key.info.id.text + "_secret");
        keys_.push_back(key.info);
        co_return key;
    }
    Task<Result<std::vector<access::KeyInfo>>> list_keys() override { co_return keys_; }
    Task<Result<void>> revoke_key(KeyId id) override {
        for (auto& key : keys_) {
            if (key.id != id) continue;
            key.revoked_at = FakeClock::start;
            co_return Result<void>();
        }
        co_return fail(Errc::not_found, "no key has this id");
    }

private:
    std::vector<access::KeyInfo> keys_;
};

class RestFixture : public QueueFixture {
protected:
    using FieldMap = std::map<std::string, std::string>;

    RestFixture() { open_door({}); }

    void open_door(api::rest::RestConfig config, std::vector<api::Door> doors = {}) {
        const api::rest::RestDeps deps{.access = access_,
            .queues = queue_service,
            .operations = operator_service,
            .outputs = output_service,
            .logs = log_service,
            .messages = message_service,
            .traces = trace_service,
            .conversations = conversation_service,
            .users = user_service,
            .search = search_service,
            .history = history,
            .keys = key_service,
            .endpoints = endpoint_service,
            .health = health,
            .cache = *cache,
            .metrics = door_metrics.emplace_back(),
            .stream = [](access::Identity, std::function<bool()>, net::WebSocket&) -> Task<void> {
                co_return;
            },
            .config =
                [] {
                    return std::vector<std::pair<std::string, std::string>>{
                        {"server.port", "8080"}, {"nats.password", "***"}};
                },
            .doors = std::move(doors)};
        handler = api::rest::make_rest_handler(deps, std::move(config), door_log);
    }

    /// Sends a request as a member; `fields` may override Authorization, an empty value leaves the
    /// field out.
    net::Response call(
        net::Method method, std::string_view target, std::string body = {}, FieldMap fields = {}) {
        net::Request request;
        request.method = method;
        request.target = target;
        request.body = std::move(body);
        EXPECT_TRUE(net::parse_target(target, request));
        fields.emplace("Host", "localhost:8080");
        fields.emplace("Authorization", "Bearer member-key");
        for (const auto& [name, value] : fields) {
            if (!value.empty()) request.fields.set(name, value);
        }
        return io.run(handler(std::move(request)));
    }
    net::Response get(std::string_view target) { return call(net::Method::get, target); }
    net::Response post(std::string_view target, std::string body, FieldMap fields = {}) {
        return call(net::Method::post, target, std::move(body), std::move(fields));
    }

    /// An agent has answered.
    void complete(MessageId id, std::string content) {
        const auto completed = io.run(rows.complete(id, echo_reply(std::move(content))));
        ASSERT_TRUE(completed.has_value());
    }

    static boost::json::value json_of(const net::Response& response) {
        boost::system::error_code error;
        auto value = boost::json::parse(response.body, error);
        EXPECT_FALSE(error) << response.body;
        return value;
    }
    /// `error.code` of an answer in the house's shape.
    static std::string code_of(const net::Response& response) {
        const auto value = json_of(response);
        const auto* code = value.is_object() ? value.as_object().if_contains("error") : nullptr;
        if (code == nullptr || !code->is_object()) return "(no error: " + response.body + ")";
        return std::string(code->at("code").as_string());
    }
    static std::string field_of(const net::Response& response) {
        const auto value = json_of(response);
        const auto& details = value.at("error").at("details").as_object();
        const auto* field = details.if_contains("field");
        return field == nullptr ? "" : std::string(field->as_string());
    }

    FakeAccess access_;
    FakeProvider endpoint;
    FakePool endpoints{endpoint};
    service::EndpointService endpoint_service{endpoints};
    FakeConversations rows;
    FakeAgents agents;
    service::QueueService queue_service{*queues};
    service::OperatorService operator_service{*queues};
    service::OutputService output_service{*queues};
    service::LogService log_service{*queues};
    service::MessageService message_service{*queues, rows, agents, clock, {}, Log(), &rows};
    service::TraceService trace_service{message_service, rows};
    service::ConversationService conversation_service{
        {.queues = *queues, .writer = rows, .keeper = rows, .users = rows, .clock = clock}, rows};
    service::UserService user_service{rows, clock, {}};
    service::SearchService search_service{rows};
    service::QueueHistory history{*queues, clock};
    service::KeyService key_service{access_};
    const ClusterState cluster{.name = "c",
        .daemon = "a",
        .is_connected = true,
        .is_in_touch = true,
        .partitions = 4,
        .leads = {0, 3},
        .without_leader = {1},
        .daemons = {{.name = "a", .leads = {0, 3}}, {.name = "b", .leads = {2}}}};
    service::HealthService health{
        *queues, rows, clock, "1.2.3", {.cluster = [this] { return cluster; }}};
    std::shared_ptr<cache::Cache> cache = cache::make_memory_cache({}, clock);
    Log door_log;                            ///< of the next door that opens
    std::list<MetricRegistry> door_metrics;  ///< one a door; registries cannot move
    net::Handler handler;
};

}  // namespace baton::test
