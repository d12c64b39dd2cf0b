#include <variant>

#include <gtest/gtest.h>

#include "queue/cluster/cluster_events.h"
#include "queue/cluster/cluster_records.h"

namespace baton::queue::cluster {
namespace {

TEST(ClusterRecords, are_read_as_they_were_written) {
    const DaemonRecord daemon{
        .name = "a", .address = "http://10.0.0.1:8080", .partitions = 16, .is_draining = true};
    EXPECT_EQ(parse_daemon_record(to_json(daemon)), daemon);
    const LeaderRecord leader{.leader = DaemonId("a-1"), .is_serving = true};
    EXPECT_EQ(parse_leader_record(to_json(leader)), leader);
    const LeaderRecord host{
        .leader = DaemonId("a-1"), .is_serving = true, .guests = {0xfedcba9876543210, 1}};
    EXPECT_EQ(parse_leader_record(to_json(host)), host);
    const LeaderRecord full{.guests = std::vector<std::uint64_t>(guests_max, 7)};
    EXPECT_EQ(parse_leader_record(to_json(full)), full);
    const LeaderRecord fuller{.guests = std::vector<std::uint64_t>(guests_max + 1, 7)};
    EXPECT_FALSE(parse_leader_record(to_json(fuller)));
    const LeaderRecord vacant{.next = DaemonId("b-2")};
    EXPECT_EQ(parse_leader_record(to_json(vacant)), vacant);
}

TEST(ClusterRecords, have_the_shape_that_is_written_down) {
    EXPECT_EQ(to_json(DaemonRecord{.name = "a", .address = "http://h:1", .partitions = 16}),
        R"({"v":1,"name":"a","address":"http://h:1","partitions":16,"draining":false,"leads":true,"troubled":false})");
    EXPECT_EQ(to_json(LeaderRecord{.leader = DaemonId("a-1"), .is_serving = true}),
        R"({"v":1,"leader":"a-1","serving":true,"next":""})");
    EXPECT_EQ(to_json(LeaderRecord{.guests = {0x1f, 2}}),
        R"({"v":1,"leader":"","serving":false,"next":"","guests":"000000000000001f 0000000000000002"})");
    EXPECT_EQ(make_daemon_id("a", 0x1f).text, "a-000000000000001f");
}

TEST(ClusterRecords, fields_of_a_newer_daemon_are_passed_over_but_not_a_newer_version) {
    EXPECT_EQ(parse_leader_record(R"({"v":1,"leader":"a-1","mood":"fine"})"),
        LeaderRecord{.leader = DaemonId("a-1")});
    const auto newer = parse_leader_record(R"({"v":2,"leader":"a-1"})");
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, Errc::protocol_error);
}

TEST(ClusterRecords, what_is_no_record_is_an_error) {
    for (const char* text : {"", "7", "[]", "{", R"({"leader":"a"})", R"({"v":1,"leader":7})",
             R"({"v":"1"})", R"({"v":1,"guests":"1"})", R"({"v":1,"guests":"000000000000001g"})",
             R"({"v":1,"guests":"000000000000001f000000000000001f"})", R"({"v":1,"partitions":0})",
             R"({"v":1,"partitions":257})"}) {
        const bool is_either =
            parse_leader_record(text).has_value() && parse_daemon_record(text).has_value();
        EXPECT_FALSE(is_either) << text;
    }
}

TEST(ClusterRecords, keys_are_read_as_they_were_written) {
    EXPECT_EQ(parse_daemon_key(daemon_key(DaemonId("a-1"))), DaemonId("a-1"));
    for (const Partition partition : {0U, 9U, 255U}) {
        EXPECT_EQ(parse_leader_key(leader_key(partition)), partition);
    }
    for (const char* key : {"", "partition.", "partition.256", "partition.-1", "partition.01",
             "partition.1x", "daemon.a", "partition.99999999999"}) {
        EXPECT_FALSE(parse_leader_key(key)) << key;
    }
    EXPECT_FALSE(parse_daemon_key("daemon."));
    EXPECT_FALSE(parse_daemon_key("partition.1"));
}

TEST(ClusterRecords, entries_become_events) {
    const auto daemon = seen("daemon.a-1", to_json(DaemonRecord{.name = "a"}), 7);
    ASSERT_TRUE(daemon && std::holds_alternative<DaemonSeen>(*daemon));
    EXPECT_EQ(std::get<DaemonSeen>(*daemon).record->name, "a");
    const auto gone = seen("partition.3", std::nullopt, 8);
    ASSERT_TRUE(gone && std::holds_alternative<LeaderSeen>(*gone));
    EXPECT_FALSE(std::get<LeaderSeen>(*gone).record);
    EXPECT_EQ(std::get<LeaderSeen>(*gone).revision, 8U);
    EXPECT_EQ(seen("mood", "fine", 9).error().code, Errc::invalid_argument);
    EXPECT_EQ(seen("partition.3", "fine", 9).error().code, Errc::protocol_error);
}

}  // namespace
}  // namespace baton::queue::cluster
