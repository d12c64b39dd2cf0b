// Values as the CLI prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "cli/context.h"
#include "client/operator_client.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::cli {

/// One JSON text on a line of standard output.
void print_json(Context& context, const boost::json::object& object);
void print_json(Context& context, std::string_view json);

/// "2026-01-31 10:30:00"; "-" for never.
[[nodiscard]] std::string show_time(std::optional<TimePoint> time);

/// "12.3 MiB"
[[nodiscard]] std::string show_bytes(std::uint64_t bytes);

/// A content as a person can read it: text, or base64 when it is none.
[[nodiscard]] std::string show_content(const MessageView& message);

/// "0.123 s"
[[nodiscard]] std::string show_seconds(Duration duration);

/// "partitions 0-3, 7"; the numbers ascend.
[[nodiscard]] std::string show_partitions(const std::vector<std::uint32_t>& partitions);

[[nodiscard]] boost::json::object to_json(const client::Health& health);
[[nodiscard]] boost::json::object to_json(const client::ApiKey& key);

struct OwnedStats {
    TenantId owner;
    QueueStats stats;
};
/// Queues with their owners and counts, as a table.
void print_stats_table(Context& context, const std::vector<OwnedStats>& all);

}  // namespace baton::cli
