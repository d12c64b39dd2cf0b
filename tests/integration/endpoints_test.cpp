// LLM endpoints of a real daemon: seen and steered from outside, and remembered over its death.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/model_server.h"
#include "support/daemon.h"
#include "support/eventually.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Endpoints : public testing::Test {
protected:
    std::string setting() const {
        return R"(llm.endpoints=[{"name":"a","base_url":")" + a.base_url() +
               R"("},{"name":"b","base_url":")" + b.base_url() + R"("}])";
    }
    void say(const Daemon& daemon) {
        const auto sent = run_cli(daemon, {"send", "hello", "--wait"});
        EXPECT_THAT(sent.out, HasSubstr("stub answer")) << sent.err;
    }

    ModelServer a;
    ModelServer b;
};

TEST_F(Endpoints, cooldown_is_seen_and_survives_the_daemons_death) {
    b.refuse_for(120s);
    const auto daemon = Daemon::start({.settings = {setting(), "logging.level=debug"}});
    for (int i = 0; i < 3; ++i) say(*daemon);
    const auto refused = b.chats().size();
    EXPECT_EQ(refused, 1U);
    EXPECT_THAT(run_cli(*daemon, {"endpoints"}).out, HasSubstr("cools until"));

    const auto is_written = [&] { return daemon->process().err().contains("\"cooling\":1"); };
    ASSERT_TRUE(eventually(is_written)) << daemon->process().err();
    daemon->kill9();
    daemon->restart();
    for (int i = 0; i < 3; ++i) say(*daemon);
    EXPECT_EQ(b.chats().size(), refused) << "it cools still";
    EXPECT_THAT(run_cli(*daemon, {"endpoints", "b"}).out, HasSubstr("cools until"));
}

TEST_F(Endpoints, weight_is_set_from_outside) {
    const auto daemon = Daemon::start({.settings = {setting()}});
    const auto set = run_cli(*daemon, {"endpoints", "a", "--weight", "0"});
    EXPECT_THAT(set.out, HasSubstr("out of rotation")) << set.err;
    for (int i = 0; i < 3; ++i) say(*daemon);
    EXPECT_EQ(a.chats().size(), 0U);
    EXPECT_EQ(b.chats().size(), 3U);
    EXPECT_THAT(run_cli(*daemon, {"endpoints", "x", "--weight", "1"}).err, HasSubstr("not_found"));
    const auto json = run_cli(*daemon, {"endpoints", "--json"}).out;
    EXPECT_THAT(json, HasSubstr(R"("name":"a")"));
    EXPECT_THAT(json, HasSubstr(R"("requests":3)"));
}

TEST_F(Endpoints, message_waits_for_the_endpoint_that_refused_it) {
    b.die();
    a.refuse_for(3s);
    const auto daemon = Daemon::start({.settings = {setting()}});
    say(*daemon);
    EXPECT_EQ(a.chats().size(), 2U);
}

}  // namespace
}  // namespace baton::test
