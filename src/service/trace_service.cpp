#include "service/trace_service.h"

#include <utility>

#include "agents/trace.h"
#include "service/checks.h"

namespace baton::service {

Task<Result<TracePage>> TraceService::steps(const access::Identity& who, MessageId id,
    std::optional<std::uint32_t> after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(in_range<std::uint32_t>("page_size", limit, 1, MessageLimits::page_size_max));
    BATON_CO_TRY_VOID(co_await messages_.get(who, id, Duration(0)));
    BATON_CO_TRY(const auto page, co_await steps_.step_page(id, after, limit));
    TracePage trace{.next = page.next};
    BATON_CO_TRY(trace.steps, agents::trace_of(page));
    co_return trace;
}

}  // namespace baton::service
