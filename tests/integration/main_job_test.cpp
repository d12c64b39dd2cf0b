// The main job: a message comes in, is durable, an agent answers it through a provider that others
// wrote, the conversation holds both turns. And what happens when the provider has a bad day.
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "runtime/io_pool.h"
#include "support/aimock.h"
#include "support/daemon_session.h"
#include "support/nats_cluster.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// A fixture with sequenceIndex 0 answers the first time only: the fault, then the recovery.
constexpr std::string_view fixtures = R"({"fixtures": [
    {"match": {"userMessage": "What is a baton?"}, "response": {"content": "A stick that runners hand over."}},
    {"match": {"userMessage": "And who holds it?"}, "response": {"content": "Whoever runs."}},
    {"match": {"userMessage": "error 500", "sequenceIndex": 0},
     "response": {"error": {"message": "it broke", "type": "server_error"}, "status": 500}},
    {"match": {"userMessage": "error 500"}, "response": {"content": "after the 500"}},
    {"match": {"userMessage": "error 429", "sequenceIndex": 0}, "response":
        {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 1}},
    {"match": {"userMessage": "error 429"}, "response": {"content": "after the 429"}},
    {"match": {"userMessage": "cut stream", "sequenceIndex": 0}, "latency": 5, "truncateAfterChunks": 2,
     "response": {"content": "This answer is cut off after a few chunks, long before its last word comes."}},
    {"match": {"userMessage": "cut stream"}, "response": {"content": "after the cut"}},
    {"match": {"userMessage": "too slow", "sequenceIndex": 0}, "latency": 1500,
     "response": {"content": "This answer takes its time, and more than the run may last in this test."}},
    {"match": {"userMessage": "too slow"}, "response": {"content": "after the wait"}},
    {"match": {"userMessage": "always broken"},
     "response": {"error": {"message": "it is always broken", "type": "server_error"}, "status": 500}},
    {"match": {"userMessage": "bad request"},
     "response": {"error": {"message": "context too long", "type": "invalid_request_error"}, "status": 400}}
]})";

std::vector<std::string> settings_for(const std::string& base_url) {
    return {R"(llm.endpoints=[{"name":"main","provider":"openai","base_url":")" + base_url +
                R"(","api_key":"sk-test","models":["gpt-4o-mini"]}])",
        "scheduler.retry_initial=50ms", "scheduler.retry_max=200ms", "scheduler.timeout=2s",
        "scheduler.max_retries=3", "logging.level=warn"};
}

/// The same job whatever keeps the queues.
class MainJob : public testing::TestWithParam<std::string_view> {
protected:
    void start(const std::string& base_url) {
        auto settings = settings_for(base_url);
        settings.push_back("queue.store=" + std::string(GetParam()));
        if (GetParam() == "jetstream") {
            nats_ = std::make_unique<NatsCluster>(
                NatsClusterOptions{.nodes = 1, .parent = fast_place()});
            settings.insert(settings.end(),
                {"nats.servers=[\"" + nats_->url(0) + "\"]", "nats.user=" + nats_->user().name,
                    "nats.password=" + nats_->user().password, "nats.replicas=1",
                    "cluster.log_size=64MiB"});
        }
        daemon_ = Daemon::start({.settings = std::move(settings)});
        session_ = std::make_unique<DaemonSession>(*daemon_);
    }

    DialogMessage send(std::string content, ConversationId conversation = {}) {
        client::OutgoingMessage message{
            .content = std::move(content), .conversation_id = std::move(conversation)};
        auto sent = pool_.run(session_->dialogs.send(std::move(message)));
        EXPECT_TRUE(sent) << to_string(sent.error());
        return *std::move(sent);
    }

    DialogMessage wait(const DialogMessage& message) {
        auto ended = pool_.run(session_->dialogs.wait(message.id, Deadline::after(30s)));
        EXPECT_TRUE(ended) << to_string(ended.error());
        return *std::move(ended);
    }

    std::vector<DialogMessage> conversation(const DialogMessage& message) {
        auto history = pool_.run(session_->dialogs.history(message.conversation_id, 100));
        EXPECT_TRUE(history) << to_string(history.error());
        return *std::move(history);
    }

    void expect_recovers(const std::string& content, const std::string& answer) {
        const auto sent = send(content);
        const auto ended = wait(sent);
        EXPECT_EQ(ended.status, DialogStatus::completed) << content << ": " << ended.error;
        ASSERT_TRUE(ended.reply) << content;
        EXPECT_EQ(ended.reply->content, answer);
        EXPECT_EQ(conversation(sent).size(), 1U);
    }

    IoPool pool_{1};
    std::unique_ptr<NatsCluster> nats_;
    std::unique_ptr<Daemon> daemon_;
    std::unique_ptr<DaemonSession> session_;
};

TEST_P(MainJob, message_is_answered_and_the_next_one_sends_the_history) {
    Aimock provider({.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    start(provider.base_url());

    const auto first = send("What is a baton?");
    EXPECT_FALSE(first.conversation_id.empty());
    const auto answered = wait(first);
    EXPECT_EQ(answered.status, DialogStatus::completed) << answered.error;
    ASSERT_TRUE(answered.reply);
    EXPECT_EQ(answered.reply->content, "A stick that runners hand over.");
    EXPECT_GT(answered.reply->usage.output_tokens, 0U);

    const auto second = wait(send("And who holds it?", first.conversation_id));
    ASSERT_TRUE(second.reply) << second.error;
    EXPECT_EQ(second.reply->content, "Whoever runs.");
    const auto turns = conversation(first);
    ASSERT_EQ(turns.size(), 2U);
    EXPECT_EQ(turns[0].reply->content, "A stick that runners hand over.");
    EXPECT_EQ(turns[1].content, "And who holds it?");

    // What the provider saw: instructions, both earlier turns, the new message.
    const auto journal = parse_json(provider.journal());
    ASSERT_TRUE(journal);
    const auto& requests =
        journal->is_array() ? journal->get_array() : journal->at("entries").as_array();
    ASSERT_EQ(requests.size(), 2U);
    const auto& messages = requests[1].at("body").at("messages").as_array();
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[0].at("role").as_string(), "system");
    EXPECT_EQ(messages[1].at("content").as_string(), "What is a baton?");
    EXPECT_EQ(messages[2].at("role").as_string(), "assistant");
    EXPECT_EQ(messages[2].at("content").as_string(), "A stick that runners hand over.");
    EXPECT_EQ(messages[3].at("content").as_string(), "And who holds it?");
}

TEST_P(MainJob, transient_faults_are_retried_and_answered_once) {
    Aimock provider({.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    start(provider.base_url());
    expect_recovers("error 500", "after the 500");
    expect_recovers("cut stream", "after the cut");
    expect_recovers("too slow", "after the wait");
}

TEST_P(MainJob, rate_limit_is_waited_out_and_is_not_the_messages_fault) {
    Aimock provider({.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    start(provider.base_url());
    const auto began = std::chrono::steady_clock::now();
    const auto ended = wait(send("error 429"));
    EXPECT_EQ(ended.status, DialogStatus::completed) << ended.error;
    EXPECT_GE(std::chrono::steady_clock::now() - began, 1s) << "Retry-After was 1 s";
    EXPECT_EQ(ended.retry_count, 0U);
}

TEST_P(MainJob, provider_that_stays_broken_makes_a_dead_letter_with_its_history) {
    Aimock provider({.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    start(provider.base_url());
    const auto ended = wait(send("always broken"));
    EXPECT_EQ(ended.status, DialogStatus::failed);
    EXPECT_FALSE(ended.reply);
    EXPECT_NE(ended.error.find("it is always broken"), std::string::npos) << ended.error;
    const auto dead = pool_.run(session_->queues.message(ended.id));
    ASSERT_TRUE(dead) << to_string(dead.error());
    EXPECT_EQ(dead->state, MessageState::dead);
    EXPECT_EQ(dead->failures, 4U)
        << "the first run and three retries; waits for the pool do not count";
    EXPECT_NE(dead->dead_reason.find("it is always broken"), std::string::npos);
}

TEST_P(MainJob, refused_request_is_dead_at_once) {
    Aimock provider({.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    start(provider.base_url());
    const auto ended = wait(send("bad request"));
    EXPECT_EQ(ended.status, DialogStatus::failed);
    const auto dead = pool_.run(session_->queues.message(ended.id));
    ASSERT_TRUE(dead);
    EXPECT_EQ(dead->attempts, 1U);
}

TEST_P(MainJob, message_waits_while_the_provider_is_down_and_completes_when_it_is_back) {
    auto provider = std::make_unique<Aimock>(
        AimockOptions{.fixtures = std::string(fixtures), .arguments = {"--strict"}});
    const std::string port = std::to_string(provider->port());
    const std::string base_url = provider->base_url();
    provider.reset();

    auto settings = settings_for(base_url);
    settings.push_back("scheduler.max_retries=1000");
    daemon_ = Daemon::start({.settings = settings});
    session_ = std::make_unique<DaemonSession>(*daemon_);
    const auto sent = send("What is a baton?");
    // Back only after a run has met the closed port.
    DialogMessage seen = sent;
    const Deadline deadline = Deadline::after(20s);
    while (seen.retry_count == 0 && !deadline.expired()) {
        seen = pool_.run(session_->dialogs.get(sent.id)).value();
    }
    EXPECT_GT(seen.retry_count, 0U);
    EXPECT_NE(seen.status, DialogStatus::failed);

    provider = std::make_unique<Aimock>(
        AimockOptions{.fixtures = std::string(fixtures), .arguments = {"--strict", "-p", port}});
    const auto ended = wait(sent);
    EXPECT_EQ(ended.status, DialogStatus::completed) << ended.error;
    EXPECT_EQ(conversation(sent).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Stores, MainJob, testing::Values("sqlite", "journal", "jetstream"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
