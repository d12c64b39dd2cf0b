// kill -9 in the middle of everything: what was accepted is answered, once, in order.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/daemon_session.h"

namespace baton::test {
namespace {

constexpr int rounds = 20;
constexpr std::size_t conversations = 50;
constexpr std::size_t messages_each = 20;  // 1,000 messages a round
constexpr std::size_t total = conversations * messages_each;
constexpr std::size_t all_steps = total + conversations;
const QueueName llm{"llm"};

/// A message that got its 201.
struct Accepted {
    MessageId id;
    ConversationId conversation;
    std::string content;
};

/// Who posts a conversation's messages one after the other, until the daemon is gone.
struct Poster {
    DaemonSession& session;
    int round;
    std::size_t number;
    std::vector<Accepted>& accepted;
    std::atomic<std::size_t>& steps;  ///< messages accepted and posters ended

    Task<void> run() {
        ConversationId conversation;
        for (std::size_t i = 0; i < messages_each; ++i) {
            const std::string content = "round " + std::to_string(round) + " conversation " +
                                        std::to_string(number) + " message " + std::to_string(i);
            client::OutgoingMessage message{.content = content, .conversation_id = conversation};
            const auto sent = co_await session.dialogs.send(std::move(message));
            if (!sent) break;
            conversation = sent->conversation_id;
            accepted.push_back({sent->id, conversation, content});
            steps.fetch_add(1);
            steps.notify_all();
        }
        steps.fetch_add(1);
        steps.notify_all();
    }
};

class KillTest : public testing::TestWithParam<const char*> {
protected:
    /// Posts a round's messages; kills the daemon after `kill_after` of the round's steps.
    std::vector<Accepted> post_round(Daemon& daemon, int round, std::size_t kill_after) {
        DaemonSession session(daemon);
        EXPECT_TRUE(pool_.run(session.queues.set_paused(llm, true)));
        std::vector<Accepted> accepted;
        std::atomic<std::size_t> steps = 0;
        std::vector<std::unique_ptr<Poster>> posters;
        for (std::size_t i = 0; i < conversations; ++i) {
            posters.push_back(std::make_unique<Poster>(Poster{session, round, i, accepted, steps}));
        }
        TaskGroup group(pool_.executor(0));
        const auto start = [&]() -> Task<void> {
            for (auto& poster : posters) group.spawn([&poster] { return poster->run(); });
            co_return;
        };
        pool_.run(start());
        for (std::size_t seen = steps.load(); seen < std::min(kill_after, all_steps);
            seen = steps.load()) {
            steps.wait(seen);
        }
        if (kill_after < all_steps) daemon.kill9();
        const auto finish = [&]() -> Task<void> {
            const auto left = co_await group.drain(Deadline::after(std::chrono::seconds(60)));
            EXPECT_EQ(left, 0U);
        };
        pool_.run(finish());
        return accepted;
    }

    /// Lets the agents work, and kills the daemon as soon as message number `victim` is answered.
    void kill_while_answering(Daemon& daemon, const Accepted& victim) {
        DaemonSession session(daemon);
        EXPECT_TRUE(pool_.run(session.queues.set_paused(llm, false)));
        const auto answered =
            pool_.run(session.dialogs.wait(victim.id, Deadline::after(std::chrono::seconds(60))));
        EXPECT_TRUE(answered) << to_string(answered.error());
        daemon.kill9();
    }

    void expect_all_answered(Daemon& daemon, const std::vector<Accepted>& accepted) {
        DaemonSession session(daemon);
        ASSERT_TRUE(pool_.run(session.queues.set_paused(llm, false)));
        std::map<ConversationId, std::vector<Accepted>> by_conversation;
        for (const auto& message : accepted) {
            const auto answered = pool_.run(
                session.dialogs.wait(message.id, Deadline::after(std::chrono::seconds(120))));
            ASSERT_TRUE(answered) << message.content << ": " << to_string(answered.error());
            ASSERT_EQ(answered->status, DialogStatus::completed) << answered->error;
            ASSERT_TRUE(answered->reply);
            EXPECT_TRUE(answered->reply->content.ends_with(message.content));
            by_conversation[message.conversation].push_back(message);
        }
        for (const auto& [conversation, posted] : by_conversation) {
            expect_conversation(session, conversation, posted);
        }
    }

    /// Every accepted message stands once, in the order it was posted. The last one may be followed
    /// by a message whose 201 the crash swallowed.
    void expect_conversation(
        DaemonSession& session, const ConversationId& id, const std::vector<Accepted>& posted) {
        const auto history = pool_.run(session.dialogs.history(id, 100));
        ASSERT_TRUE(history) << to_string(history.error());
        ASSERT_GE(history->size(), posted.size());
        EXPECT_LE(history->size(), posted.size() + 1);
        for (std::size_t i = 0; i < posted.size(); ++i) {
            EXPECT_EQ((*history)[i].id, posted[i].id);
            EXPECT_EQ((*history)[i].content, posted[i].content);
        }
    }

    IoPool pool_{1};
};

TEST_P(KillTest, nothing_accepted_is_lost_and_nothing_is_answered_twice) {
    const char* given = std::getenv("BATON_TEST_SEED");
    const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto daemon = Daemon::start(
        {.settings = {"logging.level=warn", std::string("queue.store=") + GetParam()}});
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const bool while_posting = round % 2 == 1;
        const std::size_t kill_after = while_posting ? 1 + random() % (total - 1) : all_steps;
        const auto accepted = post_round(*daemon, round, kill_after);
        ASSERT_FALSE(accepted.empty());
        if (!while_posting) {
            ASSERT_EQ(accepted.size(), total);
            kill_while_answering(*daemon, accepted[random() % accepted.size()]);
        }
        daemon->restart();
        expect_all_answered(*daemon, accepted);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Stores, KillTest, testing::Values("sqlite", "journal"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
