#include "queue/store/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/answer_budget.h"

namespace baton::queue {

class MemoryDisk {
public:
    struct Message {
        MessagePosted posted;
        std::optional<Delivery> delivery;
    };
    struct Dedup {
        std::uint64_t first = 0;
        TimePoint until{};
    };
    struct KeptReply {
        std::shared_ptr<const Reply> reply;
        TimePoint until{};
    };
    struct Output {
        std::vector<OutputEvent> events;
        TimePoint until{};
    };
    struct Queue {
        QueuePut put;
        std::uint64_t next_seq = 1;
        std::map<std::uint64_t, Message> messages;
        std::map<std::string, Dedup> dedup;
        std::map<std::uint64_t, KeptReply> replies;
        std::map<std::uint64_t, Output> outputs;
        std::map<std::string, std::uint64_t> cursors;
        std::set<std::pair<KeyKind, std::string>> paused_keys;
    };

    std::mutex mutex;
    std::map<QueueNumber, Queue> queues;
    std::map<TenantId, std::uint64_t> quotas;

    void apply(const QueuePut& record) { queues[record.number].put = record; }
    void apply(const QueueDropped& record) { queues.erase(record.number); }
    void apply(const MessagePosted& record) {
        Queue& queue = queues[record.at.queue];
        queue.next_seq = record.at.seq + 1;
        if (record.dedup_until != TimePoint{}) {
            queue.dedup[record.data->dedup_key] = {record.at.seq, record.dedup_until};
        }
        MessageData data = *record.data;  // which may share its memory with the rest of a post
        data.content = data.content.alone();
        Message& message = queue.messages[record.at.seq] = {.posted = record, .delivery = {}};
        message.posted.data = std::make_shared<const MessageData>(std::move(data));
    }
    void apply(const DeliveryChanged& record) {
        queues[record.at.queue].messages[record.at.seq].delivery = record.delivery;
    }
    void apply(const MessageGone& record) { queues[record.at.queue].messages.erase(record.at.seq); }
    void apply(const QueuePurged& record) {
        std::erase_if(queues[record.up_to.queue].messages, [&](const auto& entry) {
            const auto& [seq, message] = entry;
            return seq <= record.up_to.seq &&
                   (!message.delivery || message.delivery->state == MessageState::ready);
        });
    }
    void apply(const ReplyStored& record) {
        queues[record.at.queue].replies[record.at.seq] = {record.reply, record.expires_at};
    }
    void apply(const RetentionPassed& record) {
        Queue& queue = queues[record.queue];
        std::erase_if(queue.dedup, [&](const auto& e) { return e.second.until <= record.until; });
        std::erase_if(queue.replies, [&](const auto& e) { return e.second.until <= record.until; });
        std::erase_if(queue.outputs, [&](const auto& e) {
            return e.second.until <= record.until && !queue.messages.contains(e.first);
        });
    }
    void apply(const OutputAppended& record) {
        Output& output = queues[record.at.queue].outputs[record.at.seq];
        for (const auto& data : record.events) {
            output.events.push_back({.offset = output.events.size(),
                .attempt = record.attempt,
                .at = record.appended_at,
                .data = data});
        }
        output.until = record.expires_at;
    }
    void apply(const CursorMoved& record) {
        queues[record.queue].cursors[record.subscription] = record.committed;
    }
    void apply(const CursorDropped& record) {
        queues[record.queue].cursors.erase(record.subscription);
    }
    void apply(const LogTruncated& record) {
        auto& messages = queues[record.up_to.queue].messages;
        messages.erase(messages.begin(), messages.upper_bound(record.up_to.seq));
    }
    void apply(const KeyPaused& record) {
        auto& keys = queues[record.queue].paused_keys;
        if (record.paused) {
            keys.emplace(record.kind, record.key);
        } else {
            keys.erase({record.kind, record.key});
        }
    }
    void apply(const QuotaSet& record) {
        if (record.limit == 0) {
            quotas.erase(record.owner);
        } else {
            quotas[record.owner] = record.limit;
        }
    }
};

std::shared_ptr<MemoryDisk> make_memory_disk() { return std::make_shared<MemoryDisk>(); }

namespace {

class MemoryStore final : public Store {
public:
    explicit MemoryStore(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

    Result<void> recover(RecoverySink& sink) override {
        const std::scoped_lock lock(disk_->mutex);
        for (const auto& [owner, limit] : disk_->quotas) sink.quota(owner, limit);
        for (const auto& [number, queue] : disk_->queues) {
            sink.queue(queue.put, queue.next_seq);
            for (const auto& [kind, key] : queue.paused_keys) sink.paused_key(number, kind, key);
            for (const auto& [seq, message] : queue.messages) {
                const MessagePosted& posted = message.posted;
                sink.message({.at = posted.at,
                    .posted_at = posted.posted_at,
                    .due_at = posted.due_at,
                    .expires_at = posted.expires_at,
                    .priority = posted.data->priority,
                    .size_bytes = posted.data->content.size(),
                    .extra_bytes = extra_bytes_of(posted.data->metadata, posted.data->headers),
                    .ordering_key = posted.data->ordering_key,
                    .fairness_key = posted.data->fairness_key,
                    .cost = cost_of(posted.data->headers),
                    .delivery = message.delivery});
            }
            for (const auto& [key, entry] : queue.dedup) {
                sink.dedup({number, entry.first}, key, entry.until);
            }
            for (const auto& [seq, entry] : queue.replies) {
                sink.reply({{number, seq}, entry.reply->result.size(), entry.until});
            }
            for (const auto& [seq, output] : queue.outputs) {
                std::uint64_t bytes = 0;
                for (const auto& event : output.events) bytes += event.data.size();
                sink.output({.at = {number, seq},
                    .events = output.events.size(),
                    .bytes = bytes,
                    .expires_at = output.until});
            }
            for (const auto& [name, committed] : queue.cursors) {
                sink.cursor(number, name, committed);
            }
        }
        return {};
    }

    Result<std::uint64_t> reserve(std::uint64_t) override { return UINT64_MAX; }

    Result<void> commit(std::span<const Record> records, Durability) override {
        const std::scoped_lock lock(disk_->mutex);
        for (const auto& record : records) {
            std::visit([&](const auto& change) { disk_->apply(change); }, record);
        }
        return {};
    }

    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) override {
        const std::scoped_lock lock(disk_->mutex);
        std::vector<std::shared_ptr<const MessageData>> found;
        for (const auto& at : messages) {
            const auto queue = disk_->queues.find(at.queue);
            if (queue == disk_->queues.end() || !queue->second.messages.contains(at.seq)) {
                found.push_back(nullptr);
            } else {
                found.push_back(queue->second.messages.at(at.seq).posted.data);
            }
        }
        return found;
    }

    Result<std::shared_ptr<const Reply>> read_reply(Locator message) override {
        const std::scoped_lock lock(disk_->mutex);
        const auto queue = disk_->queues.find(message.queue);
        if (queue == disk_->queues.end()) return nullptr;
        const auto reply = queue->second.replies.find(message.seq);
        return reply == queue->second.replies.end() ? nullptr : reply->second.reply;
    }

    Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) override {
        const std::scoped_lock lock(disk_->mutex);
        std::vector<OutputEvent> found;
        const auto queue = disk_->queues.find(message.queue);
        if (queue == disk_->queues.end()) return found;
        const auto output = queue->second.outputs.find(message.seq);
        if (output == queue->second.outputs.end()) return found;
        const auto& events = output->second.events;
        AnswerBudget budget;
        for (std::uint64_t i = from; i < events.size() && found.size() < max; ++i) {
            if (!budget.take(events[i].data.size())) break;
            found.push_back(events[i]);
        }
        return found;
    }

    Result<void> close() override { return {}; }

private:
    std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(std::shared_ptr<MemoryDisk> disk) {
    return std::make_unique<MemoryStore>(std::move(disk));
}

}  // namespace baton::queue
