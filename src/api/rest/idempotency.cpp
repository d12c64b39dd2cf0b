#include "api/rest/idempotency.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "api/rest/errors.h"
#include "runtime/run_on.h"

namespace baton::api::rest {
namespace {

constexpr std::string_view field_name = "Idempotency-Key";
/// When to ask again for the answer of a request that is under way, and for a cache that does not
/// say when.
constexpr Duration come_again{1'000};

/// Those that ask to come again are no end.
bool is_kept(int status) noexcept { return status < 500 && status != 408 && status != 429; }

net::Response to_response(KeptAnswer answer) {
    net::Response response;
    response.status = answer.status;
    response.content_type = std::move(answer.content_type);
    response.body = std::move(answer.body);
    return response;
}

net::Response shaped(std::string_view path, const Error& error) {
    return uses_envelope(path) ? envelope_error_response(error, SystemClock().now())
                               : error_response(error);
}

void mark_repeat(net::Response& response) { response.fields.set("Baton-Duplicate", "true"); }

}  // namespace

/// One request on its way to being done once.
struct Idempotency::Claim {
    std::string record_key;
    std::string lease_key;
    IdempotencyRecord record;  ///< ours, or of the attempt before
    bool is_first = true;
};

Idempotency::Idempotency(
    cache::Cache& cache, IdempotencyConfig config, MetricRegistry& registry, Log log)
    : cache_(cache), config_(config), metrics_(registry), log_(std::move(log)) {}

bool Idempotency::concerns(const net::Request& request) noexcept {
    return request.fields.has(field_name);
}

Task<Result<net::Response>> Idempotency::answer(Call& call, RouteHandler handler) {
    BATON_CO_TRY(const auto key, idempotency_key_of(call.request));
    // Cancelling does not reach it: a client that leaves comes again, and wants to find an answer.
    auto executor = co_await asio::this_coro::executor;
    auto doing = run_on(executor, once(call, handler, key));
    auto result = co_await std::move(doing);
    co_return result;
}

Task<Result<net::Response>> Idempotency::once(
    Call& call, RouteHandler handler, std::string_view key) {
    const auto name = name_of_key(call.who.key.view(), key);
    Claim claim{.record_key = "once/" + name,
        .lease_key = "once/" + name + "/lease",
        .record = {.fingerprint = fingerprint_of(call.request), .draw = draw_bits()}};
    BATON_CO_TRY_VOID(co_await stake(claim));
    if (claim.record.answer) {
        metrics_.came(KeyedRequest::repeat);
        auto known = to_response(*std::move(claim.record.answer));
        mark_repeat(known);
        co_return known;
    }
    metrics_.came(claim.is_first ? KeyedRequest::first : KeyedRequest::resumed);
    call.dedup_key = claim.record_key;
    call.draw = claim.record.draw;
    auto working = handler(call);
    auto result = co_await std::move(working);
    if (result && call.is_repeat) mark_repeat(*result);
    auto keeping = keep(call, std::move(claim), std::move(result));
    auto kept = co_await std::move(keeping);
    co_return kept;
}

/// On return the request is ours to do, under the draw of the record, or has its answer.
Task<Result<void>> Idempotency::stake(Claim& claim) {
    const auto is_first =
        co_await cache_.put_if_absent(claim.record_key, encode(claim.record), config_.ttl);
    if (!is_first) co_return fail(away(is_first.error()));
    claim.is_first = *is_first;
    if (!claim.is_first) {
        BATON_CO_TRY_VOID(co_await look(claim));
        if (claim.record.answer) co_return Result<void>();
    }
    const auto lease = std::min(config_.lease, config_.ttl);
    const auto is_ours = co_await cache_.put_if_absent(claim.lease_key, "1", lease);
    if (!is_ours) co_return fail(away(is_ours.error()));
    if (claim.is_first && *is_ours) co_return Result<void>();
    // The other attempt may have ended while we asked, and its record may have gone.
    BATON_CO_TRY_VOID(co_await look(claim));
    if (claim.record.answer) co_return Result<void>();
    if (!*is_ours) co_return fail(under_way());
    const auto put = co_await cache_.put(claim.record_key, encode(claim.record), config_.ttl);
    if (put) co_return Result<void>();
    co_await end_lease(claim);
    co_return fail(away(put.error()));
}

/// Takes the record over that is there; none: it went, or the cache is skipped.
Task<Result<void>> Idempotency::look(Claim& claim) {
    const auto bytes = co_await cache_.get(claim.record_key);
    if (!bytes) co_return fail(away(bytes.error()));
    if (!*bytes) co_return Result<void>();
    auto found = decode_record(**bytes);
    if (!found) co_return fail(away(found.error()));
    if (found->fingerprint != claim.record.fingerprint) {
        metrics_.came(KeyedRequest::other);
        co_return fail_field(Errc::already_exists, std::string(field_name),
            "this idempotency key is of another request; take a new one");
    }
    claim.record = *std::move(found);
    co_return Result<void>();
}

Error Idempotency::under_way() {
    metrics_.came(KeyedRequest::under_way);
    return {.code = Errc::conflict,
        .detail = "the first request with this idempotency key is under way",
        .field = std::string(field_name),
        .retry_after = come_again};
}

/// What is not taken back ends by itself.
Task<void> Idempotency::end_lease(const Claim& claim) {
    const auto erased = co_await cache_.erase(claim.lease_key);
    static_cast<void>(erased);
}

/// The answer as it is given. Whatever cannot be kept, the work is done, and who asked hears so.
Task<Result<net::Response>> Idempotency::keep(
    const Call& call, Claim claim, Result<net::Response> result) {
    net::Response response = result ? *result : shaped(call.request.path, result.error());
    if (!is_kept(response.status)) {
        co_await end_lease(claim);
        if (!result) co_return result;  // whole, for the log
        co_return response;
    }
    claim.record.answer = {
        .status = response.status, .content_type = response.content_type, .body = response.body};
    const auto kept = co_await cache_.put(claim.record_key, encode(claim.record), config_.ttl);
    // The lease ends by itself: who repeats sees the answer first.
    if (kept) co_return response;
    metrics_.lost_answer();
    if (const auto more = not_kept_.tells(kept.error().code, std::chrono::steady_clock::now())) {
        log_.warn("the answer to a request with an idempotency key is not kept; a repeat asks anew",
            {{"status", response.status}, {"error", to_string(kept.error())}, {"untold", *more}});
    }
    co_await end_lease(claim);
    co_return response;
}

/// Our cache is the caller's trouble for a while only, whatever ails it. What ails it, and where it
/// is, stands in the log.
Error Idempotency::away(const Error& error) {
    metrics_.came(KeyedRequest::refused);
    const bool is_told =
        error.code == Errc::unavailable || error.code == Errc::permission_denied;  // by the cache
    const auto more = is_told ? std::nullopt
                              : not_remembered_.tells(error.code, std::chrono::steady_clock::now());
    if (more) {
        log_.warn("a request with an idempotency key cannot be remembered",
            {{"error", to_string(error)}, {"untold", *more}});
    }
    return {.code = Errc::unavailable,
        .detail = "requests with an idempotency key cannot be remembered at the moment",
        .field = std::string(field_name),
        .retry_after = error.retry_after > Duration(0) ? error.retry_after : come_again};
}

}  // namespace baton::api::rest
