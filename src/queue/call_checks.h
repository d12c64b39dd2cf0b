// What a call of queue/queues.h may ask for: checked the same way wherever it is made, so that what
// is refused never travels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "queue/consumer.h"

namespace baton::queue {

/// The most one call may carry.
struct CallLimits {
    static constexpr std::size_t messages_max = 10'000;  ///< of a post
    static constexpr std::size_t receipts_max = 10'000;
    static constexpr std::uint32_t pop_max = 1'000;
    static constexpr std::uint32_t peek_max = 1'000;
    static constexpr std::uint32_t fetch_max = 1'000;
    static constexpr std::size_t events_max = 1'000;  ///< of an append, and of a page
    static constexpr Duration lease_max{12 * 3'600'000};
};

/// All fail with invalid_argument, and Error.field where one is at fault.
/// A name by the rules, and a configuration that a store can write and read back.
[[nodiscard]] Result<void> check_queue(const QueueName& name, const QueueConfig& config);
[[nodiscard]] Result<void> check_lease(Duration lease);
[[nodiscard]] Result<void> check_pop(const PopRequest& request);
[[nodiscard]] Result<void> check_receipts(std::size_t count, std::size_t min = 1);
[[nodiscard]] Result<void> check_nacks(const std::vector<NackRequest>& requests);
[[nodiscard]] Result<void> check_charges(const std::vector<Charge>& charges);
[[nodiscard]] Result<void> check_redrive(const RedriveRequest& request);
[[nodiscard]] Result<void> check_events(std::size_t count);

/// Fails also: invalid_message, as check_message, naming the message.
[[nodiscard]] Result<void> check_messages(const std::vector<NewMessage>& messages);

}  // namespace baton::queue
