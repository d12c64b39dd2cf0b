// Keys and the check at the door, over a real database.
#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "access/access.h"
#include "runtime/io_pool.h"
#include "support/eventually.h"
#include "support/fake_clock.h"
#include "support/faulty_database.h"
#include "support/test_database.h"

namespace baton::access {
namespace {

const std::string admin_text = "bt_admin_0123456789abcdef";

class AccessTest : public ::testing::TestWithParam<test::DatabaseKind> {
protected:
    AccessTest() {
        plain_.migrate();
        open();
    }

    void open() {
        access_.reset();
        access_ = make_access(database_, Secret(admin_text), clock_).value();
    }

    CreatedKey create(const std::string& name, Role role = Role::member) {
        return io_.run(access_->create_key({.name = name, .role = role})).value();
    }
    Result<void> revoke(const KeyId& id) { return io_.run(access_->revoke_key(id)); }
    std::vector<KeyInfo> list() { return io_.run(access_->list_keys()).value(); }
    Result<Identity> check(std::string_view key) {
        return access_->authenticate("Bearer " + std::string(key));
    }

    test::FakeClock clock_;
    test::TestDatabase plain_{GetParam()};
    test::FaultPlan faults_;
    test::FaultyDatabase database_{*plain_, faults_};
    IoPool io_{1};
    std::unique_ptr<Access> access_;
};

TEST_P(AccessTest, key_keeps_the_mode_of_its_chats) {
    const auto passing =
        io_.run(access_->create_key({.name = "passing", .chat_mode = ChatMode::pass_through}))
            .value();
    const auto plain = create("plain");
    for (int run = 0; run < 2; ++run) {
        EXPECT_EQ(check(passing.text.reveal())->chat_mode, ChatMode::pass_through);
        EXPECT_EQ(check(plain.text.reveal())->chat_mode, std::nullopt);
        EXPECT_EQ(list().size(), 2U);
        open();
    }
    EXPECT_EQ(to_string(ChatMode::pass_through), "pass-through");
    EXPECT_EQ(parse_chat_mode("passed").error().code, Errc::invalid_argument);
}

TEST_P(AccessTest, knows_the_admin_key) {
    const auto identity = check(admin_text);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->key, KeyId("admin"));
    EXPECT_EQ(identity->role, Role::admin);
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(revoke(KeyId("admin")).error().code, Errc::not_found);
}

TEST_P(AccessTest, knows_a_key_from_the_moment_it_is_made) {
    const auto key = create("worker 1");
    EXPECT_TRUE(key.text.reveal().starts_with("bt_" + key.info.id.text + "_"));
    EXPECT_GE(key.text.reveal().size(), 64u);
    const auto identity = check(key.text.reveal());
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->key, key.info.id);
    EXPECT_EQ(identity->name, "worker 1");
    EXPECT_EQ(identity->role, Role::member);
    EXPECT_EQ(check(create("boss", Role::admin).text.reveal())->role, Role::admin);
}

TEST_P(AccessTest, gives_every_stranger_the_same_answer) {
    const auto key = create("worker");
    const std::string text(key.text.reveal());
    const auto gone = create("gone");
    ASSERT_TRUE(revoke(gone.info.id));
    std::string other = text;
    other.back() = other.back() == '0' ? '1' : '0';
    const Error expected = access_->authenticate("").error();
    EXPECT_EQ(expected.code, Errc::unauthenticated);
    const std::vector<std::string> headers{"Bearer", "Bearer ", "Basic " + text, text,
        "Bearer" + text, "Bearer " + text + "0", "Bearer " + other,
        "Bearer bt_" + key.info.id.text + "_", "Bearer bt_nobody_" + text.substr(20),
        "Bearer " + std::string(gone.text.reveal()), "Bearer " + std::string(300, 'x'),
        "Bearer bt_", "Bearer bt__", "Bearer bt_admin_wrong"};
    for (const auto& header : headers) {
        const auto identity = access_->authenticate(header);
        ASSERT_FALSE(identity) << header;
        EXPECT_EQ(identity.error(), expected) << header;
    }
    for (const std::string& header : {"bearer " + text, "BEARER  " + text + " "}) {
        EXPECT_TRUE(access_->authenticate(header)) << header;
    }
}

TEST_P(AccessTest, lists_keys_in_the_order_they_were_made_without_their_secrets) {
    const auto first = create("first");
    clock_.advance(Duration(5));
    const auto second = create("second", Role::admin);
    clock_.advance(Duration(5));
    ASSERT_TRUE(revoke(first.info.id));
    const auto keys = list();
    ASSERT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys[0].id, first.info.id);
    EXPECT_EQ(keys[0].revoked_at, test::FakeClock::start + Duration(10));
    EXPECT_EQ(keys[1].name, "second");
    EXPECT_EQ(keys[1].role, Role::admin);
    EXPECT_EQ(keys[1].created_at, test::FakeClock::start + Duration(5));
    EXPECT_FALSE(keys[1].revoked_at);
}

TEST_P(AccessTest, remembers_keys_and_revocations_after_a_restart) {
    const auto kept = create("kept");
    const auto gone = create("gone");
    ASSERT_TRUE(revoke(gone.info.id));
    const auto before = list();
    open();
    EXPECT_TRUE(check(kept.text.reveal()));
    EXPECT_FALSE(check(gone.text.reveal()));
    const auto after = list();
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(after[i].id, before[i].id);
        EXPECT_EQ(after[i].revoked_at, before[i].revoked_at);
    }
}

TEST_P(AccessTest, revokes_once_and_only_what_is_there) {
    const auto key = create("worker");
    ASSERT_TRUE(revoke(key.info.id));
    const auto at = list().front().revoked_at;
    clock_.advance(Duration(5));
    EXPECT_TRUE(revoke(key.info.id));
    EXPECT_EQ(list().front().revoked_at, at);
    EXPECT_EQ(revoke(KeyId("nobody")).error().code, Errc::not_found);
}

TEST_P(AccessTest, learns_what_another_daemon_does_with_keys) {
    const auto other =
        make_access(database_, Secret(admin_text), clock_, {.refresh_interval = Duration(5)})
            .value();
    const auto knows = [&](const CreatedKey& key) {
        return other->authenticate("Bearer " + std::string(key.text.reveal())).has_value();
    };
    const auto key = create("worker");
    EXPECT_TRUE(test::eventually([&] { return knows(key); }));
    ASSERT_TRUE(revoke(key.info.id));
    EXPECT_TRUE(test::eventually([&] { return !knows(key); }));
    const auto own = io_.run(other->create_key({.name = "own"})).value();
    EXPECT_TRUE(knows(own));
    EXPECT_FALSE(check(own.text.reveal())) << "this one does not look";
}

TEST_P(AccessTest, refuses_names_that_are_none) {
    for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a\nb"),
             std::string("\x7f"), std::string("\xff")}) {
        const auto key = io_.run(access_->create_key({.name = name}));
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().code, Errc::invalid_argument);
        EXPECT_EQ(key.error().field, "name");
    }
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(create(std::string(64, 'x')).info.name.size(), 64u);
}

TEST_P(AccessTest, keeps_no_secret_in_its_database) {
    const auto key = create("worker");
    const std::string secret(key.text.reveal().substr(key.text.reveal().rfind('_') + 1));
    static constexpr db::Statement dump{"SELECT id, name, role, hash FROM api_keys"};
    auto connection = plain_->connect().value();
    int rows = 0;
    ASSERT_TRUE(connection->execute(dump, {}, [&](const db::Row& row) {
        ++rows;
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(row.text(i).find(secret), std::string_view::npos);
        }
        return true;
    }));
    EXPECT_EQ(rows, 1);
}

TEST_P(AccessTest, changes_nothing_when_the_database_fails) {
    const auto key = create("worker");
    faults_.fail_call(1, Errc::storage_full);
    EXPECT_EQ(io_.run(access_->create_key({.name = "other"})).error().code, Errc::storage_full);
    EXPECT_EQ(list().size(), 1u);
    faults_.fail_call(1, Errc::storage_io);
    EXPECT_EQ(revoke(key.info.id).error().code, Errc::storage_io);
    EXPECT_TRUE(check(key.text.reveal()));
    open();
    EXPECT_TRUE(check(key.text.reveal()));
}

TEST_P(AccessTest, refuses_a_damaged_table_and_an_empty_admin_key) {
    create("worker");
    auto connection = plain_->connect().value();
    static constexpr db::Statement damage{"UPDATE api_keys SET hash = ?"};
    const std::array<db::Value, 1> one_byte{db::Blob{"x"}};
    ASSERT_TRUE(connection->execute(damage, one_byte));
    EXPECT_EQ(
        make_access(database_, Secret(admin_text), clock_).error().code, Errc::storage_corrupt);
    EXPECT_EQ(make_access(database_, Secret(), clock_).error().code, Errc::invalid_argument);
}

TEST_P(AccessTest, checks_from_many_threads_while_keys_come_and_go) {
    const std::string text(create("steady").text.reveal());
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 2'000; ++round) EXPECT_TRUE(check(text));
        });
    }
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(revoke(create("brief").info.id));
    threads.clear();
    EXPECT_EQ(list().size(), 11u);
}

INSTANTIATE_TEST_SUITE_P(Databases, AccessTest, test::both_databases(), test::database_name);

TEST(Roles, admin_may_what_member_may) {
    const Identity member{KeyId("k"), "k", Role::member};
    const Identity admin{KeyId("a"), "a", Role::admin};
    EXPECT_TRUE(require(member, Role::member));
    EXPECT_TRUE(require(admin, Role::member));
    EXPECT_TRUE(require(admin, Role::admin));
    EXPECT_EQ(require(member, Role::admin).error().code, Errc::permission_denied);
    EXPECT_EQ(parse_role("admin"), Role::admin);
    EXPECT_EQ(parse_role(to_string(Role::member)), Role::member);
    EXPECT_EQ(parse_role("root").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace baton::access
