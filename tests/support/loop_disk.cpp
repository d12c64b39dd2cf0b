#include "support/loop_disk.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support/process.h"

namespace baton::test {
namespace {

// linux/fs/ext4/ext4.h; not in the headers for programs. Flag 2: the journal is not flushed either.
constexpr unsigned long ext4_ioc_shutdown = 0x8004587d;
constexpr std::uint32_t shutdown_without_flush = 2;

void run(const char* program, std::vector<std::string> arguments) {
    const auto finished = run_process(
        {.program = program, .arguments = std::move(arguments)}, std::chrono::seconds(60));
    if (finished.exit != Exit{.status = 0}) {
        throw std::runtime_error(std::string(program) + ": " + finished.err + finished.out);
    }
}

}  // namespace

bool LoopDisk::possible() {
    if (::geteuid() != 0) return false;
    try {
        const LoopDisk probe(16);
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

LoopDisk::LoopDisk(std::size_t megabytes) {
    std::filesystem::create_directory(mount_);
    run("/usr/bin/truncate", {"-s", std::to_string(megabytes) + "M", image_});
    run("/usr/sbin/mkfs.ext4",
        {"-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image_});
    mount();
}

LoopDisk::LoopDisk(const LoopDisk& other) {
    std::filesystem::create_directory(mount_);
    run("/usr/bin/cp", {"--sparse=always", other.image_, image_});
    mount();
}

LoopDisk::~LoopDisk() {
    try {
        unmount();
    } catch (const std::runtime_error&) {
        // Someone still has a file open: let go of the name, the rest goes with the last of them.
        const auto lazy = run_process({.program = "/usr/bin/umount", .arguments = {"-l", mount_}});
        static_cast<void>(lazy);
    }
}

void LoopDisk::mount() { run("/usr/bin/mount", {"-o", "loop", image_, mount_}); }

void LoopDisk::unmount() { run("/usr/bin/umount", {mount_}); }

void LoopDisk::cut_power() {
    const int fd = ::open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "opening the disk");
    std::uint32_t flag = shutdown_without_flush;
    const int failed = ::ioctl(fd, ext4_ioc_shutdown, &flag);
    const int error = errno;
    ::close(fd);
    if (failed != 0) throw std::system_error(error, std::generic_category(), "cutting the power");
}

void LoopDisk::power_on() {
    unmount();
    mount();
}

}  // namespace baton::test
