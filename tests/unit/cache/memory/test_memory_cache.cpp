// What the cache of one process does when it is full, and when time goes on.
#include <gtest/gtest.h>

#include "cache/memory/memory_cache.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"

namespace baton::cache {
namespace {

using Value = std::optional<std::string>;

class MemoryCacheTest : public ::testing::Test {
protected:
    void put(const std::string& key, std::size_t bytes, Duration ttl = Duration(1'000)) {
        EXPECT_TRUE(io_.run(cache_->put(key, std::string(bytes, 'v'), ttl)));
    }
    bool has(const std::string& key) { return io_.run(cache_->get(key)).value().has_value(); }

    test::FakeClock clock_;
    IoPool io_{1};
    std::unique_ptr<Cache> cache_ = make_memory_cache({.bytes_max = 4'096}, clock_);
};

TEST_F(MemoryCacheTest, lets_go_what_was_used_longest_ago) {
    put("a", 1'000);
    put("b", 1'000);
    put("c", 1'000);
    EXPECT_TRUE(has("a"));
    put("d", 1'000);
    EXPECT_FALSE(has("b"));
    for (const auto* key : {"a", "c", "d"}) EXPECT_TRUE(has(key)) << key;
    put("huge", 5'000);
    EXPECT_FALSE(has("huge")) << "larger than all there is";
}

TEST_F(MemoryCacheTest, counts_a_value_that_is_replaced_once) {
    for (int i = 0; i < 100; ++i) put("a", 1'000);
    put("b", 1'000);
    put("c", 1'000);
    for (const auto* key : {"a", "b", "c"}) EXPECT_TRUE(has(key)) << key;
}

TEST_F(MemoryCacheTest, keeps_a_value_to_the_last_millisecond_of_its_time) {
    put("a", 1, Duration(1'000));
    clock_.advance(Duration(999));
    EXPECT_TRUE(has("a"));
    clock_.advance(Duration(1));
    EXPECT_FALSE(has("a"));
}

}  // namespace
}  // namespace baton::cache
