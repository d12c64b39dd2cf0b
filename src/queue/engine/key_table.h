// Ordering and fairness keys as small numbers, kept while a message uses them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace baton::queue {

/// Counts uses of each key; a key without a use is forgotten and its number given to another.
/// `Entry` is what the queue keeps for each key beside its name.
template <class Entry>
class KeyTable {
public:
    /// The number of `key` with one use more; 0 for the empty key, which is none.
    std::uint32_t acquire(std::string_view key) {
        if (key.empty()) return 0;
        const auto found = numbers_.find(key);
        if (found != numbers_.end()) {
            ++at(found->second).uses;
            return found->second;
        }
        std::uint32_t number = 0;
        if (free_.empty()) {
            rows_.emplace_back();
            number = static_cast<std::uint32_t>(rows_.size());
        } else {
            number = free_.back();
            free_.pop_back();
        }
        Row& row = at(number);
        row = Row{.name = std::string(key), .uses = 1, .entry = Entry{}};
        numbers_.emplace(row.name, number);  // rows never move, so the view of the name stays good
        return number;
    }

    void release(std::uint32_t number) {
        if (number == 0 || --at(number).uses > 0) return;
        numbers_.erase(at(number).name);
        at(number) = Row{};
        free_.push_back(number);
    }

    [[nodiscard]] Entry& entry(std::uint32_t number) { return at(number).entry; }
    [[nodiscard]] const Entry& entry(std::uint32_t number) const { return rows_[number - 1].entry; }
    /// Empty for 0.
    [[nodiscard]] std::string_view name(std::uint32_t number) const {
        return number == 0 ? std::string_view() : std::string_view(rows_[number - 1].name);
    }
    [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }

private:
    struct Row {
        std::string name;
        std::uint32_t uses = 0;
        Entry entry{};
    };
    Row& at(std::uint32_t number) { return rows_[number - 1]; }

    std::deque<Row> rows_;
    std::vector<std::uint32_t> free_;
    boost::unordered_flat_map<std::string_view, std::uint32_t> numbers_;
};

}  // namespace baton::queue
