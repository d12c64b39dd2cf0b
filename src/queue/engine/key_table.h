// Ordering and fairness keys as small numbers, kept while a message uses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::queue {

/// Counts uses of each key; a key without a use counts as gone, and its entry is anew when it comes
/// back. Keys tend to, so they are forgotten, and their numbers given to others, only once they
/// outnumber those in use. `Entry` is what the queue keeps for each key beside its name. Found by
/// open addressing, so that the two places a look-up needs can be brought closer before it.
template <class Entry>
class KeyTable {
public:
    /// The number of `key` with one use more; 0 for the empty key, which is none.
    std::uint32_t acquire(std::string_view key) { return acquire(key, hash_of(key)); }
    std::uint32_t acquire(std::string_view key, std::uint32_t hash) {
        if (key.empty()) return 0;
        if (cells_.size() <= 2 * (size_ + unused_))
            place_all(cells_.empty() ? 16 : 4 * cells_.size());
        std::size_t at = hash & mask();
        for (; cells_[at].number != 0; at = (at + 1) & mask()) {
            if (cells_[at].hash != hash) continue;
            Row& row = row_of(cells_[at].number);
            if (row.name != key) continue;
            if (uses_[cells_[at].number - 1]++ == 0) use_again(row);
            return cells_[at].number;
        }
        cells_[at] = {.hash = hash, .number = take_number()};
        row_of(cells_[at].number) = Row{.name = std::string(key), .hash = hash, .entry = Entry{}};
        uses_[cells_[at].number - 1] = 1;
        ++size_;
        return cells_[at].number;
    }

    void release(std::uint32_t number) {
        if (number == 0 || --uses_[number - 1] > 0) return;
        --size_;
        ++unused_;
        if (size_ == 0 && rows_.size() > unused_kept) {
            *this = KeyTable();
        } else if (unused_ > size_ + unused_kept) {
            forget_unused();
        }
    }

    [[nodiscard]] static std::uint32_t hash_of(std::string_view key) noexcept {
        return static_cast<std::uint32_t>(std::hash<std::string_view>()(key));
    }
    /// Bring closer what `acquire` looks at, in two steps.
    void prefetch(std::uint32_t hash) const {
        if (!cells_.empty()) __builtin_prefetch(&cells_[hash & mask()]);
    }
    void prefetch_row(std::uint32_t hash) const {
        if (cells_.empty()) return;
        const std::uint32_t number = cells_[hash & mask()].number;
        if (number != 0) __builtin_prefetch(&rows_[number - 1], 1);
    }

    [[nodiscard]] Entry& entry(std::uint32_t number) { return row_of(number).entry; }
    [[nodiscard]] const Entry& entry(std::uint32_t number) const { return rows_[number - 1].entry; }
    /// Empty for 0.
    [[nodiscard]] std::string_view name(std::uint32_t number) const {
        return number == 0 ? std::string_view() : std::string_view(rows_[number - 1].name);
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Row {
        std::string name;
        std::uint32_t hash = 0;
        Entry entry{};
    };
    struct Cell {
        std::uint32_t hash = 0;
        std::uint32_t number = 0;  ///< 0: free
    };
    static constexpr std::size_t unused_kept = 1'024;

    Row& row_of(std::uint32_t number) { return rows_[number - 1]; }
    [[nodiscard]] std::size_t mask() const noexcept { return cells_.size() - 1; }

    std::uint32_t take_number() {
        if (free_.empty()) {
            rows_.emplace_back();
            uses_.push_back(0);
            return static_cast<std::uint32_t>(rows_.size());
        }
        const std::uint32_t number = free_.back();
        free_.pop_back();
        return number;
    }

    void use_again(Row& row) {
        row.entry = Entry{};
        --unused_;
        ++size_;
    }

    void forget_unused() {
        std::uint32_t number = 0;
        for (Row& row : rows_) {
            ++number;
            if (uses_[number - 1] > 0 || row.name.empty()) continue;
            row = Row{};
            free_.push_back(number);
        }
        unused_ = 0;
        place_all(cells_.size());
    }

    /// Makes `count` cells, and a place in them for every key.
    void place_all(std::size_t count) {
        cells_.assign(count, Cell{});
        std::uint32_t number = 0;
        for (const Row& row : rows_) {
            ++number;
            if (row.name.empty()) continue;
            std::size_t at = row.hash & mask();
            while (cells_[at].number != 0) at = (at + 1) & mask();
            cells_[at] = {.hash = row.hash, .number = number};
        }
    }

    std::deque<Row> rows_;  // rows never move; one without a name is free
    std::vector<std::uint32_t>
        uses_;  // of each row; on their own, so that `release` looks no further
    std::vector<std::uint32_t> free_;
    std::vector<Cell> cells_;  // a power of two of them, at most half in use
    std::size_t size_ = 0;     // keys in use
    std::size_t unused_ = 0;   // keys that are known, and not in use
};

}  // namespace baton::queue
