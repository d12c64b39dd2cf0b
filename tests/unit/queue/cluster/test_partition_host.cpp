// The engine of one partition: what it tells, and what happens to the others while it hangs.
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "queue/cluster/partition_host.h"
#include "queue/remote/admin_commands.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/producer_commands.h"
#include "queue/store/memory/memory_store.h"
#include "support/eventually.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"

namespace baton::queue::cluster {
namespace {

using namespace std::chrono_literals;

/// Blocks who passes until it is opened.
class Latch {
public:
    void open() {
        const std::scoped_lock lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return is_open_; });
    }
    void await_somebody() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ > 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    int waiting_ = 0;
};

/// A store in memory that hangs where it is told to.
class HangingStore final : public Store {
public:
    HangingStore(Latch* recovery, Latch* end) : recovery_(recovery), end_(end) {}
    Result<void> recover(RecoverySink& sink) override {
        if (recovery_ != nullptr) recovery_->pass();
        return inner_->recover(sink);
    }
    Result<std::uint64_t> reserve(std::uint64_t bytes) override { return inner_->reserve(bytes); }
    Result<void> commit(std::span<const Record> records, Durability durability) override {
        return inner_->commit(records, durability);
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) override {
        return inner_->read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(Locator message) override {
        return inner_->read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) override {
        return inner_->read_output(message, from, max);
    }
    Result<void> close() override {
        if (end_ != nullptr) end_->pass();
        return inner_->close();
    }

private:
    std::unique_ptr<Store> inner_ = make_memory_store();
    Latch* recovery_;
    Latch* end_;
};

class Hosts : public ::testing::Test {
protected:
    struct Hangs {
        Latch* recovery = nullptr;
        Latch* end = nullptr;
    };
    Hosts()
        : context_{.open_store = [this](Partition partition, std::function<void()> on_trouble)
                       -> Result<std::unique_ptr<Store>> {
                       {
                           const std::scoped_lock lock(mutex_);  // several open at once
                           on_trouble_ = std::move(on_trouble);
                       }
                       const auto hangs = hangs_[partition];
                       return std::make_unique<HangingStore>(hangs.recovery, hangs.end);
                   },
              .io = io_,
              .clock = clock_,
              .metrics = metrics_,
              .log = {},
              .tell = [this](const ClusterEvent& event) { keep(event); },
              .events = [](const Bytes&) {},
              .kept_elsewhere = [this](Partition) { return elsewhere_; }} {}

    std::unique_ptr<PartitionHost> open(Partition partition) {
        return std::make_unique<PartitionHost>(
            HostConfig{.partition = partition, .turn = turn(partition)}, context_);
    }
    static Ticket turn(Partition partition) { return 100 + partition; }
    void keep(const ClusterEvent& event) {
        const std::scoped_lock lock(mutex_);
        events_.push_back(event);
    }
    template <class E>
    bool was_told(Partition partition) {
        const std::scoped_lock lock(mutex_);
        for (const auto& event : events_) {
            const auto* told = std::get_if<E>(&event);
            if (told != nullptr && told->turn == turn(partition)) return true;
        }
        return false;
    }
    template <class E>
    [[nodiscard]] bool is_told(Partition partition) {
        return test::eventually([&] { return was_told<E>(partition); });
    }
    /// What the host answers, as soon as it takes commands.
    template <class C>
    Result<typename C::Answer> call(PartitionHost& host, const C& command) {
        const auto request = remote::encode_request(remote::RequestId{1, ++requests_}, command);
        std::promise<Bytes> answered;
        auto done = answered.get_future();
        const bool is_taken = test::eventually([&] {
            Completion<Bytes> answer = [&answered](
                                           Bytes bytes) { answered.set_value(std::move(bytes)); };
            return host.receive(request, answer);
        });
        if (!is_taken || done.wait_for(10s) != std::future_status::ready) {
            return fail(Errc::deadline_exceeded, "the host does not answer");
        }
        return remote::decode_answer<C>(done.get().view());
    }
    bool is_served(PartitionHost& host) { return call(host, remote::ListQueues{}).has_value(); }

    IoPool io_{2};
    test::FakeClock clock_;
    MetricRegistry metrics_;
    std::mutex mutex_;
    std::vector<ClusterEvent> events_;
    std::map<Partition, Hangs> hangs_;
    std::vector<TenantUsage> elsewhere_;
    std::function<void()> on_trouble_;  // of the store that was opened last
    std::uint64_t requests_ = 0;
    HostContext context_;
};

TEST_F(Hosts, a_store_that_lacks_a_part_of_what_it_is_kept_by_is_told) {
    const auto host = open(1);
    ASSERT_TRUE(is_told<Opened>(1));
    on_trouble_();
    const std::scoped_lock lock(mutex_);
    EXPECT_TRUE(std::holds_alternative<Troubled>(events_.back()));
}

TEST_F(Hosts, an_opening_that_hangs_holds_up_neither_its_closing_nor_another_partition) {
    Latch latch;
    hangs_ = {{0, {.recovery = &latch}}, {1, {}}};
    const auto hanging = open(0);
    latch.await_somebody();
    const auto other = open(1);
    ASSERT_TRUE(is_told<Opened>(1));
    other->serve();
    EXPECT_TRUE(is_served(*other));
    hanging->close();
    EXPECT_FALSE(was_told<Closed>(0)) << "it may still write";
    EXPECT_TRUE(is_served(*other));
    latch.open();
    EXPECT_TRUE(is_told<Closed>(0));
    EXPECT_FALSE(was_told<Opened>(0));
    EXPECT_FALSE(was_told<OpenFailed>(0));
}

TEST_F(Hosts, a_closing_that_hangs_holds_up_no_other_partition) {
    Latch latch;
    hangs_ = {{0, {.end = &latch}}, {1, {}}};
    const auto hanging = open(0);
    const auto other = open(1);
    for (auto* host : {hanging.get(), other.get()}) host->serve();
    EXPECT_TRUE(is_served(*hanging));
    hanging->close();
    latch.await_somebody();
    EXPECT_TRUE(is_served(*other));
    Completion<Bytes> nobody = [](const Bytes&) {};
    EXPECT_FALSE(hanging->receive(Bytes("x"), nobody)) << "it takes no commands any more";
    EXPECT_FALSE(was_told<Closed>(0));
    latch.open();
    EXPECT_TRUE(is_told<Closed>(0));
}

TEST_F(Hosts, an_engine_knows_what_is_kept_elsewhere_before_its_first_command) {
    const TenantId acme("acme");
    const QueueName queue("q");
    elsewhere_ = {{acme, 7}};
    const auto host = open(0);
    host->serve();
    test::must(call(*host, remote::PutQueue{queue, {}, acme}));
    test::must(call(*host, remote::SetQuota{acme, 10}));
    const auto post = [&](const std::string& text) {
        return test::outcome(
            call(*host, remote::Post{queue, test::messages_of({{.text = text}}), {}}));
    };
    EXPECT_EQ(post("1234"), "quota_exceeded");
    EXPECT_EQ(post("123"), "ok");
    std::promise<QuotaUsage> told;
    host->share_quotas({{acme, 6}}, [&](const QuotaUsage& usage) { told.set_value(usage); });
    EXPECT_EQ(told.get_future().get(), (QuotaUsage{true, {{acme, 3}}}));
    EXPECT_EQ(post("1"), "ok") << "and is told anew";
}

}  // namespace
}  // namespace baton::queue::cluster
