// A disk in memory that forgets what was not synced, in every way a real one may, and fails when it
// is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "queue/store/journal/file_system.h"
#include "support/simulated_file.h"

namespace baton::test {

/// The disk outlives the file systems on it. Use from one thread.
class SimulatedDisk final {
public:
    enum class Call : std::uint8_t {
        write,
        sync,
        allocate,
        rename,
        remove,
        sync_folder,
        open,
        truncate,
        any
    };

    /// The `n`-th call of this kind from now fails (1, 2, …); with `for_ever` all later ones too.
    void fail_call(Call call, std::int64_t n, Errc code, bool for_ever = false) {
        failing_ = call;
        left_ = n;
        code_ = code;
        for_ever_ = for_ever;
        dark_ = fired_ = false;
    }
    /// The power goes at the `n`-th call from now: it and all later ones fail, and what was not
    /// synced by then may be found or not.
    void cut_power_at(std::int64_t n) {
        fail_call(Call::any, n, Errc::storage_io, true);
        dark_ = true;
    }
    void heal() { left_ = 0; }
    [[nodiscard]] bool fired() const noexcept { return fired_; }
    /// Allocations beyond so many bytes of all files fail with storage_full.
    void set_space(std::uint64_t bytes) { space_ = bytes; }

    [[nodiscard]] std::unique_ptr<queue::journal::FileSystem> files();

    /// The disk after a power cut in which `choose(n)` (0..n-1) decides each question: which of the
    /// latest folder changes are kept (a prefix of them), and for each sector not synced which of
    /// its contents.
    using Choose = sim::Choose;
    [[nodiscard]] SimulatedDisk after_power_cut(const Choose& choose) const {
        sim::Names names = durable_names_;
        const std::size_t kept = choose(folder_changes_.size() + 1);
        for (std::size_t i = 0; i < kept; ++i) folder_changes_[i](names);
        SimulatedDisk cut;
        for (const auto& [name, file] : names) {
            cut.names_[name] = std::make_shared<sim::SimFile>(file->after_power_cut(choose));
        }
        cut.durable_names_ = cut.names_;
        return cut;
    }
    /// Calls `visit` with every disk a power cut may leave, or `max` of them drawn by chance when
    /// there are more.
    void for_each_power_cut(std::size_t max, std::uint64_t seed,
        const std::function<void(SimulatedDisk)>& visit) const {
        std::vector<std::size_t> sizes;
        double count = 1;
        static_cast<void>(after_power_cut([&](std::size_t n) {
            sizes.push_back(n);
            count *= static_cast<double>(n);
            return n - 1;
        }));
        if (count > static_cast<double>(max)) return visit_some(max, seed, visit);
        std::vector<std::size_t> digits(sizes.size(), 0);
        while (true) {
            std::size_t next = 0;
            visit(after_power_cut(
                [&](std::size_t n) { return next < digits.size() ? digits[next++] % n : 0; }));
            std::size_t at = 0;
            while (at < digits.size() && ++digits[at] == sizes[at]) digits[at++] = 0;
            if (at == digits.size()) return;
        }
    }

    /// For tests that damage files behind the store's back.
    [[nodiscard]] std::string& bytes_of(const std::string& name) {
        return names_.at(name)->current;
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, file] : names_) all.push_back(name);
        return all;
    }
    void erase(const std::string& name) { names_.erase(name); }
    /// Another disk with the same files, everything on the platter.
    [[nodiscard]] SimulatedDisk copy() const {
        SimulatedDisk other;
        for (const auto& [name, file] : names_) {
            auto same = std::make_shared<sim::SimFile>();
            same->durable = same->current = file->current;
            other.names_[name] = same;
        }
        other.durable_names_ = other.names_;
        return other;
    }

private:
    friend class RecordingVfs;
    friend class SimulatedFiles;
    friend class SimulatedOpenFile;

    void visit_some(std::size_t max, std::uint64_t seed,
        const std::function<void(SimulatedDisk)>& visit) const {
        std::mt19937_64 random(seed);
        for (std::size_t i = 0; i < max; ++i) {
            visit(after_power_cut([&](std::size_t n) { return random() % n; }));
        }
    }
    [[nodiscard]] Result<void> call(Call kind) {
        if (left_ == 0 || (failing_ != kind && failing_ != Call::any)) return {};
        if (left_ > 1) {
            --left_;
            return {};
        }
        fired_ = true;
        if (!for_ever_) left_ = 0;
        return fail(code_, "a planned fault");
    }
    /// After a sync that failed the system drops what it should have written.
    void sync_failed(sim::SimFile& file) const {
        if (!dark_) file.forget();
    }
    void change(const std::function<void(sim::Names&)>& how) {
        how(names_);
        folder_changes_.push_back(how);
    }
    void settle_names() {
        for (const auto& change : folder_changes_) change(durable_names_);
        folder_changes_.clear();
    }
    [[nodiscard]] std::uint64_t used() const {
        std::uint64_t bytes = 0;
        for (const auto& [name, file] : names_) bytes += file->current.size();
        return bytes;
    }

    sim::Names names_;
    sim::Names durable_names_;
    std::vector<std::function<void(sim::Names&)>> folder_changes_;
    Call failing_ = Call::any;
    std::int64_t left_ = 0;
    Errc code_ = Errc::storage_io;
    bool for_ever_ = false;
    bool dark_ = false;
    bool fired_ = false;
    std::uint64_t space_ = UINT64_MAX;
};

}  // namespace baton::test
