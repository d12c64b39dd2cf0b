// What the user asked for, as values: the command line without its syntax.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "cli/cluster_options.h"
#include "client/dialog_client.h"
#include "client/log_client.h"
#include "client/queue_client.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::cli {

struct GlobalOptions {
    std::string
        url;  ///< empty: from the environment, else the data folder's daemon, else the default
    std::string key;  ///< empty: from the environment, else the data folder's admin key
    std::filesystem::path data_dir = "./data";
    bool json = false;
    bool verbose = false;
};

struct StartOptions {
    std::filesystem::path config;       ///< empty: none
    std::vector<std::string> settings;  ///< key=value
    std::filesystem::path log_file;     ///< empty: batond.log in the data folder
    Duration timeout{30'000};
};
struct StopOptions {
    Duration timeout{60'000};
};
struct StatusOptions {};

struct SendOptions {
    client::OutgoingMessage message;
    bool wait = false;
    Duration timeout{300'000};  ///< of the wait
};
struct ChatOptions {
    client::OutgoingMessage message;  ///< without content
    Duration timeout{300'000};        ///< for each answer
};

struct QueueCreateOptions {
    QueueName name;
    QueueConfig config;
    std::optional<TenantId> owner;
};
struct QueueListOptions {};
/// Operations on one queue that need nothing but its name.
struct QueueNameOptions {
    enum class Operation : std::uint8_t { stats, purge, remove, pause, resume } operation;
    QueueName name;
    std::string ordering_key{};  ///< of pause and resume: only this key
    std::string fairness_key{};
};
struct QueueRedriveOptions {
    RedriveRequest request;
};
struct MessageExplainOptions {
    MessageId message;
};
/// Of a message to an agent: what its run has done.
struct MessageStepsOptions {
    MessageId message;
};
struct MessageRescheduleOptions {
    MessageId message;
    Duration delay{0};
};
struct QuotaOptions {
    std::string tenant;
    std::optional<std::uint64_t> limit{};  ///< absent: only show it
};
struct QueuePostOptions {
    QueueName name;
    NewMessage message;  ///< its content: the text given
    bool lines = false;  ///< each line of standard input is a message
};
struct QueuePopOptions {
    QueueName name;
    client::PopOptions pop;
    bool ack = false;
};
struct QueueSettleOptions {
    enum class Verb : std::uint8_t { ack, nack, extend } verb;
    QueueName name;
    std::vector<std::string> receipts;
    client::NackOptions nack{};
    Duration lease{30'000};
};
struct QueuePeekOptions {
    QueueName name;
    client::PeekOptions peek;
};

struct QueueOutputOptions {
    MessageId message;
    std::uint64_t from = 0;
    bool follow = false;  ///< until the message is finished
};

struct LogSubscribeOptions {
    client::SubscriptionPath path;
    std::string start = "earliest";
    bool seek = false;  ///< move one that exists
};
struct LogUnsubscribeOptions {
    client::SubscriptionPath path;
};
struct LogListOptions {
    QueueName queue;
};
struct LogFetchOptions {
    client::SubscriptionPath path;
    client::FetchOptions fetch;
    bool commit = false;  ///< what was printed
};
struct LogCommitOptions {
    client::SubscriptionPath path;
    std::uint64_t seq = 0;
};
struct LogTruncateOptions {
    QueueName queue;
    std::uint64_t before = 0;
};

struct ConversationListOptions {
    std::uint32_t limit = 20;
};
struct ConversationShowOptions {
    ConversationId id;
    std::uint32_t limit = 100;
};

struct KeyCreateOptions {
    std::string name;
    std::string role = "member";
    std::string chat_mode;  ///< empty: as the daemon is told
};
struct KeyListOptions {};
struct KeyRevokeOptions {
    KeyId id;
};

/// The table of LLM endpoints, or a new weight for one.
struct EndpointsOptions {
    std::string name;                       ///< empty: all
    std::optional<std::uint64_t> weight{};  ///< 0..1000
};

/// Handed on to batond, which knows the stores: fsck, export, import.
struct OfflineOptions {
    std::string tool;
    std::filesystem::path file;         ///< of an export; empty: none
    std::string store;                  ///< sqlite, journal, jetstream; empty: batond's choice
    std::string config;                 ///< of a cluster's daemons; empty: none
    std::vector<std::string> settings;  ///< key=value
    bool take_over = false;
    bool resume = false;
    bool repair = false;
};

/// Handed on to batond, which knows the databases: migrate up, down, status, new, export, import.
struct MigrateOptions {
    std::string tool;
    std::string file;                   ///< of an export or import; "-": a stream
    bool replaces = false;              ///< rows that are there go before an import
    std::string config;                 ///< the daemon's; empty: none
    std::vector<std::string> settings;  ///< key=value
    std::optional<int> to{};
    bool dry_run = false;
    std::string name;    ///< of a new step
    std::string folder;  ///< of the source tree
};

using Command = std::variant<StatusOptions, StartOptions, StopOptions, SendOptions, ChatOptions,
    QueueCreateOptions, QueueListOptions, QueueNameOptions, QueuePostOptions, QueuePopOptions,
    QueueSettleOptions, QueuePeekOptions, QueueRedriveOptions, MessageExplainOptions,
    MessageRescheduleOptions, QuotaOptions, QueueOutputOptions, LogSubscribeOptions,
    LogUnsubscribeOptions, LogListOptions, LogFetchOptions, LogCommitOptions, LogTruncateOptions,
    MessageStepsOptions, ConversationListOptions, ConversationShowOptions, KeyCreateOptions,
    KeyListOptions, KeyRevokeOptions, EndpointsOptions, OfflineOptions, MigrateOptions,
    ClusterUpOptions, ClusterDownOptions, ClusterStatusOptions, ClusterKillOptions>;

struct Invocation {
    GlobalOptions global;
    Command command;
};

}  // namespace baton::cli
