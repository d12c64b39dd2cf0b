// What is written, one operation at a time, inside the caller's transaction. Blocking.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "conversations/conversations.h"
#include "conversations/transaction.h"

namespace baton::conversations {

// The meaning of each is that of the port's method.

[[nodiscard]] Result<bool> insert_conversation(
    Transaction& transaction, const Conversation& conversation);
[[nodiscard]] Result<bool> insert_message(Transaction& transaction, const DialogMessage& message);
[[nodiscard]] Result<bool> write_reply(
    Transaction& transaction, MessageId id, const DialogReply& reply);
[[nodiscard]] Result<void> write_failure(db::Connection& connection, const FailedRun& run);
[[nodiscard]] Result<bool> insert_step(
    db::Connection& connection, MessageId id, const RunStep& step);
[[nodiscard]] Result<void> insert_summary(db::Connection& connection, const Summary& summary);
/// RunSteps::finish.
[[nodiscard]] Result<bool> write_last_step(
    Transaction& transaction, MessageId id, const RunStep& last, const DialogReply& reply);

/// A message that goes back and forth between pending and processing.
struct Progress {
    MessageId id;
    DialogStatus status = DialogStatus::processing;  ///< pending | processing
    std::uint32_t retry_count = 0;
    std::string error{};
    TimePoint at{};
};
[[nodiscard]] Result<void> write_progress(db::Connection& connection, const Progress& progress);

}  // namespace baton::conversations
