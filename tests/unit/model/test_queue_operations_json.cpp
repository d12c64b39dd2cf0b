// What operators ask and hear, in JSON.
#include <string>

#include <gtest/gtest.h>

#include "model/codec.h"

namespace baton {
namespace {

Result<RedriveRequest> read(std::string_view text) {
    return redrive_from_json(QueueName("q"), *parse_json(text));
}

TEST(RedriveJson, reads_every_condition) {
    const MessageId id{.queue_uid = 7, .seq = 9};
    const auto request = read(R"({"ids":[")" + id.text() +
                              R"("],"reason_contains":"disk","dead_from":1000,
        "dead_to":"1970-01-01T00:00:02Z","limit":5,"rate_per_second":10,"target":"other"})");
    ASSERT_TRUE(request) << to_string(request.error());
    EXPECT_EQ(*request, (RedriveRequest{.queue = QueueName("q"),
                            .ids = {id},
                            .reason_contains = "disk",
                            .dead_from = from_unix_ms(1'000),
                            .dead_to = from_unix_ms(2'000),
                            .limit = 5,
                            .rate_per_second = 10,
                            .target = QueueName("other")}));
    EXPECT_EQ(*read("{}"), (RedriveRequest{.queue = QueueName("q")}));
}

TEST(RedriveJson, names_the_field_at_fault) {
    EXPECT_EQ(read(R"({"ids":[]})").error().field, "ids");
    EXPECT_EQ(read(R"({"ids":["x"]})").error().field, "ids[0]");
    EXPECT_EQ(read(R"({"limit":-1})").error().field, "limit");
    EXPECT_EQ(read(R"({"rate_per_second":1000001})").error().field, "rate_per_second");
    EXPECT_EQ(read(R"({"target":".x"})").error().field, "target");
    EXPECT_EQ(read(R"({"reasons":"x"})").error().field, "reasons");
}

TEST(ExplanationJson, comes_back) {
    Explanation explanation{.ahead = 12, .hindrances = {{"not_due", "due at …"}, {"dead", ""}}};
    explanation.view.id = {.queue_uid = 1, .seq = 2};
    explanation.view.queue = QueueName("q");
    explanation.view.data = std::make_shared<MessageData>(MessageData{.content = Bytes("x")});
    std::string text;
    append_json(text, explanation);
    const auto back = explanation_from_json(*parse_json(text));
    ASSERT_TRUE(back) << to_string(back.error());
    EXPECT_EQ(back->ahead, 12);
    EXPECT_EQ(back->hindrances, explanation.hindrances);
    EXPECT_EQ(back->view.id, explanation.view.id);
}

TEST(StorageQuotaJson, comes_back) {
    const StorageQuota quota{.used = 5, .limit = 1ULL << 53};
    EXPECT_EQ(*storage_quota_from_json(to_json(quota)), quota);
}

TEST(Names, of_tenants_and_kinds_of_keys) {
    EXPECT_EQ(parse_tenant_id("acme")->text, "acme");
    EXPECT_FALSE(parse_tenant_id(""));
    EXPECT_FALSE(parse_tenant_id(std::string(129, 'a')));
    EXPECT_TRUE(parse_tenant_id(std::string(128, 'a')));
    EXPECT_EQ(parse_key_kind("fairness"), KeyKind::fairness);
    EXPECT_EQ(to_string(KeyKind::ordering), "ordering");
    EXPECT_FALSE(parse_key_kind("dedup"));
}

TEST(ClusterStateJson, reads_as_it_was_written_and_says_what_is_wrong) {
    const ClusterState state{.name = "c",
        .daemon = "a",
        .is_connected = true,
        .is_in_touch = true,
        .partitions = 4,
        .leads = {0, 3},
        .without_leader = {2},
        .hanging = {1},
        .daemons = {
            {.name = "a", .is_draining = true, .leads = {0, 3}}, {.name = "b", .may_lead = false}}};
    EXPECT_EQ(cluster_state_from_json(to_json(state)), state);
    auto wrong = to_json(state);
    wrong["daemons"].as_array()[1].as_object()["leads"] = boost::json::array{"x"};
    const auto read = cluster_state_from_json(wrong);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::protocol_error);
    EXPECT_EQ(read.error().field, "daemons[1].leads[0]");
}

}  // namespace
}  // namespace baton
