// Changing and ending conversations, users and their limits, the state of the queues, the numbers
// of errors, and hostile input in every field.
#include <set>

#include <boost/json/serialize.hpp>

#include "api/rest/errors.h"
#include "api/rest/metrics_json.h"
#include "support/hostile_calls.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;

class ConversationRoutes : public RestFixture {
protected:
    const FieldMap admin{{"Authorization", "Bearer admin-key"}};

    json::value data_of(const net::Response& response) {
        const auto whole = json_of(response);
        EXPECT_EQ(whole.at("message").as_string(), "success") << response.body;
        return whole.at("data");
    }
    std::string make(std::string body = "{}") {
        const auto answer = post("/api/v1/conversations", std::move(body));
        EXPECT_EQ(answer.status, 201) << answer.body;
        return "/api/v1/conversations/" + std::string(data_of(answer).at("id").as_string());
    }
    std::string send(const std::string& conversation) {
        const auto answer = post(conversation + "/messages", R"({"content":"hello"})");
        EXPECT_EQ(answer.status, 201) << answer.body;
        return "/api/v1/messages/" + std::string(data_of(answer).at("id").as_string());
    }
    net::Response put(std::string_view target, std::string body) {
        return call(Method::put, target, std::move(body));
    }
    net::Response put_user(std::string body) {
        return call(Method::put, "/api/v1/users/anonymous", std::move(body), admin);
    }
    static int error_of(const net::Response& answer) {
        const auto whole = json_of(answer);
        const auto* details = whole.as_object().if_contains("details");
        const auto* code =
            details == nullptr ? nullptr : details->as_object().if_contains("error_code");
        return code == nullptr ? 0 : static_cast<int>(code->as_int64());
    }
};

TEST_F(ConversationRoutes, a_conversation_is_changed_and_archived) {
    const auto target = make(R"({"title":"Trip","context":"Be brief."})");
    auto now = data_of(put(target, R"({"title":"Tour","expires_at":"2100-01-01T00:00:00Z"})"));
    EXPECT_EQ(now.at("title"), "Tour");
    EXPECT_EQ(now.at("context"), "Be brief.");
    EXPECT_EQ(now.at("expires_at"), "2100-01-01T00:00:00.000Z");
    now = data_of(put(target, R"({"expires_at":null})"));
    EXPECT_TRUE(now.at("expires_at").is_null());
    EXPECT_EQ(put(target, R"({"expires_at":1})").status, 400) << "in the past";
    EXPECT_EQ(data_of(post(target + "/archive", "")).at("state"), "archived");
    EXPECT_EQ(put(target, R"({"state":"active"})").status, 409);
    const auto refused = post(target + "/messages", R"({"content":"x"})");
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_EQ(count_in("llm"), 0u);
}

TEST_F(ConversationRoutes, an_expired_conversation_is_gone_at_once) {
    const auto at = to_unix_ms(clock.now()) + 1'000;
    const auto target = make(R"({"expires_at":)" + std::to_string(at) + "}");
    EXPECT_EQ(get(target).status, 200);
    clock.advance(Duration(1'000));
    EXPECT_EQ(error_of(get(target)), 1005);
    EXPECT_EQ(error_of(get(target + "/messages")), 1005);
    EXPECT_EQ(error_of(post(target + "/messages", R"({"content":"x"})")), 1005);
}

TEST_F(ConversationRoutes, a_deleted_conversation_takes_its_messages_and_runs_along) {
    const auto target = make();
    const auto waiting = send(target);
    static_cast<void>(send(make()));
    EXPECT_EQ(count_in("llm"), 2u);
    const auto deleted = call(Method::del, target);
    EXPECT_EQ(deleted.status, 200) << deleted.body;
    EXPECT_EQ(count_in("llm"), 1u);
    EXPECT_EQ(get(target).status, 404);
    EXPECT_EQ(get(waiting).status, 404);
    EXPECT_EQ(call(Method::del, target).status, 404);
    EXPECT_EQ(data_of(get("/api/v1/conversations")).at("pagination").at("total"), 1);
}

TEST_F(ConversationRoutes, a_message_is_cancelled_and_then_deleted) {
    const auto message = send(make());
    EXPECT_EQ(call(Method::del, message).status, 409);
    EXPECT_EQ(put(message + "/status", R"({"status":"completed"})").status, 409);
    EXPECT_EQ(put(message + "/status", R"({"status":"done"})").status, 400);
    EXPECT_EQ(put(message + "/status", "{}").status, 400);
    const auto now = data_of(put(message + "/status", R"({"status":"cancelled"})"));
    EXPECT_EQ(now.at("status"), "cancelled");
    EXPECT_EQ(count_in("llm"), 0u);
    EXPECT_EQ(call(Method::del, message).status, 200);
    EXPECT_EQ(error_of(get(message)), 1004);
    EXPECT_EQ(error_of(call(Method::del, "/api/v1/messages/nonsense")), 1004);
}

TEST_F(ConversationRoutes, a_failed_message_is_tried_again) {
    const auto message = send(make());
    EXPECT_EQ(put(message + "/status", R"({"status":"pending"})").status, 200) << "it is";
    const auto leased = lease_one("llm");
    queue::NackRequest nack;
    nack.receipt = leased.receipt;
    nack.blame = queue::Blame::fatal;
    ASSERT_TRUE(io.run(queues->nack(nack)));
    conversations::FailedRun failed{.id = leased.message.id, .error = "broken"};
    ASSERT_TRUE(io.run(rows.fail(failed)));
    EXPECT_EQ(data_of(get(message)).at("status"), "failed");
    EXPECT_EQ(data_of(put(message + "/status", R"({"status":"pending"})")).at("status"), "pending");
    EXPECT_EQ(count_in("llm"), 1u);
}

TEST_F(ConversationRoutes, a_message_that_fails_this_moment_is_tried_again_too) {
    const auto message = send(make());
    const auto leased = lease_one("llm");
    queue::NackRequest nack;
    nack.receipt = leased.receipt;
    nack.blame = queue::Blame::fatal;
    nack.reason = "provider_rejected: no";
    ASSERT_TRUE(io.run(queues->nack(nack)));
    EXPECT_EQ(data_of(get(message)).at("status"), "failed") << "its row says nothing of it yet";
    EXPECT_EQ(data_of(put(message + "/status", R"({"status":"pending"})")).at("status"), "pending");
    EXPECT_EQ(count_in("llm"), 1u) << "it was not tried again";
    EXPECT_EQ(data_of(get(message)).at("status"), "pending");
}

TEST_F(ConversationRoutes, users_have_records_and_limits) {
    EXPECT_EQ(call(Method::put, "/api/v1/users/anonymous", "{}").status, 403) << "members read";
    EXPECT_EQ(put_user(R"({"tier":"gold","messages_per_minute":1})").status, 200);
    EXPECT_EQ(data_of(get("/api/v1/users/anonymous")).at("tier"), "gold");
    EXPECT_EQ(data_of(get("/api/v1/users")).at("users").as_array().size(), 1u);
    EXPECT_EQ(post("/api/v1/messages", R"({"content":"one"})").status, 201);
    const auto refused = post("/api/v1/messages", R"({"content":"two"})");
    EXPECT_EQ(refused.status, 429) << refused.body;
    EXPECT_EQ(error_of(refused), 1009);
    EXPECT_EQ(refused.fields.get("Retry-After"), "1");
    EXPECT_EQ(count_in("llm"), 1u);
    EXPECT_EQ(post("/api/v1/messages", R"({"content":"x","user_id":"other"})").status, 201);
    EXPECT_EQ(call(Method::del, "/api/v1/users/anonymous", "", admin).status, 200);
    EXPECT_EQ(get("/api/v1/users/anonymous").status, 404);
    const std::string other = "/api/v1/users/https%3A%2F%2Fid.example%2Fu";
    EXPECT_EQ(data_of(call(Method::put, other, "{}", admin)).at("id"), "https://id.example/u");
    EXPECT_EQ(get(other).status, 200);
    EXPECT_EQ(put_user(R"({"messages_per_minute":"many"})").status, 400);
    EXPECT_EQ(put_user(R"({"tier":")" + std::string(65, 't') + R"("})").status, 400);
}

TEST_F(ConversationRoutes, the_queues_are_shown_as_they_are_and_were) {
    ASSERT_TRUE(io.run(history.sample()));
    clock.advance(Duration(60'000));
    static_cast<void>(send(make()));
    clock.advance(Duration(60'000));
    const auto status = data_of(get("/api/v1/queues/status"));
    EXPECT_EQ(status.at("total_size"), 1);
    const auto& llm = status.at("queues").at(0);
    EXPECT_EQ(llm.at("name"), "llm");
    EXPECT_EQ(llm.at("priority"), "normal");
    EXPECT_EQ(llm.at("max_wait_time"), 60'000);
    const auto stats = data_of(get("/api/v1/queues/stats?queue_name=llm&time_range=1h"));
    EXPECT_EQ(stats.at("queues").at(0).at("total_posted"), 1);
    EXPECT_EQ(stats.at("queues").at(0).at("from"), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(get("/api/v1/queues/stats?time_range=soon").status, 400);
    EXPECT_EQ(get("/api/v1/queues/stats?time_range=8d").status, 400);
    const auto unknown = get("/api/v1/queues/stats?queue_name=nope");
    EXPECT_EQ(error_of(unknown), 2003);
    EXPECT_EQ(json_of(unknown).at("details").at("field"), "queue_name");
}

TEST_F(ConversationRoutes, metrics_and_configuration_are_json) {
    EXPECT_GT(data_of(get("/api/v1/metrics")).at("metrics").as_array().size(), 0u);
    EXPECT_TRUE(get("/api/v1/metrics?format=prometheus").body.starts_with("# HELP"));
    EXPECT_EQ(get("/api/v1/metrics?format=xml").status, 400);
    EXPECT_EQ(get("/api/v1/config").status, 403);
    const auto config = data_of(call(Method::get, "/api/v1/config", "", admin)).at("config");
    EXPECT_EQ(config.at("nats.password"), "***");
}

TEST(MetricsJson, reads_labels_values_and_what_is_no_number) {
    const auto families = api::rest::metrics_json(
        "# HELP a Some help\n# TYPE a histogram\na_bucket{le=\"+Inf\",x=\"q\\\"\\n\"} 3\n"
        "a_sum +Inf\nbad{x=\n# TYPE b gauge\nb 1.5 1700\n");
    ASSERT_EQ(families.size(), 2u);
    EXPECT_EQ(families[0].at("help"), "Some help");
    EXPECT_EQ(families[0].at("samples").at(0).at("labels").at("x"), "q\"\n");
    EXPECT_EQ(families[0].at("samples").at(0).at("value"), 3.0);
    EXPECT_EQ(families[0].at("samples").at(1).at("value"), "+Inf");
    EXPECT_EQ(families[1].at("samples").at(0).at("value"), 1.5);
}

TEST(EnvelopeCodes, each_row_of_the_table_is_what_its_error_gets) {
    const auto of = [](Errc code, std::string field = {}) {
        return Error{.code = code, .detail = "why", .field = std::move(field)};
    };
    const std::map<int, Error> errors{{1001, of(Errc::invalid_message, "content")},
        {1002, of(Errc::message_too_large)}, {1003, of(Errc::invalid_argument, "priority")},
        {1004, of(Errc::message_not_found)}, {1005, of(Errc::conversation_not_found)},
        {1006, of(Errc::invalid_argument, "user_id")}, {1007, of(Errc::queue_full)},
        {1008, of(Errc::shutting_down)}, {1009, of(Errc::rate_limited)},
        {1010, of(Errc::deadline_exceeded)}, {1011, of(Errc::already_exists, "Idempotency-Key")},
        {1012, of(Errc::conflict, "Idempotency-Key")}, {2001, of(Errc::storage_io)},
        {2002, of(Errc::unavailable, "Idempotency-Key")}, {2003, of(Errc::queue_not_found)},
        {2004, of(Errc::run_limit_exceeded)}, {2005, of(Errc::invalid_config)},
        {2006, of(Errc::overloaded)}, {2007, of(Errc::storage_full)},
        {2008, of(Errc::connection_failed)}};
    for (const auto& row : api::rest::envelope_codes()) {
        ASSERT_TRUE(errors.contains(row.code)) << row.code;
        const auto& error = errors.at(row.code);
        EXPECT_EQ(api::rest::envelope_error_code(error), row.code);
        EXPECT_EQ(api::rest::envelope_error_response(error, FakeClock::start).status, row.status)
            << row.code;
    }
    EXPECT_EQ(api::rest::envelope_codes().size(), errors.size());
    for (const Errc code : {Errc::permission_denied, Errc::internal, Errc::conflict}) {
        EXPECT_EQ(api::rest::envelope_error_code(of(code)), 0);
    }
}

TEST(EnvelopeCodes, tell_apart_which_server_is_away) {
    const auto shown = [](Errc code) {
        const Error error{.code = code, .detail = "away", .retry_after = Duration(1'500)};
        const auto answer = api::rest::envelope_error_response(error, FakeClock::start);
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.fields.get("Retry-After"), "2");
        return boost::json::parse(answer.body).at("details").at("error_code").as_int64();
    };
    EXPECT_EQ(shown(Errc::unavailable), 1008);
    EXPECT_EQ(shown(Errc::shutting_down), 1008);
    EXPECT_EQ(shown(Errc::database_unavailable), 2001);
    EXPECT_EQ(shown(Errc::queue_unavailable), 2003);
}

TEST_F(ConversationRoutes, hostile_text_is_refused_by_type_or_kept_as_it_is) {
    const auto target = make();
    std::set<std::string> kept;
    for (const auto& field : hostile_fields(target)) {
        for (const auto& text : hostile_texts()) {
            const auto value = field.value_of(text);
            const auto answer = call(field.method, field.target, field.body_of(text), admin);
            ASSERT_LT(answer.status, 500) << field.target << ' ' << field.name << ' ' << text;
            const auto whole = json_of(answer);
            if (answer.status >= 400) {
                EXPECT_FALSE(whole.at("details").at("reason").as_string().empty());
                continue;
            }
            EXPECT_EQ(json::serialize(whole.at("data").at(field.name)),
                json::serialize(json::parse(value)))
                << field.name;
            kept.insert(field.name);
        }
    }
    EXPECT_EQ(kept, kept_hostile_fields());
}

TEST_F(ConversationRoutes, hostile_queries_and_paths_are_refused_by_type_or_find_nothing) {
    for (const auto& target : hostile_targets()) {
        for (const auto& text : hostile_queries()) {
            net::Request request;
            if (!net::parse_target(target + text, request)) continue;  // the server refuses it
            const auto answer = get(target + text);
            EXPECT_LT(answer.status, 500) << target << text << answer.body;
            static_cast<void>(json_of(answer));
        }
    }
}

}  // namespace
}  // namespace baton::test
