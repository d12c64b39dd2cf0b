// Queues that move from store to store: all that was there arrives, and a bad export changes
// nothing.
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/archive/archive.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/queue_letters.h"
#include "support/store_picture.h"
#include "support/store_script.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

std::unique_ptr<queue::Store> scripted(std::uint64_t seed, int batches) {
    auto store = queue::make_memory_store();
    StoreScript script(seed);
    for (int i = 0; i < batches; ++i) must(store->commit(script.next(), Durability::fsync));
    return store;
}
std::string exported(queue::Store& store) {
    std::ostringstream out;
    must(queue::export_store(store, out));
    return out.str();
}
Result<queue::ArchiveCounts> import_text(queue::Store& store, const std::string& text) {
    std::istringstream in(text);
    return queue::import_store(store, in);
}

TEST(Archive, everything_arrives_in_every_kind_of_store) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        const auto source = scripted(seed, 150);
        const auto text = exported(*source);
        const TempDir dir(fast_place());
        const auto database = db::make_sqlite_database({.file = dir / "queues.db"});
        std::vector<std::unique_ptr<queue::Store>> targets;
        targets.push_back(queue::make_memory_store());
        targets.push_back(must(queue::make_journal_store(dir / "journal", {})));
        targets.push_back(must(queue::make_sqlite_store(*database)));
        for (const auto& target : targets) {
            const auto counts = must(import_text(*target, text));
            EXPECT_GT(counts.messages, 0U);
            // Numbers of queues differ; exported again, all else is the same.
            EXPECT_EQ(exported(*target), text);
        }
    }
}

TEST(Archive, bytes_that_are_not_text_arrive) {
    const auto source = queue::make_memory_store();
    queue::QueuePut put{.number = queue::QueueNumber{7}, .uid = 0xFEDCBA9876543210};
    put.info.name = QueueName("q");
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string("\xFF\x00\xFE", 3));
    must(source->commit(
        std::vector<queue::Record>{put, queue::MessagePosted{.at = {put.number, 5}, .data = data}},
        Durability::fsync));
    const auto target = queue::make_memory_store();
    must(import_text(*target, exported(*source)));
    PictureSink sink;
    must(target->recover(sink));
    const std::vector<queue::Locator> at{{queue::QueueNumber{1}, 5}};
    EXPECT_EQ(must(target->read(at)).front()->content, data->content);
    EXPECT_EQ(exported(*target), exported(*source));
}

TEST(Archive, a_queue_that_is_there_already_is_not_touched) {
    const auto store = scripted(3, 50);
    const auto before = exported(*store);
    const auto result = import_text(*store, before);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::queue_exists);
    EXPECT_EQ(exported(*store), before);
}

TEST(Archive, an_export_that_is_cut_or_changed_imports_nothing) {
    const auto text = exported(*scripted(4, 30));
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    ASSERT_GT(lines.size(), 10U);
    const auto expect_refused = [](const std::vector<std::string>& some) {
        std::string joined;
        for (const auto& line : some) joined += line + "\n";
        const auto store = queue::make_memory_store();
        const auto result = import_text(*store, joined);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Errc::invalid_argument);
        EXPECT_EQ(must(picture_of(*store)), "");
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        SCOPED_TRACE(i);
        expect_refused({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(i)});
        auto half = lines;
        half[i].resize(half[i].size() / 2);
        expect_refused(half);
        auto doubled = lines;
        if (lines[i].starts_with("{\"message\"")) {
            doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
            expect_refused(doubled);
        }
    }
    auto more = lines;
    more.push_back(lines[1]);
    expect_refused(more);
}

/// An export of two queues with a message each.
std::string two_queues() {
    const auto source = queue::make_memory_store();
    std::vector<queue::Record> records;
    for (const std::uint32_t number : {1U, 2U}) {
        queue::QueuePut put{.number = queue::QueueNumber{number}, .uid = 0xA0 + number};
        put.info.name = QueueName("q" + std::to_string(number));
        records.emplace_back(put);
        auto data = std::make_shared<MessageData>();
        data->content = Bytes(std::string("text"));
        data->dedup_key = "key";
        data->metadata = "{}";
        records.emplace_back(queue::MessagePosted{.at = {put.number, 1}, .data = data});
    }
    must(source->commit(std::move(records), Durability::fsync));
    return exported(*source);
}

struct Change {
    const char* what;
    std::string from;
    std::string to;
};

TEST(Archive, what_no_store_can_have_held_is_refused_and_changes_nothing) {
    const auto sound = two_queues();
    must(import_text(*queue::make_memory_store(), sound));
    const std::vector<Change> changes{{"no content", R"(,"content":"text")", ""},
        {"an empty content", R"("content":"text")", R"("content":"")"},
        {"a field that is not known", R"("content":"text")", R"("content":"text","colour":"red")"},
        {"a long key", R"("dedup_key":"key")", R"("dedup_key":")" + std::string(257, 'k') + '"'},
        {"metadata that break the answer", R"("metadata":"{}")", R"("metadata":"{},")"},
        {"metadata that are no object", R"("metadata":"{}")", R"("metadata":"[]")"},
        {"the uid of another queue", "00000000000000a2", "00000000000000a1"},
        {"no uid", "00000000000000a1", "0000000000000000"}};
    for (const auto& [what, from, to] : changes) {
        SCOPED_TRACE(what);
        auto text = sound;
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << text;
        text.replace(at, from.size(), to);
        const auto store = queue::make_memory_store();
        const auto result = import_text(*store, text);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Errc::invalid_argument) << to_string(result.error());
        EXPECT_EQ(must(picture_of(*store)), "");
    }
}

TEST(Archive, a_queue_that_is_there_under_another_name_is_not_doubled) {
    const auto store = queue::make_memory_store();
    auto text = two_queues();
    must(import_text(*store, text));
    for (const char* name : {R"("name":"q1")", R"("name":"q2")"}) {
        text.at(text.find(name) + 8) = 'r';
    }
    const auto before = must(picture_of(*store));
    const auto result = import_text(*store, text);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::queue_exists);
    EXPECT_EQ(must(picture_of(*store)), before);
}

/// Ends with commit `last`, as when the process is killed: nothing more is written.
class EndingStore final : public queue::Store {
public:
    EndingStore(queue::Store& store, int& left) : store_(store), left_(left) {}

    Result<void> recover(queue::RecoverySink& sink) override { return store_.recover(sink); }
    Result<std::uint64_t> reserve(std::uint64_t bytes) override { return store_.reserve(bytes); }
    Result<void> commit(std::span<const queue::Record> records, Durability durability) override {
        if (left_-- <= 0) return fail(Errc::storage_io, "the end");
        return store_.commit(records, durability);
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const queue::Locator> messages) override {
        return store_.read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(queue::Locator message) override {
        return store_.read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        queue::Locator message, std::uint64_t from, std::size_t max) override {
        return store_.read_output(message, from, max);
    }
    Result<void> close() override { return store_.close(); }

private:
    queue::Store& store_;
    int& left_;
};

/// Three stores, as the partitions of a cluster: queues go by the last letter of their names.
struct Parts {
    static constexpr std::size_t count = 3;

    queue::Placement placement{
        .place = [](const QueueName& name) { return name.view().back() % count; },
        .memory_uid = [](std::size_t place, std::uint64_t uid) { return (uid & ~0xffULL) | place; },
        .is_guest = [](std::size_t place, std::uint64_t uid) { return (uid & 0xff) % 3 != place; },
        .guests_max = 100};
    std::vector<std::unique_ptr<queue::Store>> stores = [] {
        std::vector<std::unique_ptr<queue::Store>> made;
        for (std::size_t i = 0; i < count; ++i) made.push_back(queue::make_memory_store());
        return made;
    }();

    [[nodiscard]] std::vector<queue::Store*> all() const {
        std::vector<queue::Store*> some;
        for (const auto& store : stores) some.push_back(store.get());
        return some;
    }
    Result<queue::ArchiveCounts> import(
        const std::string& text, queue::ImportOptions options = {}) const {
        std::istringstream in(text);
        return queue::import_stores(all(), placement, in, options);
    }
    /// With `commits` of all stores together, then the end.
    Result<queue::ArchiveCounts> import_up_to(
        const std::string& text, int commits, queue::ImportOptions options) const {
        std::vector<std::unique_ptr<EndingStore>> ending;
        std::vector<queue::Store*> some;
        for (const auto& store : stores) {
            ending.push_back(std::make_unique<EndingStore>(*store, commits));
            some.push_back(ending.back().get());
        }
        std::istringstream in(text);
        return queue::import_stores(some, placement, in, options);
    }
    [[nodiscard]] std::string exported() const {
        std::ostringstream out;
        must(queue::export_stores(all(), out));
        return out.str();
    }
};

TEST(Archive, queues_go_to_the_store_of_their_name_and_come_back_as_they_were) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        const auto text = exported(*scripted(seed, 150));
        const Parts parts;
        must(parts.import(text));
        EXPECT_EQ(parts.exported(), text);
        for (std::size_t i = 0; i < Parts::count; ++i) {
            PictureSink sink;
            must(parts.stores[i]->recover(sink));
            std::istringstream lines(exported(*parts.stores[i]));
            for (std::string line; std::getline(lines, line);) {
                if (!line.starts_with(R"({"queue":{"name":")")) continue;
                const auto name = line.substr(18, line.find('"', 18) - 18);
                EXPECT_EQ(parts.placement.place(QueueName(name)), i) << name;
            }
        }
    }
}

TEST(Archive, an_import_that_is_cut_off_anywhere_is_done_by_the_next_one) {
    const auto text = exported(*scripted(5, 400));
    for (int commits = 0;; ++commits) {
        SCOPED_TRACE(commits);
        ASSERT_LT(commits, 200);
        const Parts parts;
        const auto first = parts.import_up_to(text, commits, {});
        if (first) break;
        EXPECT_EQ(first.error().code, Errc::storage_io);
        const auto again = parts.import(text);
        if (again) {
            EXPECT_EQ(parts.exported(), text);
            continue;
        }
        EXPECT_EQ(again.error().code, Errc::queue_exists) << to_string(again.error());
        must(parts.import(text, {.keeps_present = true}));
        EXPECT_EQ(parts.exported(), text);
    }
}

TEST(Archive, nothing_is_to_be_seen_of_an_import_before_its_end) {
    const auto text = exported(*scripted(6, 400));
    const auto store = queue::make_memory_store();
    const auto nothing = exported(*store);
    for (int commits = 0;; ++commits) {
        SCOPED_TRACE(commits);
        ASSERT_LT(commits, 200);
        int left = commits;
        EndingStore ending(*store, left);
        if (import_text(ending, text)) break;
        EXPECT_EQ(exported(*store), nothing);
    }
    EXPECT_EQ(exported(*store), text);
}

TEST(Archive, queues_that_are_there_are_left_alone_only_when_told_to_and_the_same) {
    const auto text = two_queues();
    const auto store = queue::make_memory_store();
    must(import_text(*store, text));
    std::istringstream again(text);
    const auto kept = must(queue::import_store(*store, again, {.keeps_present = true}));
    EXPECT_EQ(kept, queue::ArchiveCounts{});
    EXPECT_EQ(exported(*store), text);
    auto other = text;
    other.replace(other.find("00000000000000a2"), 16, "00000000000000b2");
    std::istringstream in(other);
    const auto refused = queue::import_store(*store, in, {.keeps_present = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::queue_exists);
}

TEST(Archive, a_queue_that_has_never_been_used_gives_way) {
    const auto text = two_queues();
    const auto put = [](const char* name, Durability durability) {
        queue::QueuePut made{.number = queue::QueueNumber{7}, .uid = 0xB7};
        made.info.name = QueueName(name);
        made.info.config.durability = durability;
        return made;
    };
    const TempDir dir(fast_place());
    const auto database = db::make_sqlite_database({.file = dir / "queues.db"});
    const auto sqlite = must(queue::make_sqlite_store(*database));
    const auto journal = must(queue::make_journal_store(dir / "journal", {}));
    must(picture_of(*journal));
    for (auto* store : {sqlite.get(), journal.get()}) {
        must(store->commit(
            std::vector<queue::Record>{put("q2", Durability::fsync)}, Durability::fsync));
        must(import_text(*store, text));
        EXPECT_EQ(exported(*store), text);
    }
    const auto subscribed = queue::make_memory_store();
    must(subscribed->commit(std::vector<queue::Record>{put("q2", Durability::fsync),
                                queue::CursorMoved{queue::QueueNumber{7}, "reader", 0}},
        Durability::fsync));
    EXPECT_EQ(import_text(*subscribed, text).error().code, Errc::queue_exists);
    const auto in_memory = queue::make_memory_store();
    must(in_memory->commit(
        std::vector<queue::Record>{put("q2", Durability::memory)}, Durability::fsync));
    EXPECT_EQ(import_text(*in_memory, text).error().code, Errc::queue_exists);
}

TEST(Archive, a_store_takes_only_so_many_queues_whose_ids_lead_elsewhere) {
    const auto text = two_queues();  // uids end in a1, a2; both are at home in the parts 2 and 0
    Parts parts;
    parts.placement.place = [](const QueueName&) { return std::size_t{1}; };
    parts.placement.guests_max = 1;
    const auto refused = parts.import(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unsupported);
    EXPECT_EQ(must(picture_of(*parts.stores[1])), "");
    parts.placement.guests_max = 2;
    must(parts.import(text));
    EXPECT_EQ(parts.exported(), text);
}

TEST(Archive, a_queue_in_two_partitions_is_refused) {
    const Parts parts;
    must(import_text(*parts.stores[0], two_queues()));
    must(import_text(*parts.stores[1], two_queues()));
    std::ostringstream out;
    const auto refused = queue::export_stores(parts.all(), out);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::storage_corrupt);
}

}  // namespace
}  // namespace baton::test
