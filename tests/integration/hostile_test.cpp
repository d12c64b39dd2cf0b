// Hostile text in every field, filter and path of /api/v1 of a daemon, on each database: refused by
// type, or stored as it is.
#include <string>

#include <boost/json/serialize.hpp>

#include "integration/database_daemon.h"
#include "support/hostile_calls.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;

class HostileText : public DatabaseDaemon {
protected:
    std::string make_conversation() {
        const auto made = call(*daemon_, Method::post, "/api/v1/conversations", "{}");
        return "/api/v1/conversations/" + std::string(data_of(made).at("id").as_string());
    }

    /// What a later reader finds of what a call has stored.
    json::value stored(const HostileField& field, const json::value& told) {
        std::string target = field.target;
        if (field.method == Method::post) {
            const bool is_message = field.name == "content" || target == "/api/v1/messages";
            target = (is_message ? "/api/v1/messages/" : "/api/v1/conversations/") +
                     std::string(told.at("id").as_string());
        }
        return data_of(get(*daemon_, target)).at(field.name);
    }

    std::unique_ptr<Daemon> daemon_ = start();
};

TEST_P(HostileText, is_refused_by_type_or_kept_as_it_is) {
    const auto conversation = make_conversation();
    std::set<std::string> kept;
    for (const auto& field : hostile_fields(conversation)) {
        for (const auto& text : hostile_texts()) {
            const auto answer = call(*daemon_, field.method, field.target, field.body_of(text));
            ASSERT_LT(answer.status, 500) << field.target << ' ' << field.name << ' ' << text;
            if (answer.status >= 400) {
                const auto whole = json_of(answer);
                EXPECT_FALSE(whole.at("details").at("reason").as_string().empty());
                continue;
            }
            const auto told = data_of(answer);
            const auto given = json::serialize(json::parse(field.value_of(text)));
            EXPECT_EQ(json::serialize(told.at(field.name)), given) << field.name;
            EXPECT_EQ(json::serialize(stored(field, told)), given) << field.target << field.name;
            kept.insert(field.name);
        }
    }
    EXPECT_EQ(kept, kept_hostile_fields());
    EXPECT_EQ(get(*daemon_, conversation).status, 200) << "the table is still there";
}

TEST_P(HostileText, longer_than_a_field_may_be_is_refused) {
    const auto conversation = make_conversation();
    for (const auto& field : hostile_fields(conversation)) {
        const auto answer =
            call(*daemon_, field.method, field.target, field.body_of(std::string(1'200'000, 'x')));
        EXPECT_GE(answer.status, 400) << field.target << ' ' << field.name;
        EXPECT_LT(answer.status, 500) << field.target << ' ' << field.name;
    }
}

TEST_P(HostileText, in_queries_and_paths_is_refused_by_type_or_finds_nothing) {
    for (const auto& target : hostile_targets()) {
        for (const auto& text : hostile_queries()) {
            const auto answer = get(*daemon_, target + text);
            EXPECT_LT(answer.status, 500) << target << text << answer.body;
            static_cast<void>(json_of(answer));
        }
    }
}

TEST_P(HostileText, is_found_by_its_words) {
    const auto sent = call(*daemon_, Method::post, "/api/v1/messages",
        R"({"content":"caf\u00e9 \u0000 '); DROP TABLE users; -- \u0001 needle"})");
    const auto id = std::string(data_of(sent).at("id").as_string());
    for (const std::string word : {"needle", "cafe", "drop%20table"}) {
        const auto found = get(*daemon_, "/api/v1/search/messages?q=" + word);
        EXPECT_NE(found.body.find(id), std::string::npos) << word << found.body;
    }
}

INSTANTIATE_TEST_SUITE_P(Databases, HostileText, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
