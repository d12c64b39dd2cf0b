// The kRPC door over real services and the real engine in memory.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "api/krpc/krpc_door.h"
#include "support/fake_names.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {

class KrpcFixture : public RestFixture {
protected:
    static constexpr std::string_view path = "/kapi/msg_queue";

    KrpcFixture() { open_door({}, {krpc_door()}); }

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

    /// What is answered to these bytes, without any header of ours; status 200 is expected.
    boost::json::value send(std::string body) {
        const auto response = call(net::Method::post, path, std::move(body),
            {{"Authorization", ""}, {"Content-Type", "application/json"}});
        EXPECT_EQ(response.status, 200) << response.body;
        auto answer = json_of(response);
        const auto& object = answer.as_object();
        EXPECT_NE(object.contains("result"), object.contains("error")) << response.body;
        EXPECT_TRUE(object.contains("sys") && object.at("sys").is_array()) << response.body;
        return answer;
    }
    /// The answer to one call as a member; its number is echoed.
    boost::json::value ask(std::string_view method, std::string_view params) {
        ++seq;
        auto answer = send(fmt::format(
            R"({{"method":"{}","params":{},"sys":[{},"member-key"]}})", method, params, seq));
        EXPECT_EQ(boost::json::serialize(answer.at("sys")), fmt::format("[{}]", seq));
        return answer;
    }
    /// Its result as text; for an error its words.
    std::string told(std::string_view method, std::string_view params) {
        const auto answer = ask(method, params);
        const auto* error = answer.as_object().if_contains("error");
        return error != nullptr ? std::string(error->as_string())
                                : boost::json::serialize(answer.at("result"));
    }
    boost::json::value result_of(std::string_view method, std::string_view params) {
        const auto answer = ask(method, params);
        const auto* result = answer.as_object().if_contains("result");
        EXPECT_NE(result, nullptr) << boost::json::serialize(answer);
        return result == nullptr ? boost::json::value() : *result;
    }
    /// "code at field" of a call that fails.
    std::string failure(std::string_view method, std::string_view params) {
        const auto answer = ask(method, params);
        const auto* info = answer.as_object().if_contains("error_info");
        if (info == nullptr) return "none: " + boost::json::serialize(answer);
        const auto& details = info->at("details").as_object();
        const auto* field = details.if_contains("field");
        return std::string(info->at("code").as_string()) + " at " +
               (field == nullptr ? "" : std::string(field->as_string()));
    }
    void post(std::string_view id) {
        const auto said = told("post_message",
            fmt::format(R"({{"queue_id":"mail","message":{{"id":"{}","content":[1,2]}}}})", id));
        EXPECT_THAT(said, testing::HasSubstr(R"("duplicate":false)"));
    }
    boost::json::value pop(std::string_view more = {}) {
        return result_of("pop_message", fmt::format(R"({{"queue_id":"mail"{}}})", more));
    }
    static std::string text_at(const boost::json::value& value, std::string_view name) {
        return std::string(value.at(name).as_string());
    }

    int seq = 40;
    FakeNames names;
    service::NamedQueueService named{queue_service, names};
};

}  // namespace baton::test
