#include "api/krpc/calls.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <fmt/core.h>

#include "api/krpc/params.h"
#include "api/krpc/read_message.h"
#include "api/krpc/stream_calls.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton::api::krpc {
namespace {

namespace json = boost::json;

constexpr std::size_t buffer_size = 16'384;  // the tree of a call of a few kilobytes
constexpr std::size_t fields_max = 8;
constexpr std::int64_t message_size_max = 1 << 30;  // what a configuration may say at most
/// Of a pop that names none. kRPC's own clients know no way to renew a lease, so it has to last for
/// the work; who needs less or more says so.
constexpr Duration default_lease{300'000};

/// The interface's limits are given whole: what is absent, null or 0 is no limit. Baton's further
/// fields stay as they are when they are absent.
Result<json::object> read_config(const Params& params) {
    const auto* value = params.fields.find("config");
    json::object config{json::storage_ptr()};
    if (value != nullptr) {
        const auto* object = value->if_object();
        if (object == nullptr) {
            return params.fields.fail_at(
                "config", fmt::format("`config` must be an object, not {}", kind_name(*value)));
        }
        config = json::object(*object, json::storage_ptr());
    }
    const auto unlimited = [&config](std::string_view name, std::int64_t number) {
        json::value& limit = config[name];
        const auto* given = limit.if_int64();
        if (limit.is_null() || (given != nullptr && *given == 0)) limit = number;
    };
    unlimited("max_size", 0);
    unlimited("retention_period", 0);
    unlimited("max_message_size", message_size_max);
    const auto checked = queue_config_from_json(config);
    if (!checked) return fail(inside("config", checked.error()));
    return config;
}

Result<std::optional<TenantId>> read_owner(const Params& params) {
    if (params.fields.find("owner") == nullptr) return std::nullopt;
    BATON_TRY(auto owner, read_tenant(params, "owner"));
    return owner;
}

Result<Call> read_create(Params& params) {
    CreateQueue call;
    BATON_TRY(call.queue, read_queue(params));
    BATON_TRY(const auto config, read_config(params));
    BATON_TRY(call.config, queue_config_from_json(config));
    BATON_TRY(call.owner, read_owner(params));
    return call;
}

Result<Call> read_update(Params& params) {
    UpdateQueue call;
    BATON_TRY(call.queue, read_queue(params));
    BATON_TRY(call.config, read_config(params));
    BATON_TRY(call.owner, read_owner(params));
    return call;
}

/// A call that says nothing but its queue.
template <class Kind>
Result<Call> read_of_queue(Params& params) {
    BATON_TRY(auto queue, read_queue(params));
    return Kind{.queue = std::move(queue)};
}

/// The whole queue, or one key of it.
template <bool paused>
Result<Call> read_paused(Params& params) {
    SetPaused call{.paused = paused};
    BATON_TRY(call.queue, read_queue(params));
    const auto& fields = params.fields;
    const bool ordering = fields.find("ordering_key") != nullptr;
    const bool fairness = fields.find("fairness_key") != nullptr;
    if (ordering && fairness) {
        return fields.fail_at("fairness_key", std::string("one key at a time"));
    }
    if (!ordering && !fairness) return call;
    BATON_TRY(const auto key, fields.text(ordering ? "ordering_key" : "fairness_key"));
    call.key = service::KeyPath{.queue = call.queue,
        .kind = ordering ? KeyKind::ordering : KeyKind::fairness,
        .key = std::string(key)};
    return call;
}

Result<Call> read_list(Params&) { return ListQueues{}; }

Result<Call> read_redrive(Params& params) {
    BATON_TRY(const auto queue, read_queue(params));
    params.value.get_object().erase("queue_id");
    BATON_TRY(auto request, redrive_from_json(queue, params.value));
    return Redrive{.request = std::move(request)};
}

Result<std::optional<Durability>> read_durability(const Params& params) {
    if (params.fields.find("durability") == nullptr) return std::nullopt;
    BATON_TRY(const auto text, params.fields.text("durability"));
    auto durability = parse_durability(text);
    if (!durability) return params.fields.fail_at("durability", std::move(durability).error());
    return *durability;
}

Result<void> add_message(Post& post, json::value& value, std::string_view place) {
    auto read = read_message(value, post.queue);
    if (!read) return fail(inside(place, std::move(read).error()));
    post.messages.push_back(std::move(read->message));
    post.ids.push_back(std::move(read->id));
    return {};
}

Result<Call> read_post(Params& params) {
    Post post;
    BATON_TRY(post.queue, read_queue(params));
    BATON_TRY(post.durability, read_durability(params));
    auto* message = params.value.get_object().if_contains("message");
    if (message == nullptr) {
        return params.fields.fail_at("message", std::string("`message` is missing"));
    }
    BATON_TRY_VOID(add_message(post, *message, "message"));
    return post;
}

Result<Call> read_post_many(Params& params) {
    Post post{.single = false};
    BATON_TRY(post.queue, read_queue(params));
    BATON_TRY(post.durability, read_durability(params));
    BATON_TRY(const auto* found, params.fields.array("messages"));
    if (found == nullptr || found->empty()) {
        return params.fields.fail_at("messages", std::string("there is no message"));
    }
    if (found->size() > post_count_max) {
        return fail_field(Errc::payload_too_large, "messages",
            fmt::format("{} messages in one post, {} are allowed", found->size(), post_count_max));
    }
    json::array& messages = params.value.get_object().at("messages").get_array();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        BATON_TRY_VOID(add_message(post, messages[i], element("messages", i)));
    }
    return post;
}

Result<Pop> read_pop_options(const Params& params) {
    Pop pop;
    BATON_TRY(pop.queue, read_queue(params));
    BATON_TRY(pop.options.lease, read_ms(params, "lease_ms", default_lease));
    BATON_TRY(pop.options.wait, read_ms(params, "wait_ms", Duration(0)));
    if (params.fields.find("level") != nullptr) {
        BATON_TRY(const auto text, params.fields.text("level"));
        auto level = parse_level(text);
        if (!level) return params.fields.fail_at("level", std::move(level).error());
        pop.options.level = *level;
    }
    BATON_TRY(pop.ack, read_receipts(params, "ack"));
    BATON_TRY(pop.auto_ack, params.fields.boolean("auto_ack", false));
    BATON_TRY(pop.encoding, read_encoding(params));
    return pop;
}

Result<Call> read_pop(Params& params) { return read_pop_options(params); }

Result<Call> read_pop_many(Params& params) {
    BATON_TRY(auto pop, read_pop_options(params));
    pop.single = false;
    BATON_TRY(pop.options.max, read_count(params, "max", 1));
    return pop;
}

Result<Call> read_ack(Params& params) {
    BATON_TRY(auto receipts, read_receipts(params, "receipts"));
    return Ack{.receipts = std::move(receipts)};
}

Result<Call> read_nack(Params& params) {
    Nack nack;
    BATON_TRY(nack.receipts, read_receipts(params, "receipts"));
    BATON_TRY(nack.options.delay, read_ms(params, "delay_ms", Duration(0)));
    BATON_TRY(nack.options.reason, params.fields.text("reason"));
    return nack;
}

Result<Call> read_extend(Params& params) {
    Extend extend;
    BATON_TRY(extend.receipts, read_receipts(params, "receipts"));
    BATON_TRY(extend.lease, read_ms(params, "lease_ms", default_lease));
    return extend;
}

Result<Call> read_reply_call(Params& params) {
    const auto* value = params.fields.find("reply");
    if (value == nullptr) {
        return params.fields.fail_at("reply", std::string("`reply` is missing"));
    }
    auto reply = read_reply(*value);
    if (!reply) return fail(inside("reply", std::move(reply).error()));
    BATON_TRY(const auto outer, params.fields.text("message_id"));
    if (reply->message.empty()) reply->message = outer;
    if (reply->message.empty() || (!outer.empty() && outer != reply->message)) {
        return params.fields.fail_at("reply.message_id",
            std::string("`message_id` is missing, or is there twice and differs"));
    }
    if (params.fields.find("receipt") != nullptr) {
        BATON_TRY(const auto text, params.fields.text("receipt"));
        auto receipt = Receipt::parse(text);
        if (!receipt) return fail(inside("receipt", std::move(receipt).error()));
        reply->receipt = *receipt;
    }
    return *std::move(reply);
}

Result<Call> read_get_reply(Params& params) {
    GetReply call;
    BATON_TRY(call.message, read_ref(params));
    BATON_TRY(call.wait, read_ms(params, "wait_ms", Duration(0)));
    BATON_TRY(call.encoding, read_encoding(params));
    return call;
}

Result<Call> read_get_message(Params& params) {
    GetMessage call;
    BATON_TRY(call.message, read_ref(params));
    BATON_TRY(call.encoding, read_encoding(params));
    return call;
}

Result<Call> read_peek(Params& params) {
    Peek call;
    BATON_TRY(call.queue, read_queue(params));
    if (params.fields.find("state") != nullptr) {
        BATON_TRY(const auto text, params.fields.text("state"));
        auto state = parse_message_state(text);
        if (!state) return params.fields.fail_at("state", std::move(state).error());
        call.options.state = *state;
    }
    BATON_TRY(call.options.limit, read_count(params, "limit", 100));
    BATON_TRY(const auto after, params.fields.integer("after"));
    call.options.after_seq = static_cast<std::uint64_t>(after);
    BATON_TRY(call.encoding, read_encoding(params));
    return call;
}

/// A call that says nothing but its message.
template <class Kind>
Result<Call> read_of_message(Params& params) {
    BATON_TRY(auto message, read_ref(params));
    return Kind{.message = std::move(message)};
}

Result<Call> read_reschedule(Params& params) {
    Reschedule call;
    BATON_TRY(call.message, read_ref(params));
    BATON_TRY(const auto delay,
        params.fields.integer("delay_ms", {.max = MessageLimits::period_max.count()}));
    call.delay = Duration(delay);
    return call;
}

/// How one method is read. `params`: what it may have; the rest is empty.
struct Reader {
    std::string_view name;
    Result<Call> (*read)(Params& params);
    std::array<std::string_view, fields_max> params;
};
constexpr std::array readers{
    Reader{"create_queue", read_create, {"queue_id", "config", "owner"}},
    Reader{"update_queue_config", read_update, {"queue_id", "config", "owner"}},
    Reader{"delete_queue", read_of_queue<DeleteQueue>, {"queue_id"}},
    Reader{"list_queues", read_list, {}},
    Reader{"get_queue", read_of_queue<GetQueue>, {"queue_id"}},
    Reader{"get_queue_stats", read_of_queue<GetStats>, {"queue_id"}},
    Reader{"purge_queue", read_of_queue<PurgeQueue>, {"queue_id"}},
    Reader{"pause_queue", read_paused<true>, {"queue_id", "ordering_key", "fairness_key"}},
    Reader{"resume_queue", read_paused<false>, {"queue_id", "ordering_key", "fairness_key"}},
    Reader{"redrive_messages", read_redrive,
        {"queue_id", "ids", "reason_contains", "dead_from", "dead_to", "limit", "rate_per_second",
            "target"}},
    Reader{"post_message", read_post, {"queue_id", "message", "durability"}},
    Reader{"post_messages", read_post_many, {"queue_id", "messages", "durability"}},
    Reader{"pop_message", read_pop,
        {"queue_id", "lease_ms", "wait_ms", "level", "ack", "auto_ack", "encoding"}},
    Reader{"pop_messages", read_pop_many,
        {"queue_id", "lease_ms", "wait_ms", "level", "ack", "auto_ack", "encoding", "max"}},
    Reader{"ack_messages", read_ack, {"receipts"}},
    Reader{"nack_messages", read_nack, {"receipts", "delay_ms", "reason"}},
    Reader{"extend_leases", read_extend, {"receipts", "lease_ms"}},
    Reader{"reply_to_message", read_reply_call, {"reply", "message_id", "receipt", "queue_id"}},
    Reader{"reply_message", read_reply_call, {"reply", "message_id", "receipt", "queue_id"}},
    Reader{"get_message_reply", read_get_reply, {"message_id", "wait_ms", "encoding", "queue_id"}},
    Reader{"get_message", read_get_message, {"message_id", "encoding"}},
    Reader{"peek_messages", read_peek, {"queue_id", "state", "limit", "after", "encoding"}},
    Reader{"cancel_message", read_of_message<CancelMessage>, {"message_id"}},
    Reader{"explain_message", read_of_message<Explain>, {"message_id"}},
    Reader{"reschedule_message", read_reschedule, {"message_id", "delay_ms"}},
    Reader{"append_output", read_append_output, {"message_id", "receipt", "events"}},
    Reader{"read_output", read_read_output, {"message_id", "from", "max", "wait_ms", "encoding"}},
    Reader{"subscribe", read_subscribe, {"queue_id", "subscription", "from"}},
    Reader{"seek_subscription", read_seek, {"queue_id", "subscription", "to"}},
    Reader{"unsubscribe", read_unsubscribe, {"queue_id", "subscription"}},
    Reader{"list_subscriptions", read_of_queue<ListSubscriptions>, {"queue_id"}},
    Reader{"fetch_messages", read_fetch,
        {"queue_id", "subscription", "after", "max", "wait_ms", "encoding"}},
    Reader{"commit_messages", read_commit, {"queue_id", "subscription", "seq"}},
    Reader{"truncate_queue", read_truncate, {"queue_id", "before"}},
    Reader{"get_quota", read_get_quota, {"tenant"}},
    Reader{"set_quota", read_set_quota, {"tenant", "limit_bytes"}},
};

constexpr std::array<std::string_view, readers.size()> names = [] {
    std::array<std::string_view, readers.size()> all;
    for (std::size_t i = 0; i < readers.size(); ++i) all[i] = readers[i].name;
    return all;
}();

std::unexpected<Error> unknown_method(std::string_view method) {
    if (method.empty()) {
        return fail_field(Errc::invalid_argument, "method", "`method` is missing or no string");
    }
    const auto near = nearest_name(method, names);
    return fail_field(Errc::route_not_found, "method",
        near ? fmt::format("no such method; did you mean `{}`?", *near)
             : std::string("no such method"));
}

}  // namespace

std::vector<std::string_view> method_names() { return {names.begin(), names.end()}; }

std::size_t method_index(std::string_view method) noexcept {
    return static_cast<std::size_t>(std::ranges::find(names, method) - names.begin());
}

Result<Call> read_call(std::string_view method, std::string_view body) {
    const std::size_t index = method_index(method);
    if (index == readers.size()) return unknown_method(method);
    const Reader& reader = readers[index];
    std::array<unsigned char, buffer_size> buffer;
    json::monotonic_resource resource(buffer.data(), buffer.size());
    BATON_TRY(auto whole, parse_json(body, &resource, json_depth_max + 2));
    auto* object = whole.if_object();
    if (object == nullptr) return fail(Errc::invalid_argument, "the call is no object");
    json::value& value = (*object)["params"];
    if (value.is_null()) value.emplace_object();
    const auto end = std::ranges::find(reader.params, std::string_view());
    // An empty list would allow all.
    static constexpr std::array<std::string_view, 1> none{""};
    std::span<const std::string_view> known(reader.params.begin(), end);
    if (known.empty()) known = none;
    auto fields = Fields::of(value, known, Errc::invalid_argument);
    if (!fields) {
        Error error = std::move(fields).error();
        if (error.field.empty()) error.field = "params";
        return fail(std::move(error));
    }
    Params params{.fields = *fields, .value = value};
    return reader.read(params);
}

}  // namespace baton::api::krpc
