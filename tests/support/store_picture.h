// All that a store holds, as text: two stores hold the same when their pictures are equal.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "queue/engine/store.h"

namespace baton::test {

class PictureSink final : public queue::RecoverySink {
public:
    /// Leaves out dedup keys that have ended by `now`: a store may forget them from then on.
    explicit PictureSink(TimePoint now = {}) : now_(now) {}

    void queue(queue::QueuePut queue, std::uint64_t next_seq) override {
        lines_.push_back(fmt::format("queue {} {} `{}` of `{}` max {} paused {} next {}",
            static_cast<std::uint32_t>(queue.number), queue.uid, queue.info.name.text,
            queue.info.owner.text, queue.info.config.max_size, queue.info.paused, next_seq));
    }
    void message(queue::RecoveredMessage message) override {
        const std::uint64_t number = static_cast<std::uint32_t>(message.at.queue);
        if (number == last_queue_ && message.at.seq <= last_seq_) lines_.emplace_back("disorder");
        std::string line = fmt::format("message {}/{} {} {} {} {} `{}` `{}` {}", number,
            message.at.seq, to_unix_ms(message.posted_at), to_unix_ms(message.due_at),
            to_unix_ms(message.expires_at.value_or(TimePoint{})),
            static_cast<int>(message.priority), message.ordering_key, message.fairness_key,
            message.size_bytes);
        if (const auto& delivery = message.delivery) {
            line += fmt::format(" state {} due {} {}/{} `{}`", static_cast<int>(delivery->state),
                to_unix_ms(delivery->due_at), delivery->attempts, delivery->failures,
                delivery->dead_reason);
            line += fmt::format(" entered {} level {} anew {} redriven {}",
                to_unix_ms(delivery->entered_at),
                delivery->level ? to_string(*delivery->level) : "-", delivery->anew,
                delivery->redriven);
            for (const auto& note : delivery->history) {
                line += fmt::format(" [{} {} {}]", to_unix_ms(note.at), note.attempt, note.reason);
            }
        }
        messages_.push_back(message.at);
        lines_.push_back(std::move(line));
    }
    void dedup(queue::Locator first, std::string key, TimePoint until) override {
        if (until <= now_) return;
        lines_.push_back(fmt::format("dedup {}/{} `{}` {}", static_cast<std::uint32_t>(first.queue),
            first.seq, key, to_unix_ms(until)));
    }
    void reply(queue::RecoveredReply reply) override {
        replies_.push_back(reply.at);
        lines_.push_back(
            fmt::format("reply {}/{} {} bytes {}", static_cast<std::uint32_t>(reply.at.queue),
                reply.at.seq, reply.bytes, to_unix_ms(reply.expires_at)));
    }

    void output(queue::RecoveredOutput output) override {
        outputs_.push_back(output.at);
        lines_.push_back(fmt::format("output {}/{} {} events {} bytes {}",
            static_cast<std::uint32_t>(output.at.queue), output.at.seq, output.events, output.bytes,
            to_unix_ms(output.expires_at)));
    }
    void cursor(
        queue::QueueNumber queue, std::string subscription, std::uint64_t committed) override {
        lines_.push_back(fmt::format(
            "cursor {} `{}` {}", static_cast<std::uint32_t>(queue), subscription, committed));
    }

    void paused_key(queue::QueueNumber queue, KeyKind kind, std::string key) override {
        lines_.push_back(fmt::format(
            "paused {} {} `{}`", static_cast<std::uint32_t>(queue), to_string(kind), key));
    }
    void quota(TenantId owner, std::uint64_t limit) override {
        lines_.push_back(fmt::format("quota `{}` {}", owner.text, limit));
    }

    /// What was told, and the contents behind it.
    [[nodiscard]] Result<std::string> picture(queue::Store& store) {
        BATON_TRY(const auto contents, store.read(messages_));
        for (const auto& data : contents) {
            if (!data) return std::string("a content is missing");
            std::string line = fmt::format(
                "content `{}` `{}` `{}`", data->content.view(), data->dedup_key, data->metadata);
            for (const auto& header : data->headers) line += header.name + "=" + header.value;
            lines_.push_back(std::move(line));
        }
        for (const auto at : replies_) {
            BATON_TRY(const auto reply, store.read_reply(at));
            if (!reply) return std::string("a reply is missing");
            lines_.push_back(fmt::format("reply `{}` `{}` {}", reply->result.view(),
                reply->metadata, to_unix_ms(reply->at)));
        }
        for (const auto at : outputs_) {
            // In two pages, so that one begins in the middle.
            for (const std::uint64_t from : {0, 3}) {
                BATON_TRY(const auto events, store.read_output(at, from, from == 0 ? 3 : 1'000));
                for (const auto& event : events) {
                    lines_.push_back(fmt::format("event {}/{} {} attempt {} at {} `{}`",
                        static_cast<std::uint32_t>(at.queue), at.seq, event.offset, event.attempt,
                        to_unix_ms(event.at), event.data.view()));
                }
            }
        }
        std::ranges::sort(lines_);
        std::string text;
        for (const auto& line : lines_) text += line + "\n";
        return text;
    }

private:
    TimePoint now_;
    std::vector<std::string> lines_;
    std::vector<queue::Locator> messages_;
    std::vector<queue::Locator> replies_;
    std::vector<queue::Locator> outputs_;
    std::uint64_t last_queue_ = 0;
    std::uint64_t last_seq_ = 0;
};

/// Recovers `store` and paints what it holds. Fails: what recovering and reading fail with.
[[nodiscard]] inline Result<std::string> picture_of(queue::Store& store, TimePoint now = {}) {
    PictureSink sink(now);
    BATON_TRY_VOID(store.recover(sink));
    return sink.picture(store);
}

}  // namespace baton::test
