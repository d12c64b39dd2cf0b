#include "api/krpc/stream_calls.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "api/krpc/read_message.h"

namespace baton::api::krpc {
namespace {

Result<service::SubscriptionPath> read_path(const Params& params) {
    service::SubscriptionPath path;
    BATON_TRY(path.queue, read_queue(params));
    BATON_TRY(const auto text, params.fields.text("subscription"));
    auto name = parse_subscription_name(text);
    if (!name) return params.fields.fail_at("subscription", std::move(name).error());
    path.name = *std::move(name);
    return path;
}

/// "earliest", "latest", or a seq, as a number or as text.
Result<LogStart> read_start(const Params& params, std::string_view name) {
    const auto* value = params.fields.find(name);
    if (value == nullptr) return LogStart{};
    if (value->is_string()) {
        auto start = parse_log_start(value->get_string());
        if (!start) return params.fields.fail_at(name, std::move(start).error());
        return start;
    }
    BATON_TRY(const auto seq, params.fields.integer(name, {.min = 1}));
    return LogStart{.kind = LogStart::Kind::seq, .seq = static_cast<std::uint64_t>(seq)};
}

}  // namespace

Result<Call> read_append_output(Params& params) {
    AppendOutput call;
    BATON_TRY(call.message, read_ref(params));
    BATON_TRY(const auto receipt, params.fields.text("receipt"));
    call.receipt = receipt;
    BATON_TRY(const auto* events, params.fields.array("events"));
    if (events == nullptr || events->empty()) {
        return params.fields.fail_at("events", std::string("there is no event"));
    }
    for (std::size_t i = 0; i < events->size(); ++i) {
        BATON_TRY(auto event, bytes_from(params.fields, element("events", i), (*events)[i]));
        call.events.push_back(std::move(event));
    }
    return call;
}

Result<Call> read_read_output(Params& params) {
    ReadOutput call;
    BATON_TRY(call.message, read_ref(params));
    BATON_TRY(const auto from, params.fields.integer("from"));
    call.options.from = static_cast<std::uint64_t>(from);
    BATON_TRY(call.options.max, read_count(params, "max", call.options.max));
    BATON_TRY(call.options.wait, read_ms(params, "wait_ms", Duration(0)));
    BATON_TRY(call.encoding, read_encoding(params));
    return call;
}

Result<Call> read_subscribe(Params& params) {
    Subscribe call;
    BATON_TRY(call.path, read_path(params));
    BATON_TRY(call.start, read_start(params, "from"));
    return call;
}

Result<Call> read_seek(Params& params) {
    Seek call;
    BATON_TRY(call.path, read_path(params));
    if (params.fields.find("to") == nullptr) {
        return params.fields.fail_at("to", std::string("`to` is missing"));
    }
    BATON_TRY(call.start, read_start(params, "to"));
    return call;
}

Result<Call> read_unsubscribe(Params& params) {
    BATON_TRY(auto path, read_path(params));
    return Unsubscribe{.path = std::move(path)};
}

Result<Call> read_fetch(Params& params) {
    Fetch call;
    BATON_TRY(call.path, read_path(params));
    if (params.fields.find("after") != nullptr) {
        BATON_TRY(call.options.after, read_number(params, "after"));
    }
    BATON_TRY(call.options.max, read_count(params, "max", call.options.max));
    BATON_TRY(call.options.wait, read_ms(params, "wait_ms", Duration(0)));
    BATON_TRY(call.encoding, read_encoding(params));
    return call;
}

Result<Call> read_commit(Params& params) {
    CommitSeq call;
    BATON_TRY(call.path, read_path(params));
    BATON_TRY(call.seq, read_number(params, "seq"));
    return call;
}

Result<Call> read_truncate(Params& params) {
    Truncate call;
    BATON_TRY(call.queue, read_queue(params));
    BATON_TRY(call.before, read_number(params, "before"));
    return call;
}

Result<Call> read_get_quota(Params& params) {
    BATON_TRY(auto tenant, read_tenant(params, "tenant"));
    return GetQuota{.tenant = std::move(tenant)};
}

Result<Call> read_set_quota(Params& params) {
    SetQuota call;
    BATON_TRY(call.tenant, read_tenant(params, "tenant"));
    BATON_TRY(call.limit, read_number(params, "limit_bytes"));
    return call;
}

}  // namespace baton::api::krpc
