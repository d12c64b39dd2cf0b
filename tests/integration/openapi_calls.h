// Calls of /api/v1 that change and end things, and of those who watch, for the test of the page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "agents/run.h"

namespace baton::test {

struct PageCall {
    std::string_view name;  ///< "GET /v1/queues"
    std::string target;
    std::string body = {};
};

/// What a run may have done so far: a step of each kind. `other`: whom it waited for.
inline std::vector<conversations::RunStep> steps_of_each_kind(MessageId other, TimePoint now) {
    std::vector<conversations::RunStep> steps;
    agents::Run run;
    const auto keep = [&](conversations::RunStep step) {
        EXPECT_TRUE(run.apply(step));
        steps.push_back(std::move(step));
    };
    const agents::Run::Span span{now, now};
    keep(run.answered({.model = "m", .reasoning = "hm", .tool_calls = {{"1", "ask", "{}"}}}, span));
    keep(run.waits({.message = other, .until = now}, now));
    keep(run.returned({.content = "seen"}, span));
    return steps;
}

/// `conversation`: its path; `answered`: the id of a message in it. Both are gone afterwards.
/// `open`: the answer that took an unfinished message.
inline std::vector<PageCall> ending_calls(
    const std::string& conversation, const std::string& answered, const boost::json::value& open) {
    const std::string message =
        "/api/v1/messages/" + std::string(open.at("data").at("id").as_string());
    return {
        {"GET /api/v1/search/messages", "/api/v1/search/messages?q=one"},
        {"GET /api/v1/search/messages", "/api/v1/search/messages"},
        {"GET /api/v1/search/conversations", "/api/v1/search/conversations?q=Trip"},
        {"DELETE /api/v1/messages/{id}", message},
        {"PUT /api/v1/messages/{id}/status", message + "/status", R"({"status":"cancelled"})"},
        {"PUT /api/v1/messages/{id}/status", message + "/status", R"({"status":"completed"})"},
        {"DELETE /api/v1/messages/{id}", "/api/v1/messages/" + answered},
        {"PUT /api/v1/conversations/{id}", conversation,
            R"({"context":"c","expires_at":"2100-01-01T00:00:00Z"})"},
        {"PUT /api/v1/conversations/{id}", conversation, R"({"state":"gone"})"},
        {"POST /api/v1/conversations/{id}/archive", conversation + "/archive"},
        {"PUT /api/v1/conversations/{id}", conversation, R"({"state":"active"})"},
        {"DELETE /api/v1/conversations/{id}", conversation},
        {"DELETE /api/v1/conversations/{id}", conversation},
        {"PUT /api/v1/users/{id}", "/api/v1/users/u1", R"({"tier":"gold","messages_per_day":5})"},
        {"PUT /api/v1/users/{id}", "/api/v1/users/u1", R"({"messages_per_day":-1})"},
        {"GET /api/v1/users/{id}", "/api/v1/users/u1"},
        {"GET /api/v1/users/{id}", "/api/v1/users/u2"},
        {"GET /api/v1/users", "/api/v1/users?page_size=1"},
        {"DELETE /api/v1/users/{id}", "/api/v1/users/u1"},
        {"GET /api/v1/queues/status", "/api/v1/queues/status"},
        {"GET /api/v1/queues/stats", "/api/v1/queues/stats?time_range=6h"},
        {"GET /api/v1/queues/stats", "/api/v1/queues/stats?time_range=8d"},
        {"GET /api/v1/queues/stats", "/api/v1/queues/stats?queue_name=nope"},
        {"GET /api/v1/metrics", "/api/v1/metrics"},
        {"GET /api/v1/metrics", "/api/v1/metrics?format=prometheus"},
        {"GET /api/v1/config", "/api/v1/config"},
    };
}

}  // namespace baton::test
