// A disk of its own for a test, whose power can be cut: ext4 in a file on a loop device.
#pragma once

#include <cstddef>
#include <filesystem>

#include "support/temp_dir.h"

namespace baton::test {

/// Mounted from construction to destruction. Needs root, loop devices and e2fsprogs; ask `possible`
/// first. Use from one thread.
class LoopDisk final {
public:
    /// Whether this machine lets the test mount such a disk.
    [[nodiscard]] static bool possible();

    /// An empty disk. Throws std::runtime_error with what the system said.
    explicit LoopDisk(std::size_t megabytes = 256);
    /// The disk as `other` would come back if its power went now: what has not reached the device
    /// is lost. Whoever writes to `other` must stand still meanwhile.
    [[nodiscard]] static LoopDisk crash_image(const LoopDisk& other) { return LoopDisk(other); }
    ~LoopDisk();
    LoopDisk& operator=(const LoopDisk&) = delete;

    /// Where it is mounted.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return mount_; }

    /// A power cut: what was not synced is gone, and every later write fails with EIO, until
    /// `power_on`.
    void cut_power();
    /// Mounts the disk again; every file on it must have been closed. ext4 replays its own journal.
    void power_on();

private:
    LoopDisk(const LoopDisk& other);
    void mount();
    void unmount();

    TempDir dir_;
    std::filesystem::path image_ = dir_ / "disk.img";
    std::filesystem::path mount_ = dir_ / "disk";
};

}  // namespace baton::test
