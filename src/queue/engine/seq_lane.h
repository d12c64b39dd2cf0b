// One lane of ready messages, by seq.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace baton::queue {

/// Seqs, smallest first. Mostly they come ascending and then cost a vector append; what comes back
/// late goes through a small heap.
class SeqLane {
public:
    void push(std::uint64_t seq) {
        if (head_ == fifo_.size() || seq > fifo_.back()) {
            fifo_.push_back(seq);
        } else {
            late_.push_back(seq);
            std::ranges::push_heap(late_, std::greater<>());
        }
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return fifo_.size() - head_ + late_.size(); }
    /// Not on an empty lane.
    [[nodiscard]] std::uint64_t front() const noexcept {
        return late_is_first() ? late_.front() : fifo_[head_];
    }
    void pop() {
        if (late_is_first()) {
            std::ranges::pop_heap(late_, std::greater<>());
            late_.pop_back();
            return;
        }
        ++head_;
        if (head_ == fifo_.size()) {
            fifo_.clear();
            head_ = 0;
        } else if (head_ >= 1024 && head_ * 2 >= fifo_.size()) {
            fifo_.erase(fifo_.begin(), fifo_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }
    /// How many seqs below `end` hold, counted up to `max`.
    template <class Holds>
    [[nodiscard]] std::uint64_t count_below(
        std::uint64_t end, std::uint64_t max, const Holds& holds) const {
        std::uint64_t count = 0;
        for (std::size_t i = head_; i < fifo_.size() && fifo_[i] < end && count < max; ++i) {
            count += holds(fifo_[i]) ? 1 : 0;
        }
        for (std::size_t i = 0; i < late_.size() && count < max; ++i) {
            count += late_[i] < end && holds(late_[i]) ? 1 : 0;
        }
        return count;
    }

    /// Keeps each seq for which `holds` says yes, once.
    template <class Holds>
    void shrink(const Holds& holds) {
        fifo_.erase(fifo_.begin(), fifo_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
        fifo_.insert(fifo_.end(), late_.begin(), late_.end());
        late_.clear();
        std::erase_if(fifo_, [&](std::uint64_t seq) { return !holds(seq); });
        std::ranges::sort(fifo_);
        const auto twice = std::ranges::unique(fifo_);
        fifo_.erase(twice.begin(), twice.end());
    }

private:
    [[nodiscard]] bool late_is_first() const noexcept {
        return !late_.empty() && (head_ == fifo_.size() || late_.front() < fifo_[head_]);
    }

    std::vector<std::uint64_t> fifo_;
    std::size_t head_ = 0;
    std::vector<std::uint64_t> late_;
};

}  // namespace baton::queue
