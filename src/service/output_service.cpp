#include "service/output_service.h"

#include <utility>

#include "service/checks.h"

namespace baton::service {

Task<Result<std::uint64_t>> OutputService::append(const access::Identity& who, MessageId message,
    std::string receipt, std::vector<Bytes> events) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(in_range<std::size_t>("events", events.size(), 1, OutputLimits::events_max));
    BATON_CO_TRY_VOID(co_await system_.may_change(who, message));
    const auto parsed = Receipt::parse(receipt);
    if (!parsed || parsed->message != message) {
        co_return fail_field(
            Errc::invalid_receipt, "receipt", "`receipt` is no receipt of this message");
    }
    co_return co_await queues_.append_output(*parsed, std::move(events));
}

Task<Result<OutputPage>> OutputService::read(
    const access::Identity& who, MessageId message, OutputOptions options) {
    auto good = allow(who);
    if (good) {
        const auto most = static_cast<std::uint32_t>(OutputLimits::events_max);
        good = in_range<std::uint32_t>("max", options.max, 1, most);
    }
    if (good) good = in_range("wait_ms", options.wait, Duration(0), OutputLimits::wait_max);
    if (!good) return failed<OutputPage>(std::move(good).error());
    queue::OutputRequest request;
    request.message = message;
    request.from = options.from;
    request.max = options.max;
    request.wait = Deadline::after(options.wait);
    return queues_.read_output(request);
}

}  // namespace baton::service
