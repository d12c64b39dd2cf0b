// What an enemy sends to /api/v1: every field, filter and path with texts that something on the way
// might take for more than text. For tests of the routes and of whole daemons.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "net/http.h"

namespace baton::test {

struct HostileField {
    net::Method method;
    std::string target;
    std::string name;
    std::string rest = {};  ///< of the body

    /// The field's value as JSON, if the text is any.
    [[nodiscard]] std::string value_of(const std::string& text) const {
        return name == "metadata" ? R"({"k":")" + text + "\"}" : '"' + text + '"';
    }
    [[nodiscard]] std::string body_of(const std::string& text) const {
        return "{\"" + name + "\":" + value_of(text) + rest + "}";
    }
};

/// What stands between the quotes of a JSON text: SQL, control characters, bytes that are no UTF-8,
/// too much.
inline std::vector<std::string> hostile_texts() {
    return {"'; DROP TABLE conversations; --", "\" OR 1=1 --", "%_\\", "?1 ? :a @b $c", "a\\u0000b",
        "\\u0001\\u001f\\u007f", "\\u00010", "\\ud83d\\ude00", "\\u202e", "\xff\xfe", "\xc3",
        "\xed\xa0\x80", std::string(70'000, 'x'), "NULL", "{}", "\\\"*\\\" NEAR/2 (a b)",
        "$1 $$ \\\\x00 E\\\\'", "');SELECT pg_sleep(9);--"};
}

/// Every field that takes text or a number. `conversation`: the path of one that is there.
inline std::vector<HostileField> hostile_fields(const std::string& conversation) {
    using enum net::Method;
    const std::string conversations = "/api/v1/conversations";
    const std::string messages = "/api/v1/messages";
    const std::string user = "/api/v1/users/u";
    const std::string content = R"(,"content":"x")";
    return {{post, conversations, "user_id"}, {post, conversations, "title"},
        {post, conversations, "context"}, {post, conversations, "priority"},
        {post, conversations, "metadata"}, {post, conversations, "expires_at"},
        {put, conversation, "title"}, {put, conversation, "context"}, {put, conversation, "state"},
        {put, conversation, "metadata"}, {post, messages, "content"},
        {post, messages, "conversation_id", content}, {post, messages, "user_id", content},
        {post, messages, "agent_id", content}, {post, messages, "priority", content},
        {post, messages, "metadata", content}, {post, conversation + "/messages", "content"},
        {put, user, "tier"}, {put, user, "messages_per_day"}, {put, user, "metadata"}};
}

/// Those of the fields that keep some of the texts, as they are.
inline std::set<std::string> kept_hostile_fields() {
    return {"user_id", "title", "context", "metadata", "content", "tier"};
}

/// For the end of a target.
inline std::vector<std::string> hostile_queries() {
    return {"%27%3B%20DROP%20TABLE%20users%3B--", "%22", "%00", "%01", "%FF", "%25", "-1",
        "99999999999999999999", "1e9", "%F0%9F%98%80", "NaN", ""};
}

/// Targets that end where a stranger's text begins.
inline std::vector<std::string> hostile_targets() {
    return {"/api/v1/messages?conversation_id=", "/api/v1/messages?user_id=",
        "/api/v1/messages?status=", "/api/v1/messages?priority=", "/api/v1/messages?page=",
        "/api/v1/messages?page_size=", "/api/v1/messages?after=", "/api/v1/messages?sort=",
        "/api/v1/messages?order=", "/api/v1/conversations?user_id=", "/api/v1/conversations?state=",
        "/api/v1/conversations?after=", "/api/v1/conversations/c", "/api/v1/messages/m",
        "/api/v1/users/u",
        "/api/v1/users?after=", "/api/v1/users?page_size=", "/api/v1/queues/stats?queue_name=",
        "/api/v1/queues/stats?time_range=", "/api/v1/metrics?format=", "/api/v1/search/messages?q=",
        "/api/v1/search/messages?q=a&after=", "/api/v1/search/conversations?q="};
}

}  // namespace baton::test
