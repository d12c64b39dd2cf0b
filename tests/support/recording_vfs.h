// SQLite's files twice: real ones, and on a SimulatedDisk that knows what a power cut may leave and
// fails when it is told to.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <string>

#include <sqlite3.h>

#include "support/simulated_disk.h"

namespace baton::test {

/// While it records, new connections go through it (it is SQLite's default VFS). The disk must
/// outlive it, and it the connections. One at a time, use from one thread. Nothing is synced.
class RecordingVfs final {
public:
    explicit RecordingVfs(SimulatedDisk& disk) : disk_(disk) {
        current_ = this;
        vfs_ = *real_;
        vfs_.zName = "recording";
        vfs_.pNext = nullptr;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~RecordingVfs() {
        stop();
        current_ = nullptr;
    }
    RecordingVfs(const RecordingVfs&) = delete;
    RecordingVfs& operator=(const RecordingVfs&) = delete;

    /// The power goes: what open connections still do is not recorded, and new ones go past it.
    void stop() {
        if (!records_) return;
        records_ = false;
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
    }

    /// Puts the files of a disk into a folder, which has no others then.
    static void put(const SimulatedDisk& disk, const std::filesystem::path& folder) {
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::filesystem::remove(entry.path());
        }
        for (const auto& [name, file] : disk.names_) {
            std::ofstream(folder / name, std::ios::binary) << file->current;
        }
    }

private:
    using Call = SimulatedDisk::Call;
    using Io = sqlite3_io_methods;
    struct File {
        sqlite3_file base{};
        Io methods{};
        std::shared_ptr<sim::SimFile> twin;  ///< null: not recorded (the shared memory, say)
        bool is_new = false;                 ///< its name is not durable yet

        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
        [[nodiscard]] bool records() const { return twin && current_->records_; }
    };
    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

    template <auto Method>
    struct Forward;
    template <class R, class... Args, R (*Io::*Method)(sqlite3_file*, Args...)>
    struct Forward<Method> {
        static R call(sqlite3_file* file, Args... args) {
            sqlite3_file* const real = of(file).real();
            return (real->pMethods->*Method)(real, args...);
        }
    };

    /// SQLITE_OK, or the planned fault as the given kind of error.
    static int planned(Call call, int code) {
        const auto outcome = current_->disk_.call(call);
        if (outcome) return SQLITE_OK;
        return outcome.error().code == Errc::storage_full ? SQLITE_FULL : code;
    }

    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
        const auto real_write = Forward<&Io::xWrite>::call;
        if (!of(file).records()) return real_write(file, data, size, at);
        const int code = planned(Call::write, SQLITE_IOERR_WRITE);
        // Whoever fails may have done half of the work, in whole sectors.
        if (code != SQLITE_OK) {
            const auto sector = static_cast<sqlite3_int64>(sim::sector);
            size = static_cast<int>(
                std::max<sqlite3_int64>((at + size / 2) / sector * sector - at, 0));
        }
        const auto bytes = static_cast<std::size_t>(size);
        of(file).twin->write(
            static_cast<std::uint64_t>(at), {static_cast<const char*>(data), bytes});
        const int done = size == 0 ? SQLITE_OK : real_write(file, data, size, at);
        return code != SQLITE_OK ? code : done;
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        if (of(file).records()) {
            const int code = planned(Call::truncate, SQLITE_IOERR_TRUNCATE);
            if (code != SQLITE_OK) return code;
            of(file).twin->truncate(static_cast<std::size_t>(size));
        }
        return Forward<&Io::xTruncate>::call(file, size);
    }
    static int sync(sqlite3_file* file, int) {
        if (!of(file).records()) return SQLITE_OK;
        const int code = planned(Call::sync, SQLITE_IOERR_FSYNC);
        if (code == SQLITE_OK) {
            of(file).twin->sync();
        } else {
            current_->disk_.sync_failed(*of(file).twin);
        }
        if (code != SQLITE_OK || !of(file).is_new) return code;
        of(file).is_new = false;  // as SQLite's own VFS does after it has made a log or a journal
        return sync_folder();
    }
    static int sync_folder() {
        const int code = planned(Call::sync_folder, SQLITE_IOERR_DIR_FSYNC);
        if (code == SQLITE_OK) current_->disk_.settle_names();
        return code;
    }
    static int remove(sqlite3_vfs*, const char* name, int sync) {
        if (current_->records_) {
            const int code = planned(Call::remove, SQLITE_IOERR_DELETE);
            if (code != SQLITE_OK) return code;
            current_->disk_.change([file = short_name(name)](auto& names) { names.erase(file); });
        }
        const int code = current_->real_->xDelete(current_->real_, name, 0);
        return code == SQLITE_OK && sync != 0 && current_->records_ ? sync_folder() : code;
    }
    static std::string short_name(const char* name) {
        return std::filesystem::path(name).filename().string();
    }

    static int open(sqlite3_vfs*, const char* name, sqlite3_file* out, int flags, int* out_flags) {
        auto* const file = new (out) File{};
        const int kinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
        const bool records = current_->records_ && name != nullptr && (flags & kinds) != 0;
        if (records) {
            const int code = planned(Call::open, SQLITE_CANTOPEN);
            if (code != SQLITE_OK) return code;
        }
        const int code =
            current_->real_->xOpen(current_->real_, name, file->real(), flags, out_flags);
        if (file->real()->pMethods == nullptr) return code;
        if (records) {
            auto& disk = current_->disk_;
            const auto key = short_name(name);
            file->is_new = (flags & SQLITE_OPEN_MAIN_DB) == 0;
            if (!disk.names_.contains(key)) {
                auto twin = std::make_shared<sim::SimFile>();
                disk.change([=](sim::Names& names) { names[key] = twin; });
            }
            file->twin = disk.names_.at(key);
        }
        file->methods = *file->real()->pMethods;
        set_methods(file->methods);
        file->base.pMethods = &file->methods;
        return code;
    }
    static void set_methods(Io& io) {
        io.iVersion = 2;
        io.xClose = [](sqlite3_file* file) {
            const int code = Forward<&Io::xClose>::call(file);
            of(file).~File();
            return code;
        };
        io.xRead = Forward<&Io::xRead>::call;
        io.xWrite = write;
        io.xTruncate = truncate;
        io.xSync = sync;
        io.xFileSize = Forward<&Io::xFileSize>::call;
        io.xLock = Forward<&Io::xLock>::call;
        io.xUnlock = Forward<&Io::xUnlock>::call;
        io.xCheckReservedLock = Forward<&Io::xCheckReservedLock>::call;
        io.xFileControl = Forward<&Io::xFileControl>::call;
        io.xSectorSize = Forward<&Io::xSectorSize>::call;
        io.xDeviceCharacteristics = Forward<&Io::xDeviceCharacteristics>::call;
        io.xShmMap = Forward<&Io::xShmMap>::call;
        io.xShmLock = Forward<&Io::xShmLock>::call;
        io.xShmBarrier = Forward<&Io::xShmBarrier>::call;
        io.xShmUnmap = Forward<&Io::xShmUnmap>::call;
    }

    static inline RecordingVfs* current_ = nullptr;
    SimulatedDisk& disk_;
    bool records_ = true;
    sqlite3_vfs* real_ = sqlite3_vfs_find(nullptr);
    sqlite3_vfs vfs_{};
};

}  // namespace baton::test
