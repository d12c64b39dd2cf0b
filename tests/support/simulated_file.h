// A file of a SimulatedDisk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace baton::test::sim {

inline constexpr std::size_t sector = 512;

/// Decides a question with so many answers.
using Choose = std::function<std::size_t(std::size_t)>;

/// What is on the platter, what the system shows, and what each sector may still become.
struct SimFile {
    /// What was written between two truncations.
    struct Stretch {
        std::size_t cut_to = 0;                                   ///< by the truncation before it
        std::map<std::size_t, std::vector<std::string>> written;  ///< by sector, oldest first
    };

    std::string durable;
    std::string current;
    std::vector<Stretch> pending{1};

    void write(std::uint64_t offset, std::string_view data) {
        if (data.empty()) return;
        if (current.size() < offset + data.size()) current.resize(offset + data.size(), '\0');
        current.replace(offset, data.size(), data);
        const std::size_t last = (offset + data.size() - 1) / sector;
        for (std::size_t i = offset / sector; i <= last; ++i) {
            pending.back().written[i].push_back(sector_of(current, i));
        }
    }
    void truncate(std::size_t size) {
        current.resize(size, '\0');
        pending.push_back({.cut_to = size, .written = {}});
    }
    /// What was forgotten before is not made durable by it.
    void sync() {
        *this = {.durable = after([](std::size_t n) { return n - 1; }), .current = current};
        durable.resize(current.size(), '\0');
    }
    /// What was not synced will never be, though it is shown still.
    void forget() { pending.assign(1, {}); }

    /// As it may be found after a power cut: of the truncations the first few were done, and each
    /// sector written before the next one has any of the contents it was given.
    [[nodiscard]] SimFile after_power_cut(const Choose& choose) const {
        const std::string found = after(choose);
        return {.durable = found, .current = found};
    }

private:
    [[nodiscard]] std::string after(const Choose& choose) const {
        std::string data = durable;
        const std::size_t stretches = pending.size() == 1 ? 1 : 1 + choose(pending.size());
        for (std::size_t i = 0; i < stretches; ++i) {
            if (i > 0) data.resize(std::min(data.size(), pending[i].cut_to));
            for (const auto& [number, versions] : pending[i].written) {
                const std::size_t version = choose(versions.size() + 1);
                if (version > 0) put(data, number, versions[version - 1]);
            }
        }
        return data;
    }
    /// Shorter where the file ends.
    static std::string sector_of(const std::string& data, std::size_t number) {
        return data.substr(number * sector, sector);
    }
    static void put(std::string& data, std::size_t number, const std::string& bytes) {
        data.resize(std::max(data.size(), number * sector + bytes.size()), '\0');
        data.replace(number * sector, bytes.size(), bytes);
    }
};

using Names = std::map<std::string, std::shared_ptr<SimFile>>;

}  // namespace baton::test::sim
