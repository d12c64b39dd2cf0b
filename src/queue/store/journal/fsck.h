// Looking a journal over without the daemon, and mending what can be mended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/store/journal/file_system.h"

namespace baton::queue::journal {

/// What was found in one file.
struct CheckedFile {
    std::string name;
    std::uint64_t bytes = 0;    ///< of the file
    std::uint64_t used = 0;     ///< where its last batch ends
    std::uint64_t batches = 0;  ///< whole ones
    std::uint64_t records = 0;
};

struct Finding {
    enum class Kind : std::uint8_t {
        torn_tail,  ///< the end of a write that a crash cut; the daemon cuts it by itself
        left_over,  ///< a file that is not needed any more; the daemon removes it by itself
        damage,     ///< something is lost; the daemon refuses to start
    };
    Kind kind = Kind::damage;
    std::string file;
    std::uint64_t offset = 0;
    std::string what;
    std::string repair;  ///< what was done about it; empty: nothing
};

struct FsckReport {
    std::vector<CheckedFile> files;
    std::vector<Finding> findings;
    std::uint64_t queues = 0;  ///< these three: when nothing is damaged (any more)
    std::uint64_t messages = 0;
    std::uint64_t live_bytes = 0;

    [[nodiscard]] bool has_damage() const;
};

/// Reads everything; changes nothing. Fails: what reading fails with, conflict (a newer version).
[[nodiscard]] Result<FsckReport> check_journal(FileSystem& files);

/// Makes the journal readable again, and nothing less is lost than what can't be read: torn tails
/// are cut, headers written again from their copies, damaged stretches copied to
/// `quarantine.<file>.<offset>` and replaced by a gap, files whose header is gone renamed to
/// `quarantine.<file>` and replaced by an empty one, queues whose description is lost named
/// `recovered-<number>`. Durable on return. Run it again after a crash. The report tells what was
/// found and done, then what there is now. Fails: as check_journal, and what writing fails with.
[[nodiscard]] Result<FsckReport> repair_journal(FileSystem& files);

}  // namespace baton::queue::journal
