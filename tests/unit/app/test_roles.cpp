// What a daemon does of the whole.
#include <gtest/gtest.h>

#include "app/roles.h"

namespace baton::app {
namespace {

Errc refusal(std::string_view text) {
    const auto roles = parse_roles(text);
    return roles ? Errc::internal : roles.error().code;
}

Result<void> check(
    std::string_view text, StoreKind store, DatabaseKind database = DatabaseKind::sqlite) {
    Config config;
    config.queue.store = store;
    config.database.kind = database;
    return check_roles(*parse_roles(text), config);
}

TEST(Roles, are_all_or_named_with_commas) {
    EXPECT_EQ(parse_roles("all"), Roles{});
    EXPECT_EQ(parse_roles("queue"), (Roles{.gateway = false, .queue = true, .scheduler = false}));
    EXPECT_EQ(parse_roles("scheduler,gateway"),
        (Roles{.gateway = true, .queue = false, .scheduler = true}));
    EXPECT_EQ(parse_roles("gateway,queue,scheduler"), Roles{});
}

TEST(Roles, that_are_unknown_empty_or_named_twice_are_refused) {
    for (const auto* text :
        {"", ",", "queue,", "gateway,all", "Queue", "queue,queue", "queue gateway"}) {
        EXPECT_EQ(refusal(text), Errc::invalid_argument) << text;
    }
}

TEST(Roles, apart_need_a_cluster) {
    EXPECT_TRUE(check("all", StoreKind::sqlite));
    EXPECT_TRUE(check("gateway,scheduler,queue", StoreKind::journal));
    EXPECT_EQ(check("queue", StoreKind::journal).error().code, Errc::invalid_argument);
    EXPECT_TRUE(check("queue", StoreKind::jetstream));
    EXPECT_TRUE(check("gateway,scheduler", StoreKind::jetstream));
}

TEST(Roles, gateway_and_scheduler_stay_together_while_they_share_a_database_of_one_daemon) {
    for (const auto* text : {"gateway", "scheduler", "gateway,queue", "queue,scheduler"}) {
        EXPECT_EQ(check(text, StoreKind::jetstream).error().code, Errc::unsupported) << text;
        EXPECT_TRUE(check(text, StoreKind::jetstream, DatabaseKind::postgres)) << text;
    }
}

}  // namespace
}  // namespace baton::app
