// One lane of ready messages, by seq.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace baton::queue {

/// The memory of many lanes: chunks of a cache line, so that a lane of few seqs costs one miss and
/// no allocation of its own. When the last chunk is given back, nearly all memory is.
class SeqChunks {
public:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::uint32_t chunk_size = 7;
    struct alignas(64) Chunk {
        std::array<std::uint64_t, chunk_size> seqs;
        std::uint32_t next;
    };

    [[nodiscard]] std::uint32_t take() {
        if (free_ == none) add_page();
        const std::uint32_t number = free_;
        free_ = (*this)[number].next;
        (*this)[number].next = none;
        ++used_;
        return number;
    }
    void give_back(std::uint32_t number) {
        (*this)[number].next = free_;
        free_ = number;
        if (--used_ > 0 || pages_.size() == 1) return;
        std::vector<std::unique_ptr<Page>>().swap(pages_);
        free_ = none;
    }
    [[nodiscard]] Chunk& operator[](std::uint32_t number) {
        return (*pages_[number / page_size])[number % page_size];
    }
    [[nodiscard]] const Chunk& operator[](std::uint32_t number) const {
        return (*pages_[number / page_size])[number % page_size];
    }

private:
    static constexpr std::uint32_t page_size = 64;
    using Page = std::array<Chunk, page_size>;

    void add_page() {
        pages_.push_back(std::make_unique_for_overwrite<Page>());
        for (std::uint32_t i = page_size; i-- > 0;) {
            (*pages_.back())[i].next = free_;
            free_ = static_cast<std::uint32_t>(pages_.size() - 1) * page_size + i;
        }
    }

    std::vector<std::unique_ptr<Page>> pages_;
    std::uint32_t free_ = none;
    std::size_t used_ = 0;
};

/// Seqs, smallest first. Mostly they come ascending and then stand in a list of chunks; what comes
/// back late goes through a small heap. The chunks given are the same at each call.
class SeqLane {
public:
    void push(std::uint64_t seq, SeqChunks& chunks) {
        if (count_ != 0 && seq <= newest_) {
            if (!late_) late_ = std::make_unique<std::vector<std::uint64_t>>();
            late_->push_back(seq);
            std::ranges::push_heap(*late_, std::greater<>());
            return;
        }
        if (count_ == 0) {
            first_ = last_ = chunks.take();
            begin_ = end_ = 0;
        } else if (end_ == SeqChunks::chunk_size) {
            const std::uint32_t added = chunks.take();
            chunks[last_].next = added;
            last_ = added;
            end_ = 0;
        }
        chunks[last_].seqs[end_++] = newest_ = seq;
        ++count_;
    }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0 && !late_; }
    [[nodiscard]] std::size_t size() const noexcept { return count_ + (late_ ? late_->size() : 0); }
    /// Not on an empty lane.
    [[nodiscard]] std::uint64_t front(const SeqChunks& chunks) const {
        return late_is_first(chunks) ? late_->front() : chunks[first_].seqs[begin_];
    }
    void pop(SeqChunks& chunks) {
        if (late_is_first(chunks)) {
            std::ranges::pop_heap(*late_, std::greater<>());
            late_->pop_back();
            if (late_->empty()) late_.reset();
            return;
        }
        --count_;
        ++begin_;
        if (count_ != 0 && begin_ != SeqChunks::chunk_size) return;
        const std::uint32_t used_up = first_;
        first_ = chunks[first_].next;
        begin_ = 0;
        chunks.give_back(used_up);
    }
    /// How many seqs below `end` hold, counted up to `max`.
    template <class Holds>
    [[nodiscard]] std::uint64_t count_below(
        std::uint64_t end, std::uint64_t max, const Holds& holds, const SeqChunks& chunks) const {
        std::uint64_t count = 0;
        for_each(chunks, [&](std::uint64_t seq) {
            if (seq >= end || count >= max) return false;
            count += holds(seq) ? 1 : 0;
            return true;
        });
        for (std::size_t i = 0; late_ && i < late_->size() && count < max; ++i) {
            count += (*late_)[i] < end && holds((*late_)[i]) ? 1 : 0;
        }
        return count;
    }

    /// Keeps each seq for which `holds` says yes, once.
    template <class Holds>
    void shrink(const Holds& holds, SeqChunks& chunks) {
        std::vector<std::uint64_t> seqs;
        seqs.reserve(size());
        for (; !empty(); pop(chunks)) {
            const std::uint64_t seq = front(chunks);
            const bool is_twice = !seqs.empty() && seqs.back() == seq;
            if (!is_twice && holds(seq)) seqs.push_back(seq);
        }
        for (const std::uint64_t seq : seqs) push(seq, chunks);
    }

    /// Bring what a pop, or a push, looks at closer.
    void prefetch_end(const SeqChunks& chunks) const {
        if (count_ != 0) __builtin_prefetch(&chunks[last_], 1);
    }
    void prefetch(const SeqChunks& chunks) const {
        if (count_ != 0) __builtin_prefetch(&chunks[first_]);
    }

private:
    template <class Visit>
    void for_each(const SeqChunks& chunks, const Visit& visit) const {
        std::uint32_t chunk = first_;
        std::uint32_t at = begin_;
        for (std::size_t left = count_; left > 0; --left, ++at) {
            if (at == SeqChunks::chunk_size) {
                chunk = chunks[chunk].next;
                at = 0;
            }
            if (!visit(chunks[chunk].seqs[at])) return;
        }
    }
    [[nodiscard]] bool late_is_first(const SeqChunks& chunks) const {
        return late_ && (count_ == 0 || late_->front() < chunks[first_].seqs[begin_]);
    }

    std::size_t count_ = 0;     // in the chunks
    std::uint64_t newest_ = 0;  // the last of them
    std::uint32_t first_ = SeqChunks::none;
    std::uint32_t last_ = SeqChunks::none;
    std::uint32_t begin_ = 0;  // in the first chunk
    std::uint32_t end_ = 0;    // in the last chunk
    std::unique_ptr<std::vector<std::uint64_t>> late_;
};

}  // namespace baton::queue
