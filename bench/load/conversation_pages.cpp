// Pages of lists and searches over a large database: fills it once, then asks for pages of each
// kind at its begin and at several depths. One JSON line for each phase of the fill and for each
// kind and depth. bench/conversations.py runs it.
// conversation_pages sqlite|postgres FOLDER|PORT [messages] [conversations] [pages] [writers]
//     [cache KiB] [log pages] [SQL to run before the fill]
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "conversation_fill.h"
#include "conversations/cursor.h"
#include "conversations/list_query.h"
#include "conversations/search_query.h"
#include "db/migrations.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"

namespace baton::bench {
namespace {

using conversations::ConversationFilter;
using conversations::Cursor;
using conversations::MessageFilter;
using conversations::PageRequest;
using conversations::SearchRequest;
using Sort = PageRequest::Sort;
using SteadyClock = std::chrono::steady_clock;

constexpr double depths[] = {0, 0.25, 0.5, 0.75, 0.97};
constexpr std::uint64_t first_pages = 20;  // the same page again and again

std::uint64_t number_of(const char* text) { return std::strtoull(text, nullptr, 10); }

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

struct Asked {
    std::string next;
    std::size_t items = 0;
};

/// A kind of page: how to ask for one, and the cursor at a share of the whole.
struct Kind {
    std::string name;
    std::function<Asked(const std::string& after)> ask;
    std::function<std::string(double depth)> cursor;
};

class Walker final {
public:
    Walker(conversations::Store& store, IoPool& io, const Plan& plan)
        : store_(store), io_(io), plan_(plan) {}

    void messages(const std::string& name, const MessageFilter& filter) {
        for (const auto& [sort, order] : orders) {
            for (const bool descending : {true, false}) {
                const PageRequest page{.page_size = 100, .sort = sort, .descending = descending};
                walk({.name = fmt::format("messages{}{}{}", name, order, descending ? "" : ", up"),
                    .ask = [&](const std::string& after) { return ask(filter, page, after); },
                    .cursor =
                        [&](double depth) {
                            return cursor(conversations::messages_query(filter, page).value(),
                                descending ? 1 - depth : depth, plan_.messages);
                        }});
            }
        }
    }
    void list_conversations(const std::string& name, const ConversationFilter& filter) {
        for (const auto& [sort, order] : orders) {
            const PageRequest page{.page_size = 100, .sort = sort};
            walk({.name = fmt::format("conversations{}{}", name, order),
                .ask = [&](const std::string& after) { return ask(filter, page, after); }});
        }
    }
    void search(const std::string& name, SearchRequest request) {
        request.page_size = 100;
        const std::string scope = conversations::search_scope(request, "messages");
        walk({.name = "search: " + name,
            .ask =
                [&](const std::string& after) {
                    request.after = after;
                    auto page = io_.run(store_.search->search_messages(request)).value();
                    return Asked{std::move(page.next), page.items.size()};
                },
            .cursor =
                [&](double depth) {
                    const auto place = static_cast<double>(last_place()) * (1 - depth);
                    return to_text(Cursor{.key = static_cast<std::int64_t>(place)}, scope);
                }});
    }
    void search_conversations(const std::string& name, SearchRequest request) {
        request.page_size = 100;
        walk({.name = "search of conversations: " + name, .ask = [&](const std::string& after) {
                  request.after = after;
                  auto page = io_.run(store_.search->search_conversations(request)).value();
                  return Asked{std::move(page.next), page.items.size()};
              }});
    }

private:
    static constexpr std::pair<Sort, std::string_view> orders[] = {{Sort::created_at, ""},
        {Sort::updated_at, ", by update"}, {Sort::priority, ", by priority"}};

    template <class Filter>
    Asked ask(const Filter& filter, PageRequest page, const std::string& after) {
        page.after = after;
        if constexpr (std::is_same_v<Filter, MessageFilter>) {
            auto rows = io_.run(store_.conversations->list_messages(filter, page)).value();
            return {std::move(rows.next), rows.items.size()};
        } else {
            auto rows = io_.run(store_.conversations->list(filter, page)).value();
            return {std::move(rows.next), rows.items.size()};
        }
    }

    /// At `share` of the messages in the order of their numbers; by priority the same inside of the
    /// level that stands there.
    static std::string cursor(
        const conversations::ListQuery& query, double share, std::uint64_t messages) {
        const auto seq = static_cast<std::uint64_t>(share * static_cast<double>(messages));
        std::int64_t key = to_unix_ms(time_of(seq));
        if (query.key_column == "priority") key = static_cast<std::int64_t>((1 - share) * 3.99);
        return to_text(Cursor{.key = key, .total = messages, .id = id_of(seq).text()}, query.scope);
    }

    std::int64_t last_place() {
        if (last_place_ == 0) {
            const SearchRequest request{.text = "common", .page_size = 1};
            const auto page = io_.run(store_.search->search_messages(request)).value();
            const auto scope = conversations::search_scope(request, "messages");
            last_place_ = conversations::parse_cursor(page.next, scope).value().key;
        }
        return last_place_;
    }

    void walk(const Kind& kind) {
        std::vector<double> all;
        std::size_t rows = 0;
        const auto ask_once = [&](std::vector<double>& took, std::string& after) {
            const auto began = SteadyClock::now();
            auto asked = kind.ask(after);
            const std::chrono::duration<double, std::milli> one = SteadyClock::now() - began;
            took.push_back(one.count());
            after = std::move(asked.next);
            rows += asked.items;
        };
        std::vector<double> took;
        std::string next;
        for (std::uint64_t i = 0; i < first_pages; ++i) {
            next.clear();
            ask_once(took, next);
        }
        print(kind.name, "first", took, std::exchange(rows, 0));
        all = took;
        for (const double depth : depths) {
            if (depth != 0 && (!kind.cursor || next.empty())) break;
            took.clear();
            std::string after = depth == 0 ? next : kind.cursor(depth);
            while (!after.empty() && took.size() < plan_.pages) ask_once(took, after);
            if (took.empty()) break;
            print(kind.name, fmt::format("{:.0f} %", depth * 100), took, std::exchange(rows, 0));
            all.insert(all.end(), took.begin(), took.end());
        }
        print(kind.name, "all", all, 0);
    }

    void print(const std::string& name, std::string_view depth, const std::vector<double>& took,
        std::size_t rows) const {
        fmt::print(
            R"({{"database":"{}","list":"{}","depth":"{}","pages":{},"rows":{},"p50_ms":{:.2f},"p95_ms":{:.2f},"p99_ms":{:.2f},"max_ms":{:.2f}}})"
            "\n",
            plan_.kind, name, depth, took.size(), rows, percentile(took, 0.5),
            percentile(took, 0.95), percentile(took, 0.99), percentile(took, 1));
        std::fflush(stdout);
    }

    conversations::Store& store_;
    IoPool& io_;
    const Plan& plan_;
    std::int64_t last_place_ = 0;
};

void measure_lists(Walker& walker) {
    const auto user = UserId("u1");
    const auto giant = UserId("u0");
    const auto failed = DialogStatus::failed;
    walker.messages("", {});
    walker.messages(" of a conversation", {.conversation_id = ConversationId("c1")});
    walker.messages(" of the giant conversation", {.conversation_id = ConversationId("c0")});
    walker.messages(" of the giant conversation, failed",
        {.conversation_id = ConversationId("c0"), .status = failed});
    walker.messages(" of a user", {.user_id = user});
    walker.messages(" of the giant user", {.user_id = giant});
    walker.messages(", completed", {.status = DialogStatus::completed});
    walker.messages(", failed", {.status = failed});
    walker.messages(", in work (none)", {.status = DialogStatus::processing});
    walker.messages(" of level low", {.priority = Level::low});
    walker.messages(
        " of level low, pending", {.status = DialogStatus::pending, .priority = Level::low});
    walker.messages(" of level low, failed", {.status = failed, .priority = Level::low});
    walker.messages(
        " of the giant user, pending", {.user_id = giant, .status = DialogStatus::pending});
    walker.messages(" of the giant user, failed", {.user_id = giant, .status = failed});
    walker.messages(" of the giant user, of level low", {.user_id = giant, .priority = Level::low});
    walker.messages(" of the giant user, in work (none), of level low",
        {.user_id = giant, .status = DialogStatus::processing, .priority = Level::low});
    walker.list_conversations("", {});
    walker.list_conversations(" of a user", {.user_id = user});
    walker.list_conversations(" of the giant user", {.user_id = giant});
    walker.list_conversations(", active", {.state = ConversationState::active});
    walker.list_conversations(", archived (none)", {.state = ConversationState::archived});
    walker.list_conversations(" of the giant user, archived (none)",
        {.user_id = giant, .state = ConversationState::archived});
}

void measure_searches(Walker& walker) {
    walker.search("a word of all messages", {.text = "common"});
    walker.search("a word of a tenth", {.text = "tenth"});
    walker.search("a word of a thousandth", {.text = "thousandth"});
    walker.search("a word of the oldest tenth", {.text = "ancient"});
    walker.search("a word of one message", {.text = "number4711"});
    walker.search("no word of any", {.text = "nothing"});
    walker.search("two words, one rare", {.text = "common thousandth"});
    walker.search("two words that never meet", {.text = "answer common"});
    walker.search("number*, a word of its own in each", {.text = "number*"});
    walker.search("n*", {.text = "n*"});
    walker.search("number47*", {.text = "number47*"});
    walker.search("past*, a word of its own in the oldest tenth", {.text = "past*"});
    walker.search("common number*", {.text = "common number*"});
    walker.search("number* thousandth", {.text = "number* thousandth"});
    walker.search("nothing*", {.text = "nothing*"});
    walker.search("a word of all, of one user", {.text = "common", .user_id = UserId("u1")});
    walker.search("number*, of one user", {.text = "number*", .user_id = UserId("u1")});
    walker.search("a word of all, of nobody", {.text = "common", .user_id = UserId("x")});
    walker.search("a word of all, of a conversation",
        {.text = "common", .conversation_id = ConversationId("c1")});
    walker.search_conversations("a word of all", {.text = "about"});
    walker.search_conversations("a word of one", {.text = "topic4711"});
    walker.search_conversations("topic*", {.text = "topic*"});
    walker.search_conversations(
        "a word of all, of nobody", {.text = "about", .user_id = UserId("x")});
}

std::unique_ptr<db::Database> database_of(const Plan& plan) {
    if (plan.kind == "sqlite") {
        std::filesystem::create_directories(plan.place);
        return db::make_sqlite_database(
            {.file = std::filesystem::path(plan.place) / "conversations.db",
                .cache_kib = plan.cache_kib,
                .wal_checkpoint_pages = plan.wal_pages});
    }
    return db::make_postgres_database({.host = "127.0.0.1",
        .port = static_cast<std::uint16_t>(number_of(plan.place.c_str())),
        .user = "postgres",
        .dbname = "postgres",
        .sslmode = "disable"});
}

int run(const Plan& plan) {
    const auto database = database_of(plan);
    auto connection = database->connect();
    if (!connection) return 1;
    if (!db::migrate_up(**connection, db::embedded_migrations(database->kind()))) return 1;
    if (!plan.sql.empty() && !(*connection)->execute_script(plan.sql)) return 1;
    IoPool io{1};
    auto store = conversations::make_store(*database);
    if (!store) return 1;
    const MessageFilter all;
    const PageRequest one{.page_size = 1};
    if (io.run(store->conversations->list_messages(all, one)).value().total == 0) {
        fill(*store, io, plan);
    }
    if (plan.pages == 0) return 0;
    // As the server does by itself some time after so many changes.
    const auto analyze = [&] { return (*connection)->execute_script("ANALYZE"); };
    if (plan.kind == "postgres" && !db::in_transaction_alone(**connection, analyze)) return 1;
    Walker walker(*store, io, plan);
    measure_lists(walker);
    measure_searches(walker);
    return 0;
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    using baton::bench::number_of;
    if (argc < 3) {
        fmt::print(
            "conversation_pages sqlite|postgres FOLDER|PORT [messages] [conversations] "
            "[pages] [writers] [cache KiB] [log pages] [SQL]\n");
        return 2;
    }
    return baton::bench::run({.kind = argv[1],
        .place = argv[2],
        .messages = argc > 3 ? number_of(argv[3]) : 1'000'000,
        .conversations = argc > 4 ? number_of(argv[4]) : 10'000,
        .pages = argc > 5 ? number_of(argv[5]) : 40,
        .writers = argc > 6 ? number_of(argv[6]) : 256,
        .cache_kib = argc > 7 ? static_cast<int>(number_of(argv[7])) : 8192,
        .wal_pages = argc > 8 ? static_cast<int>(number_of(argv[8])) : 16'000,
        .sql = argc > 9 ? argv[9] : ""});
}
