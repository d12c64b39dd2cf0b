// The data folder: made private, held once, and its record readable by others.
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "app/data_dir.h"
#include "support/temp_dir.h"

namespace baton::app {
namespace {

std::string file_text(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(DataDir, missing_folder_is_made_for_its_owner_only) {
    const test::TempDir dir;
    const auto folder = DataDir::open(dir.path() / "a" / "b");
    ASSERT_TRUE(folder) << to_string(folder.error());
    EXPECT_EQ(std::filesystem::status(dir.path() / "a" / "b").permissions(),
        std::filesystem::perms::owner_all);
}

TEST(DataDir, second_holder_is_refused_with_the_first_ones_pid) {
    const test::TempDir dir;
    const auto first = DataDir::open(dir.path());
    ASSERT_TRUE(first);
    const auto second = DataDir::open(dir.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::data_dir_locked);
    EXPECT_THAT(second.error().detail, testing::HasSubstr(std::to_string(::getpid())));
    EXPECT_THAT(
        file_text(dir / "batond.lock"), testing::HasSubstr("\"pid\""));  // still the first one's
}

TEST(DataDir, lock_goes_with_its_holder_and_the_record_too) {
    const test::TempDir dir;
    auto first = DataDir::open(dir.path());
    ASSERT_TRUE(first);
    ASSERT_TRUE((*first)->publish({.url = "http://127.0.0.1:1", .metrics = "127.0.0.1:2"}));
    EXPECT_THAT(file_text(dir / "batond.lock"), testing::HasSubstr("http://127.0.0.1:1"));
    first->reset();
    EXPECT_EQ(file_text(dir / "batond.lock"), "");
    EXPECT_TRUE(DataDir::open(dir.path()));
}

TEST(DataDir, one_that_is_gone_or_another_is_no_longer_held) {
    const test::TempDir dir;
    const auto folder = DataDir::open(dir / "data");
    ASSERT_TRUE(folder);
    EXPECT_TRUE((*folder)->check());
    std::filesystem::rename(dir / "data", dir / "old");
    ASSERT_FALSE((*folder)->check());
    EXPECT_EQ((*folder)->check().error().code, Errc::data_dir_unusable);
    const auto other = DataDir::open(dir / "data");
    ASSERT_TRUE(other);
    EXPECT_TRUE((*other)->check());
    EXPECT_THAT((*folder)->check().error().detail, testing::HasSubstr("replaced"));
    std::filesystem::remove_all(dir / "data");
    std::filesystem::rename(dir / "old", dir / "data");
    EXPECT_TRUE((*folder)->check()) << "it is back";
}

TEST(DataDir, file_in_its_place_is_unusable) {
    const test::TempDir dir;
    std::ofstream(dir / "data") << "x";
    const auto folder = DataDir::open(dir / "data");
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().code, Errc::data_dir_unusable);
    const auto below = DataDir::open(dir.path() / "data" / "below");
    ASSERT_FALSE(below);
    EXPECT_EQ(below.error().code, Errc::data_dir_unusable);
}

}  // namespace
}  // namespace baton::app
