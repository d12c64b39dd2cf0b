// Keeping queues going, through the CLI: pauses, reasons, schedules, redrives, quotas; and what of
// it a restart keeps.
#include <gtest/gtest.h>

#include "support/daemon.h"

namespace baton::test {
namespace {

using testing::HasSubstr;

class QueueCare : public testing::Test {
protected:
    std::string out_of(std::vector<std::string> arguments) {
        const auto ran = run_cli(*daemon, arguments);
        EXPECT_EQ(ran.exit.status, 0) << testing::PrintToString(arguments) << ran.err;
        return ran.out;
    }
    /// Posts to `mail` and returns the id.
    std::string post(std::vector<std::string> options = {}) {
        std::vector<std::string> arguments{"queue", "post", "mail", "work"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const auto out = out_of(std::move(arguments));
        return out.substr(0, out.find_first_of(" \n"));
    }

    std::unique_ptr<Daemon> daemon = Daemon::start();
};

TEST_F(QueueCare, a_paused_key_holds_its_messages_also_after_a_restart) {
    out_of({"queue", "create", "mail"});
    out_of({"queue", "pause", "mail", "--ordering-key", "user-1"});
    const auto held = post({"--ordering-key", "user-1"});
    daemon->kill9();
    daemon->restart();
    EXPECT_THAT(out_of({"queue", "explain", held}), HasSubstr("key_paused"));
    EXPECT_EQ(out_of({"queue", "pop", "mail", "--json"}), "{\"messages\":[]}\n");
    out_of({"queue", "resume", "mail", "--ordering-key", "user-1"});
    EXPECT_THAT(out_of({"queue", "explain", held}), HasSubstr("it is next"));
    EXPECT_THAT(out_of({"queue", "pop", "mail", "--json"}), HasSubstr(held));
}

TEST_F(QueueCare, a_scheduled_message_is_explained_and_made_ready) {
    out_of({"queue", "create", "mail"});
    const auto later = post({"--delay", "1h"});
    EXPECT_THAT(out_of({"queue", "explain", later}), HasSubstr("not_due"));
    out_of({"queue", "reschedule", later, "--delay", "0ms"});
    EXPECT_THAT(out_of({"queue", "pop", "mail", "--json"}), HasSubstr(later));
    const auto leased = run_cli(*daemon, {"queue", "reschedule", later, "--delay", "1h"});
    EXPECT_EQ(leased.exit.status, 5) << "conflict: " << leased.err;
}

TEST_F(QueueCare, dead_letters_are_redriven_by_their_reason) {
    out_of({"queue", "create", "mail", "--max-failures", "1"});
    const auto id = post();
    out_of({"queue", "pop", "mail"});
    out_of({"queue", "nack", "mail", id + "-1", "--reason", "upstream timeout"});
    EXPECT_THAT(out_of({"queue", "explain", id}), HasSubstr("upstream timeout"));
    EXPECT_EQ(out_of({"queue", "redrive", "mail", "--reason", "other"}), "redriven 0 messages\n");
    EXPECT_EQ(out_of({"queue", "redrive", "mail", "--reason", "timeout"}), "redriven 1 messages\n");
    EXPECT_THAT(out_of({"queue", "pop", "mail", "--json"}), HasSubstr(id + "-2"));
}

TEST_F(QueueCare, queues_of_an_owner_share_its_quota) {
    out_of({"queue", "create", "mail"});
    out_of({"queue", "create", "mail", "--owner", "acme"});
    out_of({"queue", "create", "more", "--owner", "acme"});
    out_of({"queue", "create", "mail", "--max-size", "9"});  // it stays with its owner
    EXPECT_THAT(out_of({"queue", "list"}), testing::ContainsRegex("mail +acme(.|\n)*more +acme"));
    out_of({"queue", "quota", "acme", "--limit", "6"});
    out_of({"queue", "post", "mail", "1234"});
    EXPECT_EQ(
        out_of({"queue", "quota", "acme", "--json"}), "{\"used_bytes\":4,\"limit_bytes\":6}\n");
    EXPECT_THAT(
        run_cli(*daemon, {"queue", "post", "more", "567"}).err, HasSubstr("quota_exceeded"));
}

TEST_F(QueueCare, a_spent_quota_refuses_posts_until_it_is_raised) {
    out_of({"queue", "create", "mail"});
    EXPECT_EQ(out_of({"queue", "quota", "default", "--limit", "6", "--json"}),
        "{\"used_bytes\":0,\"limit_bytes\":6}\n");
    post();
    const auto refused = run_cli(*daemon, {"queue", "post", "mail", "work"});
    EXPECT_NE(refused.exit.status, 0);
    EXPECT_THAT(refused.err, HasSubstr("quota_exceeded"));
    daemon->kill9();
    daemon->restart();
    EXPECT_EQ(out_of({"queue", "quota", "--json"}), "{\"used_bytes\":4,\"limit_bytes\":6}\n");
    out_of({"queue", "quota", "default", "--limit", "0"});
    post();
}

}  // namespace
}  // namespace baton::test
