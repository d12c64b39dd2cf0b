// Pages of lists and searches over a large database: fills it once, then walks each list from its
// begin as far as asked and tells what a page took, at the begin and at the end of the walk.
// conversation_pages DIR [messages 1000000] [conversations 10000] [pages 300]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "conversations/conversations.h"
#include "db/migrations.h"
#include "db/sqlite/sqlite_database.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"

namespace baton::bench {
namespace {

using conversations::MessageFilter;
using conversations::PageRequest;
using conversations::SearchRequest;
using SteadyClock = std::chrono::steady_clock;

constexpr TimePoint start = from_unix_ms(1'767'225'600'000);
constexpr std::uint64_t user_count = 1'000;

struct Plan {
    std::filesystem::path folder;
    std::uint64_t messages = 1'000'000;
    std::uint64_t conversations = 10'000;
    std::uint64_t pages = 300;
};

std::uint64_t number_of(const char* text) { return std::strtoull(text, nullptr, 10); }

/// Words of a message: one in all, one in a tenth, one in a thousandth, and a number of its own.
std::string text_of(std::uint64_t seq) {
    std::string text = fmt::format("common number{} and some words to read", seq);
    if (seq % 10 == 0) text += " tenth";
    if (seq % 1'000 == 0) text += " thousandth";
    return text;
}

DialogMessage message_of(std::uint64_t seq, const Plan& plan) {
    DialogMessage message;
    message.id = {7, seq};
    message.conversation_id = ConversationId(fmt::format("c{}", seq % plan.conversations));
    message.user_id = UserId(fmt::format("u{}", seq % plan.conversations % user_count));
    message.agent_id = AgentId("assistant");
    message.content = text_of(seq);
    message.priority = static_cast<Level>(seq / 7 % level_count);
    message.created_at = message.updated_at = start + Duration(seq);
    return message;
}

/// Three of four messages are answered.
Task<void> add(conversations::Store& store, std::uint64_t from, std::uint64_t to, Plan plan) {
    for (std::uint64_t seq = from; seq <= to; ++seq) {
        DialogMessage message = message_of(seq, plan);
        const MessageId id = message.id;
        const auto added = co_await store.conversations->add_message(std::move(message));
        if (!added) std::abort();
        if (seq % 4 == 0) continue;
        DialogReply reply{fmt::format("answer to {}", seq), "m", {10, 10}, start + Duration(seq)};
        const auto answered = co_await store.writer->complete(id, std::move(reply));
        if (!answered) std::abort();
    }
}

void fill(conversations::Store& store, IoPool& io, const Plan& plan) {
    constexpr std::uint64_t writers = 256;
    const auto began = SteadyClock::now();
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await asio::this_coro::executor);
        const std::uint64_t share = plan.messages / writers + 1;
        for (std::uint64_t i = 0; i < writers; ++i) {
            const std::uint64_t from = i * share + 1;
            const std::uint64_t to = std::min((i + 1) * share, plan.messages);
            group.spawn([&store, from, to, plan] { return add(store, from, to, plan); });
        }
        const Deadline never = Deadline::never();
        const std::size_t cut = co_await group.drain(never);
        if (cut != 0) std::abort();
    };
    io.run(work());
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    fmt::print(R"({{"fill":{},"seconds":{:.1f}}})"
               "\n",
        plan.messages, took.count());
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Asks for one page: its `next`, empty on the last.
using Ask = std::function<std::string(const std::string& after)>;

void walk(std::string_view name, const Ask& ask, std::uint64_t pages) {
    std::vector<double> took;
    std::string after;
    do {
        const auto began = SteadyClock::now();
        after = ask(after);
        const std::chrono::duration<double, std::milli> one = SteadyClock::now() - began;
        took.push_back(one.count());
    } while (!after.empty() && took.size() < pages);
    const auto part = static_cast<std::ptrdiff_t>(std::max<std::size_t>(took.size() / 10, 1));
    fmt::print(
        R"({{"list":"{}","pages":{},"first_ms":{:.2f},"p50_ms":{:.2f},"p95_ms":{:.2f},"max_ms":{:.2f},)"
        R"("begin_p50_ms":{:.2f},"end_p50_ms":{:.2f}}})"
        "\n",
        name, took.size(), took.front(), percentile(took, 0.5), percentile(took, 0.95),
        percentile(took, 1), percentile({took.begin(), took.begin() + part}, 0.5),
        percentile({took.end() - part, took.end()}, 0.5));
    std::fflush(stdout);
}

class Walker final {
public:
    Walker(conversations::Store& store, IoPool& io, std::uint64_t pages)
        : store_(store), io_(io), pages_(pages) {}

    void list_messages(std::string_view name, const MessageFilter& filter,
        PageRequest::Sort sort = PageRequest::Sort::created_at) {
        walk(
            name,
            [&](const std::string& after) {
                PageRequest page{.page_size = 100, .after = after, .sort = sort};
                return io_.run(store_.conversations->list_messages(filter, page)).value().next;
            },
            pages_);
    }
    void list_conversations(
        std::string_view name, const conversations::ConversationFilter& filter) {
        walk(
            name,
            [&](const std::string& after) {
                PageRequest page{.page_size = 100, .after = after};
                return io_.run(store_.conversations->list(filter, page)).value().next;
            },
            pages_);
    }
    void search(std::string_view name, SearchRequest request) {
        request.page_size = 100;
        walk(
            name,
            [&](const std::string& after) {
                request.after = after;
                return io_.run(store_.search->search_messages(request)).value().next;
            },
            pages_);
    }

private:
    conversations::Store& store_;
    IoPool& io_;
    std::uint64_t pages_;
};

void measure(conversations::Store& store, IoPool& io, std::uint64_t pages) {
    using Sort = PageRequest::Sort;
    Walker walker(store, io, pages);
    const auto user = UserId("u1");
    walker.list_messages("messages", {});
    walker.list_messages("messages by update", {}, Sort::updated_at);
    walker.list_messages("messages by priority", {}, Sort::priority);
    walker.list_messages("messages of a conversation", {.conversation_id = ConversationId("c1")});
    walker.list_messages("messages of a user", {.user_id = user});
    walker.list_messages("messages of a user by update", {.user_id = user}, Sort::updated_at);
    walker.list_messages("completed messages", {.status = DialogStatus::completed});
    walker.list_messages(
        "completed messages by update", {.status = DialogStatus::completed}, Sort::updated_at);
    walker.list_messages("failed messages (none)", {.status = DialogStatus::failed});
    walker.list_messages("messages of level low", {.priority = Level::low});
    walker.list_messages(
        "pending messages of level low", {.status = DialogStatus::pending, .priority = Level::low});
    walker.list_messages(
        "messages of a user, failed (none)", {.user_id = user, .status = DialogStatus::failed});
    walker.list_conversations("conversations", {});
    walker.list_conversations("conversations of a user", {.user_id = user});
    walker.list_conversations(
        "archived conversations (none)", {.state = ConversationState::archived});
    walker.search("search: a word of all messages", {.text = "common"});
    walker.search("search: a word of a tenth", {.text = "tenth"});
    walker.search("search: two words, one rare", {.text = "common thousandth"});
    walker.search("search: the begin of a word of all", {.text = "number*"});
    walker.search("search: one message", {.text = "number4711"});
    walker.search("search: nothing", {.text = "nothing"});
    walker.search("search: a word of all, of one user", {.text = "common", .user_id = user});
    walker.search("search: a word of all, of nobody", {.text = "common", .user_id = UserId("x")});
}

int run(const Plan& plan) {
    std::filesystem::create_directories(plan.folder);
    const auto database = db::make_sqlite_database({.file = plan.folder / "pages.db"});
    auto connection = database->connect();
    if (!connection) return 1;
    if (!db::migrate_up(**connection, db::embedded_migrations(database->kind()))) return 1;
    connection->reset();
    IoPool io{1};
    auto store = conversations::make_store(*database);
    if (!store) return 1;
    const MessageFilter all;
    const PageRequest one{.page_size = 1};
    if (io.run(store->conversations->list_messages(all, one)).value().total == 0) {
        fill(*store, io, plan);
    }
    measure(*store, io, plan.pages);
    return 0;
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print("conversation_pages DIR [messages] [conversations] [pages]\n");
        return 2;
    }
    baton::bench::Plan plan{.folder = argv[1]};
    if (argc > 2) plan.messages = baton::bench::number_of(argv[2]);
    if (argc > 3) plan.conversations = baton::bench::number_of(argv[3]);
    if (argc > 4) plan.pages = baton::bench::number_of(argv[4]);
    return baton::bench::run(plan);
}
