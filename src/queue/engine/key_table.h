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

/// Counts uses of each key; a key without a use is forgotten and its number given to another.
/// `Entry` is what the queue keeps for each key beside its name. Found by open addressing, so that
/// the two places a look-up needs can be brought closer before it.
template <class Entry>
class KeyTable {
public:
    /// The number of `key` with one use more; 0 for the empty key, which is none.
    std::uint32_t acquire(std::string_view key) { return acquire(key, hash_of(key)); }
    std::uint32_t acquire(std::string_view key, std::uint32_t hash) {
        if (key.empty()) return 0;
        if (cells_.size() <= 2 * size_) grow();
        std::size_t at = hash & mask();
        for (; cells_[at].number != 0; at = (at + 1) & mask()) {
            if (cells_[at].hash != hash) continue;
            Row& row = row_of(cells_[at].number);
            if (row.name != key) continue;
            ++row.uses;
            return cells_[at].number;
        }
        cells_[at] = {.hash = hash, .number = take_number()};
        row_of(cells_[at].number) =
            Row{.name = std::string(key), .uses = 1, .hash = hash, .entry = Entry{}};
        ++size_;
        return cells_[at].number;
    }

    void release(std::uint32_t number) {
        if (number == 0 || --row_of(number).uses > 0) return;
        remove_cell(number, row_of(number).hash);
        row_of(number) = Row{};
        free_.push_back(number);
        if (--size_ == 0 && rows_.size() > rows_kept) *this = KeyTable();
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
        std::uint32_t uses = 0;
        std::uint32_t hash = 0;
        Entry entry{};
    };
    struct Cell {
        std::uint32_t hash = 0;
        std::uint32_t number = 0;  ///< 0: free
    };
    static constexpr std::size_t rows_kept = 1'024;  // when none is used

    Row& row_of(std::uint32_t number) { return rows_[number - 1]; }
    [[nodiscard]] std::size_t mask() const noexcept { return cells_.size() - 1; }

    std::uint32_t take_number() {
        if (free_.empty()) {
            rows_.emplace_back();
            return static_cast<std::uint32_t>(rows_.size());
        }
        const std::uint32_t number = free_.back();
        free_.pop_back();
        return number;
    }

    void grow() {
        std::vector<Cell> cells(cells_.empty() ? 16 : 4 * cells_.size());
        cells.swap(cells_);
        for (const Cell& cell : cells) {
            if (cell.number == 0) continue;
            std::size_t at = cell.hash & mask();
            while (cells_[at].number != 0) at = (at + 1) & mask();
            cells_[at] = cell;
        }
    }

    /// The cells behind it that are not at their first choice move up, so that none is missed.
    void remove_cell(std::uint32_t number, std::uint32_t hash) {
        std::size_t hole = hash & mask();
        while (cells_[hole].number != number) hole = (hole + 1) & mask();
        for (std::size_t at = (hole + 1) & mask(); cells_[at].number != 0; at = (at + 1) & mask()) {
            const std::size_t from_choice = (at - cells_[at].hash) & mask();
            if (from_choice < ((at - hole) & mask())) continue;
            cells_[hole] = cells_[at];
            hole = at;
        }
        cells_[hole] = Cell{};
    }

    std::deque<Row> rows_;  // rows never move
    std::vector<std::uint32_t> free_;
    std::vector<Cell> cells_;  // a power of two of them, at most half in use
    std::size_t size_ = 0;
};

}  // namespace baton::queue
