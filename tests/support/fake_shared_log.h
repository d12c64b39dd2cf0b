// A shared log in memory whose writers and answers a test can spoil.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "queue/store/shared_log.h"

namespace baton::test {

/// What all writers see.
struct SharedLogDisk {
    std::map<std::uint64_t, std::string> entries;  ///< by number
    std::uint64_t writer = 0;                      ///< who took over last
    std::uint64_t writers = 0;
    std::uint64_t room = UINT64_MAX;
    std::uint64_t size_max = UINT64_MAX;  ///< bytes of all entries: beyond it there is no room
    std::uint64_t released = 0;           ///< entries before it go with the next append
    /// Asked before each append: an error is its answer, and the entry is not added …
    std::function<Result<void>()> before_append = [] { return Result<void>(); };
    /// … or after it was.
    std::function<Result<void>()> after_append = [] { return Result<void>(); };
};

class FakeSharedLog final : public queue::SharedLog {
public:
    explicit FakeSharedLog(SharedLogDisk& disk) : disk_(disk), me_(++disk.writers) {}

    Result<Bounds> look() override {
        if (disk_.entries.empty()) return Bounds{};
        return Bounds{disk_.entries.begin()->first, disk_.entries.rbegin()->first};
    }
    Result<Bounds> take_over() override {
        disk_.writer = me_;
        return look();
    }
    Result<void> read(std::uint64_t from, const Visit& visit) override {
        std::size_t count = 0;
        for (auto entry = disk_.entries.lower_bound(from); entry != disk_.entries.end(); ++entry) {
            BATON_TRY_VOID(visit(entry->first, entry->second));
            on_read(++count);
        }
        return {};
    }
    std::uint64_t room() const override {
        std::uint64_t size = 0;
        for (const auto& [number, entry] : disk_.entries) size += entry.size();
        return std::min(disk_.room, disk_.size_max - std::min(disk_.size_max, size));
    }
    Result<void> append(std::uint64_t number, std::string_view entry) override {
        if (disk_.writer != me_) return fail(Errc::storage_io, "another writer has taken over");
        BATON_TRY_VOID(disk_.before_append());
        disk_.entries.emplace(number, entry);
        disk_.entries.erase(disk_.entries.begin(), disk_.entries.lower_bound(disk_.released));
        return disk_.after_append();
    }
    Result<void> release_before(std::uint64_t number) override {
        disk_.released = number;
        return {};
    }

    /// Called after each entry, with how many were read.
    std::function<void(std::size_t)> on_read = [](std::size_t) {};

private:
    SharedLogDisk& disk_;
    const std::uint64_t me_;
};

}  // namespace baton::test
