// The memory store: one disk under one store after the other.
#include <array>
#include <map>

#include <gtest/gtest.h>

#include "queue/store/memory/memory_store.h"
#include "support/queue_harness.h"

namespace baton::queue {
namespace {

using test::must;

class Sink final : public RecoverySink {
public:
    void queue(QueuePut queue, std::uint64_t next_seq) override {
        names.push_back(queue.info.name.text);
        next = next_seq;
    }
    void message(RecoveredMessage message) override { seqs.push_back(message.at.seq); }
    void dedup(Locator, std::string key, TimePoint) override { keys.push_back(std::move(key)); }
    void reply(RecoveredReply reply) override { replies.push_back(reply.at.seq); }
    void output(RecoveredOutput output) override { outputs.push_back(output); }
    void paused_key(QueueNumber, KeyKind, std::string) override {}
    void quota(TenantId, std::uint64_t) override {}
    void cursor(QueueNumber, std::string subscription, std::uint64_t committed) override {
        cursors[subscription] = committed;
    }

    std::vector<std::string> names;
    std::vector<std::uint64_t> seqs;
    std::vector<std::string> keys;
    std::vector<std::uint64_t> replies;
    std::vector<RecoveredOutput> outputs;
    std::map<std::string, std::uint64_t> cursors;
    std::uint64_t next = 0;
};

constexpr QueueNumber number{1};

Record put() { return QueuePut{number, 42, {.name = QueueName("q")}}; }
Record posted(std::uint64_t seq, std::string key = {}) {
    MessagePosted record{.at = {number, seq},
        .data =
            std::make_shared<MessageData>(MessageData{.content = Bytes("text"), .dedup_key = key})};
    if (!key.empty()) record.dedup_until = from_unix_ms(100);
    return record;
}
Sink recovered(Store& store) {
    Sink sink;
    must(store.recover(sink));
    return sink;
}

TEST(MemoryStore, gives_back_what_was_committed_also_to_another_store_on_its_disk) {
    const auto disk = make_memory_disk();
    {
        const auto store = make_memory_store(disk);
        const std::array records{put(), posted(1, "k"), posted(2), posted(3),
            Record(MessageGone{{number, 3}}),
            Record(ReplyStored{{number, 3}, std::make_shared<Reply>(), from_unix_ms(50)})};
        must(store->commit(records, Durability::fsync));
    }
    const auto store = make_memory_store(disk);
    const auto sink = recovered(*store);
    EXPECT_EQ(sink.names, (std::vector<std::string>{"q"}));
    EXPECT_EQ(sink.seqs, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(sink.keys, (std::vector<std::string>{"k"}));
    EXPECT_EQ(sink.replies, (std::vector<std::uint64_t>{3}));
    EXPECT_EQ(sink.next, 4);
    const std::array locators{Locator{number, 1}, Locator{number, 3}, Locator{QueueNumber{9}, 1}};
    const auto read = must(store->read(locators));
    ASSERT_EQ(read.size(), 3);
    EXPECT_EQ(read[0]->content.view(), "text");
    EXPECT_EQ(read[1], nullptr);
    EXPECT_EQ(read[2], nullptr);
    EXPECT_NE(must(store->read_reply({number, 3})), nullptr);
    EXPECT_EQ(must(store->read_reply({number, 1})), nullptr);
}

TEST(MemoryStore, purge_spares_what_is_leased_or_dead_and_retention_what_has_not_ended) {
    const auto store = make_memory_store();
    const auto delivered = [](std::uint64_t seq, MessageState state) {
        return Record(DeliveryChanged{{number, seq}, {.state = state}});
    };
    const std::array records{put(), posted(1), posted(2), posted(3), posted(4), posted(5),
        delivered(2, MessageState::leased), delivered(3, MessageState::dead),
        delivered(4, MessageState::ready), Record(QueuePurged{{number, 4}})};
    must(store->commit(records, Durability::relaxed));
    EXPECT_EQ(recovered(*store).seqs, (std::vector<std::uint64_t>{2, 3, 5}));
    const std::array later{posted(6, "k"), Record(RetentionPassed{number, from_unix_ms(99)})};
    must(store->commit(later, Durability::relaxed));
    EXPECT_EQ(recovered(*store).keys.size(), 1);
    const std::array last{Record(RetentionPassed{number, from_unix_ms(100)})};
    must(store->commit(last, Durability::relaxed));
    EXPECT_TRUE(recovered(*store).keys.empty());
    const std::array gone{Record(QueueDropped{number})};
    must(store->commit(gone, Durability::fsync));
    EXPECT_TRUE(recovered(*store).names.empty());
}

}  // namespace
}  // namespace baton::queue
