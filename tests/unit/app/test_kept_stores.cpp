// Stores that were lost as a whole, and stores that never were.
#include <fstream>

#include "app/kept_stores.h"
#include "support/temp_dir.h"

namespace baton::app {
namespace {

void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file) << text;
}

TEST(KeptStores, store_that_never_was_may_be_made) {
    const test::TempDir dir;
    EXPECT_TRUE(check_kept(dir / "queue.db"));
    EXPECT_TRUE(check_kept(dir / "journal"));
}

TEST(KeptStores, kept_store_that_is_there_is_fine) {
    const test::TempDir dir;
    write(dir / "queue.db", "rows");
    std::filesystem::create_directory(dir / "journal");
    write(dir / "journal" / "00000001.seg", "records");
    for (const auto* store : {"queue.db", "journal"}) {
        ASSERT_TRUE(remember_kept(dir / store));
        ASSERT_TRUE(remember_kept(dir / store)) << "again changes nothing";
        EXPECT_TRUE(check_kept(dir / store));
    }
}

TEST(KeptStores, kept_store_that_is_missing_or_empty_is_damage_with_the_way_out) {
    const test::TempDir dir;
    const auto refused = [&](const char* store) {
        const auto checked = check_kept(dir / store);
        return !checked && checked.error().code == Errc::storage_corrupt &&
               checked.error().detail.contains(std::string(store) + "-kept");
    };
    write(dir / "queue.db", "rows");
    std::filesystem::create_directory(dir / "journal");
    write(dir / "journal" / "00000001.seg", "records");
    ASSERT_TRUE(remember_kept(dir / "queue.db"));
    ASSERT_TRUE(remember_kept(dir / "journal"));
    std::filesystem::remove(dir / "queue.db");
    std::filesystem::remove_all(dir / "journal");
    EXPECT_TRUE(refused("queue.db"));
    EXPECT_TRUE(refused("journal"));
    write(dir / "queue.db", "");
    std::filesystem::create_directory(dir / "journal");
    EXPECT_TRUE(refused("queue.db")) << "cut to nothing";
    EXPECT_TRUE(refused("journal")) << "no file in it";
    write(dir / "journal" / "00000001.seg", "");
    EXPECT_TRUE(refused("journal")) << "its only segment cut to nothing";
    std::filesystem::remove(dir / "queue.db-kept");
    EXPECT_TRUE(check_kept(dir / "queue.db")) << "as the message says";
}

TEST(KeptStores, store_without_content_is_no_loss) {
    const test::TempDir dir;
    std::filesystem::create_directory(dir / "journal");
    ASSERT_TRUE(remember_kept(dir / "journal")) << "before its first segment";
    EXPECT_TRUE(check_kept(dir / "journal"));
}

TEST(KeptStores, note_that_can_not_be_made_is_said) {
    const test::TempDir dir;
    write(dir / "queue.db", "rows");
    std::filesystem::create_directory(dir / "queue.db-kept");
    const auto noted = remember_kept(dir / "queue.db");
    ASSERT_FALSE(noted);
    EXPECT_EQ(noted.error().code, Errc::data_dir_unusable);
}

}  // namespace
}  // namespace baton::app
