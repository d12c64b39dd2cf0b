// The ready messages of one level: a lane for each fairness key, served by deficit round robin.
// Follows M. Shreedhar and G. Varghese, "Efficient Fair Queuing using Deficit Round Robin" (1995),
// every message costing 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

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

/// Lanes that have messages take turns; in its turn a lane gives as many messages as its key
/// weighs. Entries are hints: `pop` drops those for which `holds` says no, `shrink` does it
/// everywhere.
class FairLanes {
public:
    void push(std::uint32_t key, std::uint64_t seq) {
        const auto [lane, is_new] = lanes_.try_emplace(key);
        lane->second.seqs.push(seq);
        ++size_;
        if (is_new) turns_.push_back(key);
    }

    /// The next seq by turn, or nothing. `holds(seq)`: whether the entry still stands.
    /// `weight(key)`: ≥ 1.
    template <class Holds, class Weight>
    [[nodiscard]] std::optional<std::uint64_t> pop(const Holds& holds, const Weight& weight) {
        while (!turns_.empty()) {
            const std::uint32_t key = turns_.front();
            const auto found = lanes_.find(key);
            Lane& lane = found->second;
            while (!lane.seqs.empty() && !holds(lane.seqs.front())) {
                lane.seqs.pop();
                --size_;
            }
            if (lane.seqs.empty()) {
                lanes_.erase(found);
                turns_.pop_front();
                continue;
            }
            if (lane.credit == 0) lane.credit = weight(key);
            const std::uint64_t seq = lane.seqs.front();
            lane.seqs.pop();
            --size_;
            --lane.credit;
            if (lane.seqs.empty()) {
                lanes_.erase(found);
                turns_.pop_front();
            } else if (lane.credit == 0) {
                turns_.pop_front();
                turns_.push_back(key);
            }
            return seq;
        }
        return std::nullopt;
    }

    /// Drops every entry that no longer stands, or stands twice.
    template <class Holds>
    void shrink(const Holds& holds) {
        size_ = 0;
        std::erase_if(turns_, [&](std::uint32_t key) {
            const auto found = lanes_.find(key);
            found->second.seqs.shrink(holds);
            size_ += found->second.seqs.size();
            if (!found->second.seqs.empty()) return false;
            lanes_.erase(found);
            return true;
        });
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

private:
    struct Lane {
        SeqLane seqs;
        std::uint32_t credit = 0;
    };
    boost::unordered_flat_map<std::uint32_t, Lane> lanes_;
    std::deque<std::uint32_t> turns_;
    std::size_t size_ = 0;
};

}  // namespace baton::queue
