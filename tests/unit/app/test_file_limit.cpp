// Connections leave files to the stores.
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "app/file_limit.h"

namespace baton::app {
namespace {

TEST(FileLimit, connections_take_what_the_others_leave) {
    const FileNeeds needs{.threads = 2, .workers = 16};
    EXPECT_EQ(connections_within(1'048'576, 20'000, needs), 20'000U);
    EXPECT_EQ(connections_within(1'024, 20'000, needs), 1'024U - 128 - 2 * 64 - 16);
    EXPECT_EQ(connections_within(1'024, 100, needs), 100U);
    EXPECT_EQ(connections_within(64, 20'000, needs), 16U) << "not even the others fit";
}

TEST(FileLimit, is_raised_to_what_the_system_allows) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    auto low = before;
    low.rlim_cur = 200;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_file_limit(), before.rlim_max);
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace baton::app
