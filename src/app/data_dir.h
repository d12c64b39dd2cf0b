// The data folder, held by one daemon at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace baton::app {

/// What the lock file tells about the daemon that holds it, as JSON: `baton` finds pid and address
/// there.
struct DaemonRecord {
    std::string url{};      ///< "http://127.0.0.1:8080"; empty while starting
    std::string metrics{};  ///< "127.0.0.1:9090"; empty when off
};

/// Holds the lock on `<path>/batond.lock` while it lives. The lock belongs to the open file (an OFD
/// lock), so it is gone when the process is, however it ends, and others can ask for it without
/// taking it.
class DataDir final {
public:
    /// Makes the folder with mode 0700 when it is missing, locks it and proves that it can be
    /// written. Fails: data_dir_unusable, data_dir_locked (naming the holder's pid).
    [[nodiscard]] static Result<std::unique_ptr<DataDir>> open(std::filesystem::path path);

    ~DataDir();
    DataDir(const DataDir&) = delete;
    DataDir& operator=(const DataDir&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    /// Whether the folder under the path is still the one that is held. One that was removed or
    /// replaced keeps nothing of what is written from then on, and another daemon may hold what
    /// stands there now. Fails: data_dir_unusable.
    [[nodiscard]] Result<void> check() const;

    /// Writes pid and record into the lock file. Fails: data_dir_unusable.
    [[nodiscard]] Result<void> publish(const DaemonRecord& record);

private:
    DataDir(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

    std::filesystem::path path_;
    int fd_;
};

}  // namespace baton::app
