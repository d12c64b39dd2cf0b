// Queues that move from store to store: all that was there arrives, and a bad export changes
// nothing.
#include <sstream>

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

}  // namespace
}  // namespace baton::test
