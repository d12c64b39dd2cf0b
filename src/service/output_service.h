// Output streams of messages, as every protocol reaches them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/access.h"
#include "queue/queues.h"
#include "service/system_queues.h"

namespace baton::service {

struct OutputLimits {
    static constexpr std::size_t events_max = 1'000;  ///< of one append, and of one page
    static constexpr Duration wait_max{60'000};
};

struct OutputOptions {
    std::uint64_t from = 0;     ///< offset of the first event wanted
    std::uint32_t max = 1'000;  ///< 1..events_max
    Duration wait{0};           ///< 0 .. wait_max
};

/// Checks permission and limits, then calls the queues; see QueueService for what holds for every
/// method. Safe to use from any thread.
class OutputService final {
public:
    /// `queues` must outlive the service.
    explicit OutputService(queue::Queues& queues) noexcept : queues_(queues), system_(queues) {}

    /// As Outputs::append_output. Fails also: invalid_receipt, when it is one of another message.
    [[nodiscard]] Task<Result<std::uint64_t>> append(const access::Identity& who, MessageId message,
        std::string receipt, std::vector<Bytes> events);

    /// As Outputs::read_output.
    [[nodiscard]] Task<Result<OutputPage>> read(
        const access::Identity& who, MessageId message, OutputOptions options);

private:
    queue::Outputs& queues_;
    SystemQueues system_;
};

}  // namespace baton::service
