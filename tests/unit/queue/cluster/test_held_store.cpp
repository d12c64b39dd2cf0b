// When the owner of a partition's store hears that it is broken.
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "queue/cluster/held_store.h"
#include "queue/store/memory/memory_store.h"
#include "support/queue_probe.h"
#include "support/store_picture.h"

namespace baton::queue::cluster {
namespace {

class HeldStores : public ::testing::Test {
protected:
    HeldStores() {
        gate_.open();
        EXPECT_TRUE(test::picture_of(*store_));
    }
    void commit_fails(Errc code) {
        probe_->fail_commit(1, code);
        const std::vector<Record> records{QuotaSet{.owner = TenantId("t"), .limit = 1}};
        EXPECT_EQ(store_->commit(records, Durability::fsync).error().code, code);
    }

    std::shared_ptr<test::StoreProbe> probe_ = std::make_shared<test::StoreProbe>();
    int broken_ = 0;
    StoreGate gate_;
    std::unique_ptr<Store> store_ =
        hold_store(std::make_unique<test::ProbeStore>(make_memory_store(), probe_), gate_,
            {.recovered = [](std::vector<std::uint64_t>) {}, .broken = [this] { ++broken_; }});
};

TEST_F(HeldStores, a_commit_that_failed_for_good_is_told_once) {
    commit_fails(Errc::storage_io);
    commit_fails(Errc::storage_io);
    EXPECT_EQ(broken_, 1);
}

TEST_F(HeldStores, a_refused_commit_is_not_told_unless_recovery_fails) {
    for (const auto code : {Errc::storage_full, Errc::unavailable}) {
        commit_fails(code);
        EXPECT_TRUE(test::picture_of(*store_));
    }
    EXPECT_EQ(broken_, 0);
    commit_fails(Errc::unavailable);
    probe_->fail_recoveries(Errc::storage_io);
    EXPECT_FALSE(test::picture_of(*store_));
    EXPECT_FALSE(test::picture_of(*store_));
    EXPECT_EQ(broken_, 1);
}

/// Opening tells that itself.
TEST(NewHeldStore, a_first_recovery_that_fails_is_not_told) {
    const auto probe = std::make_shared<test::StoreProbe>();
    probe->fail_recoveries(Errc::storage_corrupt);
    int broken = 0;
    StoreGate gate;
    const auto store = hold_store(std::make_unique<test::ProbeStore>(make_memory_store(), probe),
        gate, {.recovered = [](std::vector<std::uint64_t>) {}, .broken = [&] { ++broken; }});
    EXPECT_FALSE(test::picture_of(*store));
    EXPECT_EQ(broken, 0);
}

}  // namespace
}  // namespace baton::queue::cluster
