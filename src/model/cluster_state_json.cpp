// What a daemon says of its cluster, in JSON.
#include <string_view>
#include <utility>

#include "model/codec.h"
#include "model/json_fields.h"

namespace baton {
namespace {

namespace json = boost::json;

json::array numbers(const std::vector<std::uint32_t>& values) {
    json::array list;
    for (const auto value : values) list.emplace_back(value);
    return list;
}

Result<std::vector<std::uint32_t>> read_numbers(const Fields& fields, std::string_view name) {
    std::vector<std::uint32_t> values;
    BATON_TRY(const auto* array, fields.array(name));
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        json::error_code wrong;
        values.push_back((*array)[i].to_number<std::uint32_t>(wrong));
        if (wrong) return fields.fail_at(element(name, i), "a partition is a number");
    }
    return values;
}

Result<ClusterState::Daemon> read_daemon(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    ClusterState::Daemon daemon;
    BATON_TRY(daemon.name, fields.text("name"));
    BATON_TRY(daemon.is_draining, fields.boolean("draining", false));
    BATON_TRY(daemon.may_lead, fields.boolean("may_lead", true));
    BATON_TRY(daemon.leads, read_numbers(fields, "leads"));
    return daemon;
}

}  // namespace

json::object to_json(const ClusterState& state) {
    json::array daemons;
    for (const auto& daemon : state.daemons) {
        daemons.push_back(json::object{{"name", daemon.name}, {"draining", daemon.is_draining},
            {"may_lead", daemon.may_lead}, {"leads", numbers(daemon.leads)}});
    }
    return {{"name", state.name}, {"daemon", state.daemon}, {"connected", state.is_connected},
        {"in_touch", state.is_in_touch}, {"partitions", state.partitions},
        {"leads", numbers(state.leads)}, {"without_leader", numbers(state.without_leader)},
        {"hanging", numbers(state.hanging)}, {"daemons", std::move(daemons)}};
}

Result<ClusterState> cluster_state_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    ClusterState state;
    BATON_TRY(state.name, fields.text("name"));
    BATON_TRY(state.daemon, fields.text("daemon"));
    BATON_TRY(state.is_connected, fields.boolean("connected", false));
    BATON_TRY(state.is_in_touch, fields.boolean("in_touch", false));
    BATON_TRY(const auto partitions, fields.integer("partitions", {.max = UINT32_MAX}));
    state.partitions = static_cast<std::uint32_t>(partitions);
    BATON_TRY(state.leads, read_numbers(fields, "leads"));
    BATON_TRY(state.without_leader, read_numbers(fields, "without_leader"));
    BATON_TRY(state.hanging, read_numbers(fields, "hanging"));
    BATON_TRY(const auto* daemons, fields.array("daemons"));
    for (std::size_t i = 0; daemons != nullptr && i < daemons->size(); ++i) {
        auto daemon = read_daemon((*daemons)[i]);
        if (!daemon) return fields.fail_at(element("daemons", i), std::move(daemon).error());
        state.daemons.push_back(*std::move(daemon));
    }
    return state;
}

}  // namespace baton
