// Calls of this daemon that wait for their answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "queue/cluster/directory.h"
#include "queue/cluster/partition_map.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue::cluster {

/// Each call ends once: by its answer, its deadline, its caller, or because the daemon it went to
/// leads no longer or cannot be heard. All methods from any thread.
class Calls {
public:
    using Answer = Result<Bytes>;

    /// Keeps a call; `number` names it. False after `close`: `done` was answered.
    bool add(std::uint64_t number, Partition partition, DaemonId to, Deadline deadline,
        Completion<Answer> done);
    /// Ends a call; nothing happens when it has ended.
    void finish(std::uint64_t number, Answer answer);
    /// Ends calls whose time is over, those whose daemon has not led for a while, and all when this
    /// daemon is cut off.
    void sweep(const Directory& directory);
    /// Ends those under way that `is_lost` says of to whom they went: their requests or answers may
    /// never come. With deadline_exceeded and `why`.
    void lose(const std::function<bool(const DaemonId& to)>& is_lost, const char* why);
    /// Ends all with shutting_down, and so every later one.
    void close();

    [[nodiscard]] std::uint64_t next_number();

private:
    struct Call {
        Partition partition = 0;
        DaemonId to;
        Deadline deadline;
        Deadline lost =
            Deadline::never();  ///< what it went to does not lead: until then it may answer
        Completion<Answer> done;
    };

    /// Those that `reason` gives one for: nullptr: it goes on.
    void end_some(const std::function<const char*(Call&)>& reason);

    std::mutex mutex_;
    std::unordered_map<std::uint64_t, Call> calls_;
    std::uint64_t next_ = 0;
    bool is_closed_ = false;
};

}  // namespace baton::queue::cluster
