// The error table: one row per code, names that never collide, numbers that every protocol accepts.
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/result.h"
#include "base/secret.h"

namespace baton {
namespace {

TEST(ErrorTable, names_are_unique_and_lead_back_to_their_code) {
    std::set<std::string_view> names;
    for (const auto& row : errc_table()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_EQ(errc_from_name(row.name), row.code);
        EXPECT_EQ(&errc_info(row.code), &row);
    }
    EXPECT_EQ(errc_from_name("of_a_newer_daemon"), Errc::internal);
}

TEST(ErrorTable, numbers_fit_their_protocols) {
    for (const auto& row : errc_table()) {
        EXPECT_TRUE(row.http >= 400 && row.http <= 599) << row.name;
        EXPECT_TRUE(row.grpc >= 1 && row.grpc <= 16) << row.name;
        EXPECT_TRUE(row.json_rpc >= -32768 && row.json_rpc <= -32000) << row.name;
        EXPECT_TRUE(row.exit_code >= 1 && row.exit_code <= 125) << row.name;
    }
}

TEST(Errors, carry_context_and_field_into_one_line) {
    const Error error{.code = Errc::queue_full, .detail = "1000 messages", .field = "messages[2]"};
    EXPECT_EQ(to_string(with_context(error, "posting to `mail`")),
        "queue_full: posting to `mail`: 1000 messages (field `messages[2]`)");
}

Result<int> half(int number) {
    if (number % 2 != 0) return fail(Errc::invalid_argument, "odd");
    return number / 2;
}

Result<int> quarter(int number) {
    BATON_TRY(const int first, half(number));
    BATON_TRY(const int second, half(first));
    return second;
}

TEST(Results, pass_their_error_up) {
    EXPECT_EQ(quarter(8), 2);
    EXPECT_EQ(quarter(6).error().detail, "odd");
}

TEST(Secrets, do_not_print) {
    std::ostringstream out;
    out << Secret("hunter2") << Secret();
    EXPECT_EQ(out.str(), "***");
}

}  // namespace
}  // namespace baton
