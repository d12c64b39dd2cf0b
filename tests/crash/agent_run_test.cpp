// kill -9 in the middle of agents' runs: each goes on behind its last finished step, readers of
// what it says have neither gap nor repeat, and effects of tools happen once.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "client/log_client.h"
#include "conversations/conversations.h"
#include "model/codec.h"
#include "model/output_text.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/aimock.h"
#include "support/daemon_session.h"

namespace baton::test {
namespace {

namespace json = boost::json;

constexpr std::size_t run_count = 200;
constexpr std::size_t answers_each = 3;
const QueueName llm{"llm"};
const QueueName audit{"audit"};

/// What the model says in its answer number `turn` (0..2): about a second's worth of pieces.
std::string text_of(std::size_t turn) {
    static constexpr std::string_view texts[answers_each]{
        "First I look at what was said before, as anybody would who has been asked.",
        "There was nothing. So I leave a note for those who keep the books of this house.",
        "It is done: the books have their note, and this is the last that you hear of me."};
    return std::string(texts[turn]);
}

std::string fixtures() {
    constexpr std::string_view turn = R"({{"match":{{"userMessage":"run ","turnIndex":{}}},
        "chunkSize":8,"latency":60,"response":{{"content":"{}"{}}}}})";
    return fmt::format(R"({{"fixtures":[{},{},{}]}})",
        fmt::format(turn, 0, text_of(0),
            R"(,"toolCalls":[{"name":"read_conversation","arguments":{"limit":5}}])"),
        fmt::format(turn, 1, text_of(1),
            R"(,"toolCalls":[{"name":"post_to_queue","arguments":{"queue":"audit","content":"note"}}])"),
        fmt::format(turn, 2, text_of(2), ""));
}

/// A reader of what one run says, over every incarnation of the daemon.
struct Reader {
    MessageId id{};
    std::uint64_t next = 0;
    std::string raw{};   ///< the events put one behind the other
    std::string text{};  ///< the same, by the rules of model/output_text.h
    bool ended = false;

    /// Until the end, or the daemon's.
    Task<void> follow(DaemonSession& session, std::atomic<std::size_t>& seen) {
        client::OutputClient outputs(session.connection);
        while (!ended) {
            client::OutputOptions options{.from = next, .wait = Duration(10'000)};
            const auto page = co_await outputs.read(id, options);
            if (!page) co_return;
            for (const auto& event : page->events) {
                EXPECT_EQ(event.offset, next) << "no gap and no repeat";
                next = event.offset + 1;
                raw += event.data.view();
                add_output_event(text, event.data.view());
                seen.fetch_add(event.data.size());
            }
            ended = page->ended;
        }
    }
};

/// How often the provider was asked, by the user's message and the number of answers it had seen.
using Asked = std::map<std::pair<std::string, std::size_t>, int>;

Asked asked_of(const Aimock& provider) {
    const auto journal = parse_json(provider.journal(), {}, 64).value();
    Asked asked;
    for (const auto& entry : journal.as_array()) {
        const auto* body = entry.as_object().if_contains("body");
        if (body == nullptr || !body->is_object()) continue;
        std::string question;
        std::size_t answers = 0;
        for (const auto& message : body->at("messages").as_array()) {
            const auto& role = message.at("role").as_string();
            if (role == "assistant") ++answers;
            if (role == "user") question = message.at("content").as_string();
        }
        ++asked[{question, answers}];
    }
    return asked;
}

class AgentRunKill : public testing::TestWithParam<const char*> {
protected:
    std::vector<std::string> settings(const Aimock& provider) const {
        return {fmt::format(
                    R"(llm.endpoints=[{{"name":"main","base_url":"{}"}}])", provider.base_url()),
            R"(agents=[{"id":"assistant","tools":["read_conversation","post_to_queue"]}])",
            fmt::format("scheduler.workers={}", run_count), "llm.connections_max=256",
            "scheduler.timeout=60s", "logging.level=warn",
            fmt::format("queue.store={}", GetParam())};
    }

    void post_all(DaemonSession& session) {
        ASSERT_TRUE(pool_.run(session.queues.set_paused(llm, true)));
        for (std::size_t i = 0; i < run_count; ++i) {
            const auto sent = pool_.run(session.dialogs.send({.content = question(i)}));
            ASSERT_TRUE(sent) << to_string(sent.error());
            readers_[i].id = sent->id;
        }
        ASSERT_TRUE(pool_.run(session.queues.set_paused(llm, false)));
    }

    /// All readers at once; ends when they have, or kills the daemon once they have `kill_after`
    /// bytes together. Whether it did.
    bool follow_all(Daemon& daemon, std::size_t kill_after) {
        DaemonSession session(daemon);
        std::atomic<std::size_t> seen = 0;
        bool killed = false;
        TaskGroup group(pool_.executor(0));
        const auto run = [&]() -> Task<void> {
            for (auto& reader : readers_) {
                group.spawn([&] { return reader.follow(session, seen); });
            }
            const Deadline deadline = Deadline::after(std::chrono::seconds(120));
            while (group.size() > 0 && seen < kill_after && !deadline.expired()) {
                co_await sleep_until(Deadline::after(std::chrono::milliseconds(2)));
            }
            killed = group.size() > 0 && seen >= kill_after;
            if (killed) daemon.kill9();
            const auto left = co_await group.drain(deadline);
            EXPECT_EQ(left, 0U);
        };
        pool_.run(run());
        return killed;
    }

    static std::string question(std::size_t i) { return fmt::format("run {:03}", i); }

    /// Answers that were kept before the daemon died, by question.
    std::map<std::string, std::size_t> kept_answers(const Daemon& daemon) {
        const auto database = database_of(daemon);
        const auto store = conversations::make_store(*database).value();
        std::map<std::string, std::size_t> kept;
        for (std::size_t i = 0; i < run_count; ++i) {
            const auto steps = pool_.run(store.steps->steps(readers_[i].id)).value();
            for (const auto& step : steps) {
                if (step.kind == conversations::StepKind::model) ++kept[question(i)];
            }
        }
        return kept;
    }

    IoPool pool_{1};
    std::vector<Reader> readers_{run_count};
};

TEST_P(AgentRunKill, every_run_goes_on_where_it_was) {
    const char* given = std::getenv("BATON_TEST_SEED");
    const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Aimock provider(
        {.fixtures = fixtures(), .arguments = {"--strict", "--journal-max", "0"}});
    const auto daemon = Daemon::start({.settings = settings(provider)});
    {
        DaemonSession session(*daemon);
        ASSERT_TRUE(pool_.run(session.queues.put(audit, QueueConfig())));
        post_all(session);
        if (HasFatalFailure()) return;
    }
    std::string whole = text_of(0) + "\n\n" + text_of(1) + "\n\n" + text_of(2);
    const std::size_t all = whole.size() * run_count;
    // The runs go abreast: by two fifths the first answers are kept.
    ASSERT_TRUE(follow_all(*daemon, all * 2 / 5 + random() % (all / 2)));
    const auto kept = kept_answers(*daemon);
    const auto asked_before = asked_of(provider);
    EXPECT_FALSE(kept.empty());

    daemon->restart();
    EXPECT_FALSE(follow_all(*daemon, std::numeric_limits<std::size_t>::max()));

    DaemonSession session(*daemon);
    for (std::size_t i = 0; i < run_count; ++i) {
        SCOPED_TRACE(question(i));
        const auto& reader = readers_[i];
        EXPECT_TRUE(reader.ended);
        EXPECT_EQ(reader.text, whole);
        EXPECT_EQ(reader.raw, whole) << "a model that says the same again needs no taking back";
        const auto answered = pool_.run(session.dialogs.get(reader.id));
        ASSERT_TRUE(answered) << to_string(answered.error());
        ASSERT_EQ(answered->status, DialogStatus::completed) << answered->error;
        EXPECT_EQ(answered->reply->content, text_of(2));
        const auto told = pool_.run(session.dialogs.steps(reader.id, std::nullopt, 100));
        ASSERT_TRUE(told) << to_string(told.error());
        ASSERT_EQ(told->steps.size(), answers_each + 2) << "three answers, two calls";
        EXPECT_EQ(told->steps[3].call.name, "post_to_queue");
        EXPECT_EQ(told->steps[4].answer.content, text_of(2));
    }
    const auto asked = asked_of(provider);
    std::size_t finished = 0;
    for (const auto& [question, answers] : kept) {
        for (std::size_t answer = 0; answer < answers; ++answer) {
            const auto times = asked.find({question, answer});
            ASSERT_NE(times, asked.end());
            EXPECT_EQ(times->second, asked_before.at({question, answer}))
                << "answer " << answer << " of " << question << " was kept, and asked for again";
            EXPECT_EQ(times->second, 1);
            ++finished;
        }
    }
    EXPECT_EQ(asked.size(), run_count * answers_each);
    RecordProperty("finished_before_the_kill", std::to_string(finished));
    const auto notes = pool_.run(session.queues.stats(audit));
    ASSERT_TRUE(notes) << to_string(notes.error());
    EXPECT_EQ(notes->message_count, run_count) << "each run leaves one note";
}

INSTANTIATE_TEST_SUITE_P(Stores, AgentRunKill, testing::Values("sqlite", "journal"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
