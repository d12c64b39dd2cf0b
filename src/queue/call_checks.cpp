#include "queue/call_checks.h"

#include <fmt/core.h>

#include "model/codec.h"

namespace baton::queue {

Result<void> check_queue(const QueueName& name, const QueueConfig& config) {
    BATON_TRY_VOID(parse_queue_name(name.text));
    const auto read_back = queue_config_from_json(to_json(config));
    if (read_back && *read_back == config) return {};
    if (read_back) return fail(Errc::invalid_argument, "the configuration is out of range");
    return fail_field(Errc::invalid_argument, read_back.error().field, read_back.error().detail);
}

Result<void> check_lease(Duration lease) {
    if (lease < Duration(1) || lease > CallLimits::lease_max) {
        return fail_field(Errc::invalid_argument, "lease_ms", "a lease lasts 1 ms to 12 hours");
    }
    return {};
}

Result<void> check_pop(const PopRequest& request) {
    if (request.max == 0 || request.max > CallLimits::pop_max) {
        return fail_field(Errc::invalid_argument, "max", "a pop takes 1 to 1,000 messages");
    }
    return check_lease(request.lease);
}

Result<void> check_receipts(std::size_t count, std::size_t min) {
    if (count < min || count > CallLimits::receipts_max) {
        return fail_field(Errc::invalid_argument, "receipts", "a call takes 1 to 10,000 receipts");
    }
    return {};
}

Result<void> check_nacks(const std::vector<NackRequest>& requests) {
    BATON_TRY_VOID(check_receipts(requests.size()));
    for (const auto& request : requests) {
        if (request.delay < Duration(0) || request.delay > MessageLimits::period_max) {
            return fail_field(Errc::invalid_argument, "delay_ms", "a delay is 0 to ten years");
        }
    }
    return {};
}

Result<void> check_charges(const std::vector<Charge>& charges) {
    BATON_TRY_VOID(check_receipts(charges.size()));
    for (const auto& charge : charges) {
        if (charge.cost < 1 || charge.cost > cost_max) {
            return fail_field(
                Errc::invalid_argument, "cost", fmt::format("a cost is 1 to {}", cost_max));
        }
    }
    return {};
}

Result<void> check_redrive(const RedriveRequest& request) {
    if (request.ids.size() > RedriveRequest::ids_max) {
        return fail_field(
            Errc::invalid_argument, "ids", fmt::format("at most {} ids", RedriveRequest::ids_max));
    }
    if (request.rate_per_second > RedriveRequest::rate_max) {
        return fail_field(Errc::invalid_argument, "rate_per_second",
            fmt::format("at most {} a second", RedriveRequest::rate_max));
    }
    return {};
}

Result<void> check_events(std::size_t count) {
    if (count == 0 || count > CallLimits::events_max) {
        return fail_field(Errc::invalid_argument, "events", "an append takes 1 to 1,000 events");
    }
    return {};
}

Result<void> check_messages(const std::vector<NewMessage>& messages) {
    if (messages.empty() || messages.size() > CallLimits::messages_max) {
        return fail_field(Errc::invalid_argument, "messages", "a post takes 1 to 10,000 messages");
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto good = check_message(messages[i]);
        if (good) continue;
        if (messages.size() > 1) {
            good.error().field = fmt::format("messages[{}].{}", i, good.error().field);
        }
        return good;
    }
    return {};
}

}  // namespace baton::queue
