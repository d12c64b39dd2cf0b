// The admin key's file: made once, private, and never half written.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "access/access.h"
#include "support/temp_dir.h"

namespace baton::access {
namespace {

namespace fs = std::filesystem;

class AdminKey : public ::testing::Test {
protected:
    void write(std::string_view text, fs::perms mode = fs::perms(0600)) {
        std::ofstream(file_) << text;
        fs::permissions(file_, mode);
    }
    std::string content() {
        std::ifstream in(file_);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    test::TempDir dir_;
    fs::path file_ = dir_ / "admin.key";
};

TEST_F(AdminKey, is_drawn_on_the_first_start_and_read_on_the_next) {
    const auto first = load_or_create_admin_key(file_);
    ASSERT_TRUE(first) << to_string(first.error());
    EXPECT_TRUE(first->reveal().starts_with("bt_admin_"));
    EXPECT_EQ(first->reveal().size(), std::string_view("bt_admin_").size() + 64);
    EXPECT_EQ(load_or_create_admin_key(file_), first);
    EXPECT_EQ(content(), std::string(first->reveal()) + "\n");
    EXPECT_EQ(fs::status(file_).permissions(), fs::perms(0600));
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1);
    fs::remove(file_);
    EXPECT_NE(load_or_create_admin_key(file_), first);
}

TEST_F(AdminKey, may_be_ones_own) {
    write("  my-own-key-of-some-length \r\n");
    EXPECT_FALSE(load_or_create_admin_key(file_));
    write("my-own-key-of-some-length\r\n");
    EXPECT_EQ(load_or_create_admin_key(file_), Secret("my-own-key-of-some-length"));
    write(std::string(256, 'x') + "\n");
    EXPECT_TRUE(load_or_create_admin_key(file_));
}

TEST_F(AdminKey, is_refused_when_others_may_read_it) {
    for (const int mode : {0644, 0640, 0604, 0620, 0601}) {
        write("my-own-key-of-some-length\n", fs::perms(mode));
        EXPECT_EQ(load_or_create_admin_key(file_).error().code, Errc::permission_denied) << mode;
        fs::permissions(file_, fs::perms(0600));
    }
}

TEST_F(AdminKey, is_refused_when_it_is_no_key) {
    for (const std::string& text :
        {std::string(), std::string("\n"), std::string("short\n"), std::string(257, 'x'),
            std::string(1'000, 'x'), std::string("two words of some length"),
            std::string("control\x01character-of-length")}) {
        write(text);
        EXPECT_EQ(load_or_create_admin_key(file_).error().code, Errc::data_dir_unusable) << text;
        EXPECT_EQ(content(), text) << "the file is left as it is";
    }
}

TEST_F(AdminKey, is_made_in_spite_of_a_start_that_was_cut_short) {
    std::ofstream(dir_ / "admin.key.new") << "bt_admin_hal";
    EXPECT_TRUE(load_or_create_admin_key(file_));
    EXPECT_FALSE(fs::exists(dir_ / "admin.key.new"));
}

TEST_F(AdminKey, needs_a_folder_and_a_file) {
    EXPECT_EQ(load_or_create_admin_key(dir_ / "missing" / "admin.key").error().code,
        Errc::data_dir_unusable);
    EXPECT_FALSE(load_or_create_admin_key(dir_.path()));
}

}  // namespace
}  // namespace baton::access
