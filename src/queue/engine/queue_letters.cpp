#include "queue/engine/queue_letters.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "base/answer_budget.h"
#include "queue/engine/growth.h"
#include "queue/engine/queue_log.h"

namespace baton::queue {
namespace {

/// No UTF-8, so that no key of a post is like it.
constexpr std::string_view memory_mark =
    "\xFF"
    "letter:";

std::string memory_of(const MessageId& letter) {
    return fmt::format("{}{:016x}.{}", memory_mark, letter.queue_uid, letter.seq);
}

std::shared_ptr<const MessageData> memory_data(std::string key) {
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string("-"));
    data->dedup_key = std::move(key);
    return data;
}

}  // namespace

Result<LetterPage> QueueLetters::find(
    const RedriveRequest& request, std::uint64_t after_seq, std::size_t max, TimePoint now) {
    const auto seqs = queue_.dead_letters(request, after_seq, max);
    LetterPage page{.more = seqs.size() == max, .now = now};
    AnswerBudget budget;
    for (const auto seq : seqs) {
        if (!budget.take(queue_.answer_bytes(seq, *queue_.table_.find(seq)))) {
            page.more = true;
            break;
        }
        BATON_TRY(auto view, queue_.view_of(seq, now));
        page.letters.push_back(std::move(view));
        page.last_seq = seq;
    }
    return page;
}

Result<std::uint64_t> QueueLetters::take(const LetterDelivery& delivery, TimePoint now) {
    BATON_TRY_VOID(QueueLog(queue_).require_mode(QueueMode::queue, "redrive", "post"));
    std::vector<const MessageView*> fresh;
    std::vector<const MessageData*> contents;
    std::uint64_t memory_growth = 0;
    for (const auto& letter : delivery.letters) {
        auto key = memory_of(letter.id);
        if (!letter.data || queue_.recall_.letters.find(key, now) != nullptr) continue;
        fresh.push_back(&letter);
        contents.push_back(letter.data.get());
        memory_growth += growth_of(*memory_data(std::move(key)));
    }
    BATON_TRY_VOID(queue_.check_room(contents, 0));
    BATON_TRY_VOID(queue_.take_room(memory_growth));
    const RedriveSchedule schedule{.start = delivery.start,
        .first = delivery.first,
        .rate_per_second = delivery.rate_per_second};
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        const MessageView& letter = *fresh[i];
        queue_.take_in(
            {.data = letter.data, .attempts = letter.attempts, .history = letter.history},
            std::max(schedule.due(i), now), now);
        remember(memory_of(letter.id), now);
    }
    // Who offered them drops them next, whatever durability the queue asks for.
    queue_.effects_.needs_fsync |= queue_.is_stored() && !fresh.empty();
    return fresh.size();
}

std::uint64_t QueueLetters::drop(const std::vector<MessageId>& letters, TimePoint now) {
    std::uint64_t dropped = 0;
    for (const auto& letter : letters) {
        if (letter.queue_uid != queue_.uid() || !queue_.is_dead(letter.seq)) continue;
        static_cast<void>(queue_.take_out(letter.seq, now));
        ++dropped;
    }
    return dropped;
}

bool QueueLetters::is_memory(std::string_view key) noexcept { return key.starts_with(memory_mark); }

void QueueLetters::recover(std::uint64_t seq, std::string key, TimePoint until) {
    queue_.recall_.letters.put(std::move(key), seq, until);
}

void QueueLetters::remember(std::string key, TimePoint now) {
    const auto seq = queue_.next_seq_++;
    const TimePoint until = now + LetterMover::memory;
    queue_.emit(MessagePosted{.at = queue_.locator(seq),
        .posted_at = now,
        .due_at = now,
        .data = memory_data(key),
        .dedup_until = until});
    queue_.emit(MessageGone{queue_.locator(seq)});
    queue_.recall_.letters.put(std::move(key), seq, until);
    queue_.arm_retention();
}

}  // namespace baton::queue
