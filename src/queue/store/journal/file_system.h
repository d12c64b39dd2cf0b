// The journal's only door to the operating system, so that tests can put a disk of their own behind
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace baton::queue::journal {

/// An open file; closed when destroyed. `read` from any thread, the rest from one at a time.
/// Errors everywhere: storage_full (no space, quota, file descriptor), storage_io (all else).
class File {
public:
    virtual ~File() = default;

    /// Writes all of `data` at `offset`.
    [[nodiscard]] virtual Result<void> write(std::uint64_t offset, std::string_view data) = 0;
    /// Fills `into` from `offset`; returns fewer bytes only where the file ends.
    [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
    /// Makes a new file `size` bytes long, all zero; later writes inside need no more space.
    [[nodiscard]] virtual Result<void> allocate(std::uint64_t size) = 0;
    /// On return everything written survives a power cut.
    [[nodiscard]] virtual Result<void> sync() = 0;
    [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
};

/// One folder; names are those of files in it. Use from one thread at a time.
class FileSystem {
public:
    enum class Mode : std::uint8_t {
        create,     ///< a new file, or an emptied old one
        existing,   ///< to read and write
        read_only,  ///< to read
    };

    virtual ~FileSystem() = default;

    /// Fails also: not_found.
    [[nodiscard]] virtual Result<std::unique_ptr<File>> open(
        const std::string& name, Mode mode) = 0;
    /// Takes the place of `to`. Durable after `sync_folder`, like `remove` and the making of a
    /// file.
    [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
    /// Names of all that is there, also of what is no file and can't be opened.
    [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;
    [[nodiscard]] virtual Result<void> sync_folder() = 0;
};

/// The folder is made (mode 0700) when it is missing. Fails: storage_full, storage_io.
[[nodiscard]] Result<std::unique_ptr<FileSystem>> make_posix_file_system(
    std::filesystem::path folder);

/// One that no other call gives, here or elsewhere.
[[nodiscard]] std::uint64_t random_number();

}  // namespace baton::queue::journal
