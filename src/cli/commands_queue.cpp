// Queues as a whole: make, list, count, operate.
#include <ostream>

#include <boost/json/array.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/queue_client.h"
#include "model/codec.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

void print_stats(Context& context, const QueueStats& stats) {
    auto& out = context.terminal.out;
    const auto row = [&](std::string_view name, const std::string& value) {
        out << fmt::format("{:<15}{}\n", name, value);
    };
    row("queue", stats.name.text + (stats.paused ? " (paused)" : ""));
    row("messages", stats.max_size == 0
                        ? std::to_string(stats.message_count)
                        : fmt::format("{} of {}", stats.message_count, stats.max_size));
    row("ready", std::to_string(stats.ready));
    row("scheduled", std::to_string(stats.scheduled));
    row("leased", std::to_string(stats.leased));
    row("dead", std::to_string(stats.dead));
    row("stored", show_bytes(stats.used_storage));
    row("created", show_time(stats.created_at));
    row("last used", show_time(stats.last_accessed));
    row("since start", fmt::format("{} posted, {} acked, {} expired", stats.posted_total,
                           stats.acked_total, stats.expired_total));
    Table table({"LEVEL", ">READY", ">LEASED"});
    for (std::size_t i = 0; i < level_count; ++i) {
        table.add({std::string(level_names[i]), std::to_string(stats.levels[i].ready),
            std::to_string(stats.levels[i].leased)});
    }
    out << '\n';
    table.print(out, context.out_colours());
}

Result<void> done(Context& context, const QueueNameOptions& options, const std::string& what) {
    if (context.options.json) {
        print_json(context, json::object{{"queue", options.name.text}, {"done", what}});
    } else {
        context.terminal.out << options.name.text << ": " << what << '\n';
    }
    return {};
}

Result<void> show_stats(Context& context, const QueueNameOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto stats, context.ask(queues.stats(options.name)));
    if (context.options.json) {
        print_json(context, baton::to_json(stats));
    } else {
        print_stats(context, stats);
    }
    return {};
}

Result<void> purge(Context& context, const QueueNameOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto count, context.ask(queues.purge(options.name)));
    if (context.options.json) {
        print_json(context, json::object{{"queue", options.name.text}, {"purged", count}});
        return {};
    }
    return done(context, options, fmt::format("purged {} messages", count));
}

Result<void> set_paused(Context& context, const QueueNameOptions& options, bool paused) {
    client::QueueClient queues(context.connection());
    const std::string what = paused ? "paused" : "resumed";
    const bool ordering = !options.ordering_key.empty();
    const std::string& key = ordering ? options.ordering_key : options.fairness_key;
    if (key.empty()) {
        BATON_TRY_VOID(context.ask(queues.set_paused(options.name, paused)));
        return done(context, options, what);
    }
    const auto kind = ordering ? KeyKind::ordering : KeyKind::fairness;
    BATON_TRY_VOID(context.ask(queues.pause_key(options.name, kind, key, paused)));
    return done(context, options, what + " " + key);
}

}  // namespace

Result<void> execute(Context& context, const QueueCreateOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(
        const auto info, context.ask(queues.put(options.name, options.config, options.owner)));
    if (context.options.json) {
        print_json(context, baton::to_json(info));
    } else {
        context.terminal.out << info.name.text << ": configured\n";
    }
    return {};
}

Result<void> execute(Context& context, const QueueListOptions&) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto infos, context.ask(queues.list()));
    if (context.options.json) {
        json::array list;
        for (const auto& info : infos) list.push_back(baton::to_json(info));
        print_json(context, json::object{{"queues", std::move(list)}});
        return {};
    }
    std::vector<OwnedStats> all;
    for (const auto& info : infos) {
        auto stats = context.ask(queues.stats(info.name));
        if (stats) all.push_back({info.owner, *std::move(stats)});  // else it was deleted meanwhile
    }
    print_stats_table(context, all);
    return {};
}

Result<void> execute(Context& context, const QueueNameOptions& options) {
    using Operation = QueueNameOptions::Operation;
    client::QueueClient queues(context.connection());
    switch (options.operation) {
        case Operation::stats: return show_stats(context, options);
        case Operation::purge: return purge(context, options);
        case Operation::remove: {
            BATON_TRY_VOID(context.ask(queues.remove(options.name)));
            return done(context, options, "deleted");
        }
        case Operation::pause: return set_paused(context, options, true);
        case Operation::resume: return set_paused(context, options, false);
    }
    return fail(Errc::internal, "no such operation");
}

}  // namespace baton::cli
