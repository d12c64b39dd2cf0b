#include "api/krpc/params.h"

#include <limits>
#include <utility>

#include <fmt/core.h>

namespace baton::api::krpc {

Result<QueueName> read_queue(const Params& params) {
    BATON_TRY(const auto text, params.fields.text("queue_id"));
    auto name = parse_queue_name(text);
    if (!name) return params.fields.fail_at("queue_id", std::move(name).error());
    return name;
}

Result<TenantId> read_tenant(const Params& params, std::string_view name) {
    BATON_TRY(const auto text, params.fields.text(name));
    auto tenant = parse_tenant_id(text);
    if (!tenant) return params.fields.fail_at(name, std::move(tenant).error());
    return tenant;
}

Result<MessageRef> read_ref(const Params& params) {
    BATON_TRY(const auto text, params.fields.text("message_id"));
    if (text.empty()) {
        return params.fields.fail_at("message_id", std::string("`message_id` is missing"));
    }
    return MessageRef(text);
}

Result<std::uint32_t> read_count(
    const Params& params, std::string_view name, std::int64_t fallback) {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    BATON_TRY(const auto number, params.fields.integer(name, {.fallback = fallback, .max = most}));
    return static_cast<std::uint32_t>(number);
}

Result<Duration> read_ms(const Params& params, std::string_view name, Duration fallback) {
    BATON_TRY(const auto number, params.fields.integer(name, {.fallback = fallback.count()}));
    return Duration(number);
}

Result<std::uint64_t> read_number(const Params& params, std::string_view name) {
    if (params.fields.find(name) == nullptr) {
        return params.fields.fail_at(name, fmt::format("`{}` is missing", name));
    }
    BATON_TRY(const auto number, params.fields.integer(name));
    return static_cast<std::uint64_t>(number);
}

Result<Encoding> read_encoding(const Params& params) {
    BATON_TRY(const auto text, params.fields.text("encoding"));
    if (text.empty() || text == "bytes") return Encoding::bytes;
    if (text == "base64") return Encoding::base64;
    return params.fields.fail_at("encoding", std::string("`encoding` is `bytes` or `base64`"));
}

Result<std::vector<std::string>> read_receipts(const Params& params, std::string_view name) {
    BATON_TRY(const auto* array, params.fields.array(name));
    std::vector<std::string> receipts;
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) {
            return params.fields.fail_at(element(name, i), std::string("a receipt is a string"));
        }
        receipts.emplace_back(*text);
    }
    return receipts;
}

}  // namespace baton::api::krpc
