#include "cli/output.h"

#include <array>
#include <ostream>

#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::cli {

namespace json = boost::json;

void print_json(Context& context, const json::object& object) {
    print_json(context, std::string_view(json_text(object)));
}

void print_json(Context& context, std::string_view text) { context.terminal.out << text << '\n'; }

std::string show_time(std::optional<TimePoint> time) {
    if (!time || *time == TimePoint{}) return "-";
    auto text = to_rfc3339(*time).substr(0, 19);
    text[10] = ' ';
    return text;
}

std::string show_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> units{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string show_content(const MessageView& message) {
    if (!message.data) return "";
    const auto content = message.data->content.view();
    return is_utf8(content) ? std::string(content) : "base64:" + base64_encode(content);
}

std::string show_seconds(Duration duration) {
    return fmt::format("{:.3f} s", std::chrono::duration<double>(duration).count());
}

std::string show_partitions(const std::vector<std::uint32_t>& partitions) {
    std::string text = partitions.size() == 1 ? "partition" : "partitions";
    for (std::size_t i = 0; i < partitions.size();) {
        std::size_t last = i;
        while (last + 1 < partitions.size() && partitions[last + 1] == partitions[last] + 1) ++last;
        text += fmt::format("{}{}", i == 0 ? " " : ", ", partitions[i]);
        if (last > i) text += fmt::format("-{}", partitions[last]);
        i = last + 1;
    }
    return text;
}

json::object to_json(const client::Health& health) {
    json::object components;
    for (const auto& component : health.components) {
        json::object entry{{"status", component.healthy ? "healthy" : "unhealthy"}};
        if (!component.detail.empty()) entry["detail"] = component.detail;
        components[component.name] = std::move(entry);
    }
    json::object object{{"status", health.ready ? "healthy" : "unhealthy"}, {"phase", health.phase},
        {"version", health.version}, {"uptime", health.uptime.count()},
        {"components", std::move(components)}};
    if (health.cluster) object["cluster"] = baton::to_json(*health.cluster);
    return object;
}

json::object to_json(const client::ApiKey& key) {
    json::object object{{"id", key.id.text}, {"name", key.name}, {"role", key.role},
        {"created_at", to_rfc3339(key.created_at)}, {"revoked_at", nullptr},
        {"chat_mode", nullptr}};
    if (key.revoked_at) object["revoked_at"] = to_rfc3339(*key.revoked_at);
    if (!key.chat_mode.empty()) object["chat_mode"] = key.chat_mode;
    return object;
}

void print_stats_table(Context& context, const std::vector<OwnedStats>& all) {
    Table table({"QUEUE", "OWNER", ">READY", ">SCHEDULED", ">LEASED", ">DEAD", ">STORED", "STATE"});
    for (const auto& [owner, stats] : all) {
        table.add({stats.name.text, owner.text, std::to_string(stats.ready),
            std::to_string(stats.scheduled), std::to_string(stats.leased),
            std::to_string(stats.dead), show_bytes(stats.used_storage),
            stats.paused ? "paused" : "open"});
    }
    table.print(context.terminal.out, context.out_colours());
}

}  // namespace baton::cli
