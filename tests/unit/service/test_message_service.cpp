#include <algorithm>
#include <set>

#include "dispatch/work_item.h"
#include "runtime/event.h"
#include "runtime/task_group.h"
#include "service/message_service.h"
#include "unit/service/fakes.h"
#include "unit/service/queue_fixture.h"

namespace baton::test {
namespace {

using service::OutgoingMessage;

class MessageService : public QueueFixture {
protected:
    OutgoingMessage hello() {
        OutgoingMessage message;
        message.content = "hello";
        return message;
    }
    Result<DialogMessage> send(OutgoingMessage message) {
        BATON_TRY(auto sent, io.run(service.send(who, std::move(message))));
        return std::move(sent.message);
    }
    Result<DialogMessage> get(MessageId id, Duration wait = Duration(0)) {
        return io.run(service.get(who, id, wait));
    }
    void expect_refused(OutgoingMessage message, Errc code, std::string_view field) {
        const auto sent = send(std::move(message));
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code, code);
        EXPECT_EQ(sent.error().field, field);
        EXPECT_EQ(count_in("llm"), 0U);
        EXPECT_EQ(rows.message_count(), 0U);
        EXPECT_EQ(conversation_count(), 0U);
    }
    std::uint64_t conversation_count() { return io.run(rows.list({}, {})).value().total; }

    const access::Identity who{.key = KeyId("k"), .name = "tester"};
    FakeConversations rows;
    FakeAgents agents;
    service::MessageService service{*queues, rows, agents, clock, {}, Log()};
};

TEST_F(MessageService, a_sent_message_waits_in_the_queue_and_stands_in_the_rows) {
    auto message = hello();
    message.priority = Level::high;
    message.metadata = R"({"a":1})";
    const auto sent = send(message).value();
    EXPECT_EQ(sent.status, DialogStatus::pending);
    EXPECT_EQ(sent.user_id.view(), "anonymous");
    EXPECT_EQ(sent.agent_id.view(), "assistant");
    EXPECT_TRUE(sent.conversation_id.view().starts_with("c_"));
    EXPECT_EQ(sent.conversation_id.view().size(), 34U);

    const auto leased = lease_one("llm");
    EXPECT_EQ(leased.message.id, sent.id);
    EXPECT_EQ(leased.message.level, Level::high);
    EXPECT_EQ(leased.message.data->ordering_key, sent.conversation_id.text);
    const auto item = dispatch::from_work_item(leased.message).value();
    EXPECT_EQ(item.content, "hello");
    EXPECT_EQ(item.metadata, message.metadata);
    EXPECT_EQ(io.run(rows.get_message(sent.id)).value().content, "hello");
}

TEST_F(MessageService, rules_give_a_level_to_what_has_none) {
    service::MessageServiceConfig config;
    config.rules.rules = {{.name = "outage", .keywords = {"outage"}, .score = 20},
        {.name = "gold", .tier = "gold", .score = 20}};
    service::MessageService ruled{*queues, rows, agents, clock, config, Log()};
    auto message = hello();
    message.content = "an outage!";
    message.metadata = R"({"tier":"gold","urgency":7})";
    const auto sent = io.run(ruled.send(who, message)).value().message;
    EXPECT_EQ(sent.priority, Level::realtime);
    const auto leased = lease_one("llm");
    EXPECT_EQ(leased.message.level, Level::realtime);
    const auto& headers = leased.message.data->headers;
    EXPECT_EQ(std::ranges::count(headers, Header{"baton-rules", "outage, gold"}), 1);
    message.priority = Level::low;
    EXPECT_EQ(io.run(ruled.send(who, message)).value().message.priority, Level::low);
}

TEST_F(MessageService, conversations_made_along_the_way_differ) {
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.insert(send(hello()).value().conversation_id.text);
    EXPECT_EQ(ids.size(), 100U);
}

TEST_F(MessageService, a_durable_message_is_accepted_though_its_row_could_not_be_written) {
    break_with(rows, {.code = Errc::storage_io, .detail = "disk gone"});
    const auto sent = send(hello());
    ASSERT_TRUE(sent) << to_string(sent.error());
    rows.fault = {};
    EXPECT_EQ(rows.message_count(), 0U);
    const auto seen = get(sent->id).value();
    EXPECT_EQ(seen.status, DialogStatus::pending);
    EXPECT_EQ(seen.content, "hello");
    EXPECT_EQ(seen.conversation_id, sent->conversation_id);
}

TEST_F(MessageService, an_unknown_conversation_is_not_made_by_a_message) {
    auto message = hello();
    message.conversation_id = ConversationId("c_unknown");
    expect_refused(message, Errc::conversation_not_found, "");
}

TEST_F(MessageService, a_known_conversation_goes_on) {
    const auto first = send(hello()).value();
    auto message = hello();
    message.conversation_id = first.conversation_id;
    EXPECT_EQ(send(message).value().conversation_id, first.conversation_id);
    EXPECT_EQ(conversation_count(), 1U);
}

TEST_F(MessageService, bad_input_leaves_nothing_behind) {
    OutgoingMessage message;
    expect_refused(message, Errc::invalid_message, "content");
    message.content = std::string(service::MessageLimits::content_max + 1, 'x');
    expect_refused(message, Errc::message_too_large, "content");
    message.content = "\xff";
    expect_refused(message, Errc::invalid_utf8, "content");
    message = hello();
    message.user_id = UserId("");
    expect_refused(message, Errc::invalid_argument, "user_id");
    message.user_id = UserId("a\nb");
    expect_refused(message, Errc::invalid_argument, "user_id");
    message.user_id = UserId(std::string(service::MessageLimits::user_id_max + 1, 'u'));
    expect_refused(message, Errc::invalid_argument, "user_id");
    message = hello();
    message.agent_id = AgentId("nobody");
    expect_refused(message, Errc::invalid_argument, "agent_id");
    message = hello();
    message.metadata = std::string(baton::MessageLimits::metadata_max + 1, ' ');
    expect_refused(message, Errc::invalid_argument, "metadata");
}

TEST_F(MessageService, input_at_its_limits_is_taken) {
    OutgoingMessage message;
    message.content = std::string(service::MessageLimits::content_max, 'x');
    message.user_id = UserId(std::string(service::MessageLimits::user_id_max, 'u'));
    message.agent_id = AgentId("poet");
    const auto sent = send(message);
    EXPECT_TRUE(sent) << to_string(sent.error());
}

TEST_F(MessageService, content_that_grows_too_large_as_json_is_named) {
    OutgoingMessage message;
    message.content = std::string(service::MessageLimits::content_max, '\x01');  // six bytes each
    expect_refused(message, Errc::message_too_large, "content");
}

TEST_F(MessageService, the_queue_refines_a_pending_row) {
    const auto sent = send(hello()).value();
    EXPECT_EQ(get(sent.id).value().status, DialogStatus::pending);
    const auto leased = lease_one("llm");
    EXPECT_EQ(get(sent.id).value().status, DialogStatus::processing);
    queue::NackRequest nack;
    nack.receipt = leased.receipt;
    nack.blame = queue::Blame::fatal;
    ASSERT_TRUE(io.run(queues->nack(nack)));
    EXPECT_EQ(get(sent.id).value().status, DialogStatus::failed);
}

TEST_F(MessageService, an_unknown_message_is_not_found) {
    EXPECT_EQ(get(MessageId{1, 2}).error().code, Errc::message_not_found);
}

TEST_F(MessageService, a_message_of_another_queue_is_no_message_to_an_agent) {
    std::vector<NewMessage> posts(1);
    posts[0].data.content = Bytes("mail");
    const auto posted = io.run(queues->post(QueueName("mail"), posts)).value();
    EXPECT_EQ(get(posted.at(0).id).error().code, Errc::message_not_found);
}

TEST_F(MessageService, a_chat_is_no_message_to_an_agent) {
    dispatch::ChatWork work{.tenant = TenantId("acme")};
    work.request = {.model = "m", .messages = {{.content = "hi"}}};
    const std::vector<NewMessage> posts{dispatch::to_work_item(work, Level::normal)};
    const auto posted = io.run(queues->post(QueueName("llm"), posts)).value();
    EXPECT_EQ(get(posted.at(0).id).error().code, Errc::message_not_found);
}

TEST_F(MessageService, who_waits_gets_the_completed_message) {
    const auto sent = send(hello()).value();
    const auto work = [&]() -> Task<Result<DialogMessage>> {
        TaskGroup group(co_await asio::this_coro::executor);
        group.spawn([&]() -> Task<void> {
            co_await sleep_until(Deadline::after(Duration(30)));
            auto reply = echo_reply("hi there");
            const auto completed = co_await rows.complete(sent.id, std::move(reply));
            EXPECT_TRUE(completed.value());
            const auto told = co_await queues->reply(sent.id, Bytes("hi there"), "");
            EXPECT_TRUE(told);
        });
        auto message = co_await service.get(who, sent.id, Duration(5'000));
        co_await group.stop();
        co_return message;
    };
    const auto message = io.run(work()).value();
    EXPECT_EQ(message.status, DialogStatus::completed);
    EXPECT_EQ(message.reply->content, "hi there");
}

TEST_F(MessageService, nobody_waits_once_the_waits_have_ended) {
    const auto sent = send(hello()).value();
    service.end_waits();
    const auto started_at = std::chrono::steady_clock::now();
    EXPECT_EQ(get(sent.id, Duration(60'000)).value().status, DialogStatus::pending);
    EXPECT_LT(std::chrono::steady_clock::now() - started_at, std::chrono::seconds(30));
}

TEST_F(MessageService, a_wait_ends_with_the_message_as_it_stands) {
    const auto sent = send(hello()).value();
    EXPECT_EQ(get(sent.id, Duration(30)).value().status, DialogStatus::pending);
    EXPECT_EQ(get(sent.id, Duration(60'001)).error().field, "wait_ms");
}

TEST_F(MessageService, conversations_are_made_listed_and_read) {
    service::NewConversation wanted;
    wanted.user_id = UserId("u1");
    wanted.title = "Trip";
    const auto made = io.run(service.create_conversation(who, wanted)).value().conversation;
    EXPECT_EQ(io.run(service.get_conversation(who, made.id)).value().title, "Trip");
    auto message = hello();
    message.conversation_id = made.id;
    ASSERT_TRUE(send(message));
    EXPECT_EQ(io.run(service.conversation_messages(who, made.id, {})).value().total, 1U);
    const auto unknown = io.run(service.conversation_messages(who, ConversationId("c_x"), {}));
    EXPECT_EQ(unknown.error().code, Errc::conversation_not_found);

    wanted.title = std::string(service::MessageLimits::title_max + 1, 't');
    EXPECT_EQ(io.run(service.create_conversation(who, wanted)).error().field, "title");
    service::PageRequest page;
    page.page_size = 101;
    EXPECT_EQ(io.run(service.list(who, {}, page)).error().field, "page_size");
}

TEST_F(MessageService, a_second_message_with_a_dedup_key_is_the_first_one) {
    auto message = hello();
    message.dedup_key = "once";
    const auto first = io.run(service.send(who, message)).value();
    EXPECT_FALSE(first.is_repeat);
    const auto again = io.run(service.send(who, message)).value();
    EXPECT_TRUE(again.is_repeat);
    EXPECT_EQ(again.message.id, first.message.id);
    EXPECT_EQ(again.message.conversation_id, first.message.conversation_id);
    EXPECT_EQ(count_in("llm"), 1U);
    EXPECT_EQ(io.run(service.list(who, {}, {})).value().total, 1U);

    for (auto* other : {"user", "content", "conversation"}) {
        auto changed = message;
        if (other == std::string_view("user")) changed.user_id = UserId("u2");
        if (other == std::string_view("content")) changed.content = "good bye";
        if (other == std::string_view("conversation")) {
            changed.conversation_id =
                io.run(service.create_conversation(who, {})).value().conversation.id;
        }
        const auto refused = io.run(service.send(who, changed));
        ASSERT_FALSE(refused) << other;
        EXPECT_EQ(refused.error().code, Errc::already_exists) << other;
        EXPECT_EQ(refused.error().field, "Idempotency-Key") << other;
    }
    EXPECT_EQ(count_in("llm"), 1U);
}

TEST_F(MessageService, a_conversation_that_is_made_again_under_its_id_is_the_first_one) {
    service::NewConversation wanted;
    wanted.id = ConversationId("c_drawn");
    wanted.title = "Trip";
    EXPECT_FALSE(io.run(service.create_conversation(who, wanted)).value().is_repeat);
    const auto again = io.run(service.create_conversation(who, wanted)).value();
    EXPECT_TRUE(again.is_repeat);
    EXPECT_EQ(again.conversation.id.text, "c_drawn");
    EXPECT_EQ(io.run(service.list_conversations(who, {}, {})).value().total, 1U);
}

}  // namespace
}  // namespace baton::test
