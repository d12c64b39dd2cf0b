// The index of one queue: a slot of fixed size for every message that is not finished.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>

#include "model/message.h"

namespace baton::queue {

/// What the engine keeps of a message in memory. 80 bytes; the content may stay in the store.
struct Slot {
    std::shared_ptr<const MessageData> data;  ///< null: read it from the store
    TimePoint posted_at{};
    TimePoint entered_at{};  ///< first ready, by plan: orders an ordering key's line, starts aging
    TimePoint due_at{};      ///< scheduled: ready from then; leased: until then; dead: since then
    TimePoint expires_at{};  ///< TimePoint::max(): never
    std::uint64_t next_in_line = 0;  ///< the seq behind in the ordering key's line; 0: none
    std::uint32_t size_bytes = 0;
    std::uint32_t ordering_key = 0;  ///< index in the queue's key table; 0: none
    std::uint32_t fairness_key = 0;  ///< index in the queue's key table; 0: none
    std::uint32_t attempts = 0;
    std::uint16_t failures = 0;
    MessageState state =
        MessageState::done;  ///< done: the slot is free. cancelled: only holds a place in line
    Level priority = Level::normal;  ///< as posted
    Level level = Level::normal;     ///< as raised by aging
    bool anew = false;               ///< rescheduled or redriven, and not delivered since
    bool redriven = false;           ///< was dead once
    std::uint8_t extra = 0;          ///< headers and metadata, in steps of extra_step begun

    static constexpr std::uint64_t extra_step = 512;
    void set_extra(std::uint64_t bytes) noexcept {
        extra = static_cast<std::uint8_t>(
            std::min<std::uint64_t>((bytes + extra_step - 1) / extra_step, UINT8_MAX));
    }

    /// Whether it was delivered and is not finished, so that its ordering key waits for it.
    [[nodiscard]] bool holds_key() const noexcept { return attempts > 0 && !anew; }

    /// Whether a message is here that people may see.
    [[nodiscard]] bool is_live() const noexcept {
        return state != MessageState::done && state != MessageState::cancelled;
    }
};

/// Slots by seq. Seqs come ascending and mostly go in that order: pages in a deque, an empty page
/// costs a pointer.
class MessageTable {
public:
    /// Null when there is no message `seq`.
    [[nodiscard]] Slot* find(std::uint64_t seq) noexcept {
        const std::uint64_t page = seq / page_size;
        if (page < first_page_ || page - first_page_ >= pages_.size()) return nullptr;
        auto& entry = pages_[page - first_page_];
        if (!entry) return nullptr;
        Slot& slot = entry->slots[seq % page_size];
        return slot.state == MessageState::done ? nullptr : &slot;
    }
    [[nodiscard]] const Slot* find(std::uint64_t seq) const noexcept {
        return const_cast<MessageTable*>(this)->find(seq);
    }

    /// `seq` must be larger than every one inserted before. The caller sets `state`.
    Slot& insert(std::uint64_t seq) {
        const std::uint64_t page = seq / page_size;
        if (pages_.empty()) first_page_ = page;
        while (page - first_page_ >= pages_.size()) pages_.emplace_back();
        auto& entry = pages_[page - first_page_];
        if (!entry) entry = std::make_unique<Page>();
        ++entry->used;
        ++size_;
        return entry->slots[seq % page_size];
    }

    /// Frees the slot of an existing message.
    void erase(std::uint64_t seq) noexcept {
        auto& entry = pages_[seq / page_size - first_page_];
        entry->slots[seq % page_size] = Slot{};
        --size_;
        if (--entry->used > 0) return;
        entry.reset();
        while (!pages_.empty() && !pages_.front()) {
            pages_.pop_front();
            ++first_page_;
        }
    }

    /// Calls `visit(seq, slot)` for every message after `after_seq`, by seq, until it returns
    /// false.
    template <class Visit>
    void for_each_after(std::uint64_t after_seq, const Visit& visit) {
        if (after_seq == UINT64_MAX) return;
        std::uint64_t seq = std::max(after_seq + 1, first_page_ * page_size);
        while (seq / page_size - first_page_ < pages_.size()) {
            auto& entry = pages_[seq / page_size - first_page_];
            if (!entry) {
                seq = (seq / page_size + 1) * page_size;
                continue;
            }
            Slot& slot = entry->slots[seq % page_size];
            if (slot.state != MessageState::done && !visit(seq, slot)) return;
            ++seq;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::uint64_t page_size = 256;
    struct Page {
        std::array<Slot, page_size> slots{};
        std::uint32_t used = 0;
    };

    std::deque<std::unique_ptr<Page>> pages_;
    std::uint64_t first_page_ = 0;
    std::size_t size_ = 0;
};

}  // namespace baton::queue
