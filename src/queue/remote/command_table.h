// All commands: their names, and what may be done when nobody knows whether one was executed.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "queue/remote/admin_commands.h"
#include "queue/remote/browser_commands.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/consumer_commands.h"
#include "queue/remote/log_commands.h"
#include "queue/remote/output_commands.h"
#include "queue/remote/producer_commands.h"

namespace baton::queue::remote {

/// When a request may be sent again.
enum class Repeat : std::uint8_t {
    harmless,    ///< always: done twice is done once, and the answer is as good
    unexecuted,  ///< when it was certainly not executed
    unsent,      ///< when no server looked at it: what one refuses may be half done
};

struct CommandInfo {
    CommandType type = CommandType::any;
    std::string_view name{};
    Repeat repeat = Repeat::unexecuted;
    /// It may wait on the server, or leases messages: who no longer wants the answer withdraws it.
    bool is_withdrawn = false;
};

/// The row of `type`; that of `any` for a number that is none.
[[nodiscard]] const CommandInfo& command_info(CommandType type) noexcept;

using AnyCommand = std::variant<PutQueue, GetQueue, ListQueues, DeleteQueue, Purge, SetPaused,
    PauseKey, Redrive, SetQuota, GetQuota, GetStats, Post, WaitReply, Cancel, Reschedule, Pop, Ack,
    Nack, Extend, SetCosts, AckAndPop, StoreReply, Peek, Get, Explain, AppendOutput, ReadOutput,
    Subscribe, Unsubscribe, ListSubscriptions, Fetch, Commit, Seek, TruncateBefore>;

/// The command of a request. Fails: protocol_error.
[[nodiscard]] Result<AnyCommand> decode_command(const RequestHead& head);

}  // namespace baton::queue::remote
