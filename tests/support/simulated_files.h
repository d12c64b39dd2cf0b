// The journal's file system on a SimulatedDisk.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/simulated_disk.h"

namespace baton::test {

class SimulatedOpenFile final : public queue::journal::File {
public:
    SimulatedOpenFile(SimulatedDisk& disk, std::shared_ptr<sim::SimFile> file)
        : disk_(disk), file_(std::move(file)) {}

    Result<void> write(std::uint64_t offset, std::string_view data) override {
        const auto outcome = disk_.call(SimulatedDisk::Call::write);
        if (outcome) {
            file_->write(offset, data);
        } else {  // it may have done half of its work, in whole sectors
            const auto middle = (offset + data.size() / 2) / sim::sector * sim::sector;
            if (middle > offset) file_->write(offset, data.substr(0, middle - offset));
        }
        return outcome;
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
        const auto& data = file_->current;
        if (offset >= data.size()) return 0;
        return data.copy(into.data(), into.size(), offset);
    }
    Result<void> allocate(std::uint64_t size) override {
        BATON_TRY_VOID(disk_.call(SimulatedDisk::Call::allocate));
        if (disk_.used() + size > disk_.space_) return fail(Errc::storage_full, "no space");
        file_->current.resize(size, '\0');
        return {};
    }
    Result<void> sync() override {
        const auto outcome = disk_.call(SimulatedDisk::Call::sync);
        if (outcome) {
            file_->sync();
        } else {
            disk_.sync_failed(*file_);
        }
        return outcome;
    }
    Result<std::uint64_t> size() override { return file_->current.size(); }

private:
    SimulatedDisk& disk_;
    std::shared_ptr<sim::SimFile> file_;
};

class SimulatedFiles final : public queue::journal::FileSystem {
public:
    explicit SimulatedFiles(SimulatedDisk& disk) : disk_(disk) {}

    Result<std::unique_ptr<queue::journal::File>> open(
        const std::string& name, Mode mode) override {
        BATON_TRY_VOID(disk_.call(SimulatedDisk::Call::open));
        if (mode == Mode::create) {
            auto file = std::make_shared<sim::SimFile>();
            disk_.change([=](sim::Names& names) { names[name] = file; });
        }
        const auto found = disk_.names_.find(name);
        if (found == disk_.names_.end()) return fail(Errc::not_found, "no file " + name);
        return std::make_unique<SimulatedOpenFile>(disk_, found->second);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        BATON_TRY_VOID(disk_.call(SimulatedDisk::Call::rename));
        disk_.change([=](sim::Names& names) {
            const auto entry = names.find(from);
            if (entry == names.end()) return;
            auto file = entry->second;
            names.erase(entry);
            names[to] = std::move(file);
        });
        return {};
    }
    Result<void> remove(const std::string& name) override {
        BATON_TRY_VOID(disk_.call(SimulatedDisk::Call::remove));
        disk_.change([=](sim::Names& names) { names.erase(name); });
        return {};
    }
    Result<std::vector<std::string>> list() override { return disk_.names(); }
    Result<void> sync_folder() override {
        BATON_TRY_VOID(disk_.call(SimulatedDisk::Call::sync_folder));
        disk_.settle_names();
        return {};
    }

private:
    SimulatedDisk& disk_;
};

inline std::unique_ptr<queue::journal::FileSystem> SimulatedDisk::files() {
    return std::make_unique<SimulatedFiles>(*this);
}

}  // namespace baton::test
