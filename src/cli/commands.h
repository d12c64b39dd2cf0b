// What each command does. All block, print their own success, and return what went wrong.
#pragma once

#include "base/result.h"
#include "cli/context.h"
#include "cli/options.h"

namespace baton::cli {

// commands_daemon.cpp
[[nodiscard]] Result<void> execute(Context& context, const StartOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const StopOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const StatusOptions& options);

// commands_cluster.cpp
[[nodiscard]] Result<void> execute(Context& context, const ClusterUpOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ClusterDownOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ClusterStatusOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ClusterKillOptions& options);

// commands_dialog.cpp
[[nodiscard]] Result<void> execute(Context& context, const SendOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ChatOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ConversationListOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const ConversationShowOptions& options);

// commands_trace.cpp
[[nodiscard]] Result<void> execute(Context& context, const MessageStepsOptions& options);

// commands_queue.cpp
[[nodiscard]] Result<void> execute(Context& context, const QueueCreateOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QueueListOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QueueNameOptions& options);

// commands_message.cpp
[[nodiscard]] Result<void> execute(Context& context, const QueuePostOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QueuePopOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QueueSettleOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QueuePeekOptions& options);

// commands_care.cpp
[[nodiscard]] Result<void> execute(Context& context, const QueueRedriveOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const MessageExplainOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const MessageRescheduleOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const QuotaOptions& options);

// commands_log.cpp
[[nodiscard]] Result<void> execute(Context& context, const QueueOutputOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogSubscribeOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogUnsubscribeOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogListOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogFetchOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogCommitOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const LogTruncateOptions& options);

// commands_key.cpp
[[nodiscard]] Result<void> execute(Context& context, const KeyCreateOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const KeyListOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const KeyRevokeOptions& options);

// commands_endpoint.cpp
[[nodiscard]] Result<void> execute(Context& context, const EndpointsOptions& options);

// commands_offline.cpp
/// Becomes batond; returns only when that can't be.
[[nodiscard]] Result<void> execute(Context& context, const OfflineOptions& options);
[[nodiscard]] Result<void> execute(Context& context, const MigrateOptions& options);

/// All of standard input when `text` is "-", else `text`. One line end at the end is cut from
/// input. Fails: message_too_large above 64 MiB.
[[nodiscard]] Result<std::string> text_or_input(Context& context, const std::string& text);

}  // namespace baton::cli
