// A disk that fails on request, between SQLite and the operating system.
#pragma once

#include <atomic>
#include <cstring>
#include <new>

#include <sqlite3.h>

namespace baton::test {

/// While it lives, new connections go through it (it is SQLite's default VFS). One at a time.
class FailingVfs final {
public:
    FailingVfs() : real_(sqlite3_vfs_find(nullptr)) {
        current_ = this;
        vfs_ = *real_;
        vfs_.zName = "failing";
        vfs_.pNext = nullptr;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = open;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~FailingVfs() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
        current_ = nullptr;
    }
    FailingVfs(const FailingVfs&) = delete;
    FailingVfs& operator=(const FailingVfs&) = delete;

    std::atomic<bool> fail_sync{false};
    std::atomic<int> write_error{SQLITE_OK};
    /// The write or sync after so many others fails, and all that follow; negative: none.
    std::atomic<int> calls_left{-1};
    [[nodiscard]] bool fired() const { return calls_left == 0; }

private:
    struct File {
        sqlite3_file base;
        sqlite3_io_methods methods;

        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    bool gives_out() { return calls_left == 0 || (calls_left > 0 && --calls_left == 0); }
    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

    /// Hands a call of the file to the real one.
    template <auto member, class... Args>
    static int forward(sqlite3_file* file, Args... args) {
        sqlite3_file* const real = of(file).real();
        return (real->pMethods->*member)(real, args...);
    }

    static int open(sqlite3_vfs*, const char* name, sqlite3_file* out, int flags, int* out_flags) {
        auto* const file = new (out) File{};
        const int code =
            current_->real_->xOpen(current_->real_, name, file->real(), flags, out_flags);
        if (file->real()->pMethods == nullptr) return code;
        using Io = sqlite3_io_methods;
        Io& io = file->methods;
        io.iVersion = 2;
        io.xClose = forward<&Io::xClose>;
        io.xRead = forward<&Io::xRead, void*, int, sqlite3_int64>;
        io.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
            const int error = current_->write_error;
            if (error != SQLITE_OK) return error;
            if (current_->gives_out()) return SQLITE_IOERR_WRITE;
            return forward<&Io::xWrite, const void*, int, sqlite3_int64>(f, data, size, at);
        };
        io.xTruncate = forward<&Io::xTruncate, sqlite3_int64>;
        io.xSync = [](sqlite3_file* f, int how) {
            if (current_->fail_sync || current_->gives_out()) return SQLITE_IOERR_FSYNC;
            return forward<&Io::xSync, int>(f, how);
        };
        io.xFileSize = forward<&Io::xFileSize, sqlite3_int64*>;
        io.xLock = forward<&Io::xLock, int>;
        io.xUnlock = forward<&Io::xUnlock, int>;
        io.xCheckReservedLock = forward<&Io::xCheckReservedLock, int*>;
        io.xFileControl = forward<&Io::xFileControl, int, void*>;
        io.xSectorSize = forward<&Io::xSectorSize>;
        io.xDeviceCharacteristics = forward<&Io::xDeviceCharacteristics>;
        io.xShmMap = forward<&Io::xShmMap, int, int, int, volatile void**>;
        io.xShmLock = forward<&Io::xShmLock, int, int, int>;
        io.xShmBarrier = [](sqlite3_file* f) {
            sqlite3_file* const real = of(f).real();
            real->pMethods->xShmBarrier(real);
        };
        io.xShmUnmap = forward<&Io::xShmUnmap, int>;
        file->base.pMethods = &io;
        return code;
    }

    static inline FailingVfs* current_ = nullptr;
    sqlite3_vfs* real_;
    sqlite3_vfs vfs_{};
};

}  // namespace baton::test
