// Queues in log mode, and the output of messages.
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/log_client.h"
#include "model/codec.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

// One wait of --follow; then it asks again.
constexpr Duration follow_wait{30'000};

void print_committed(Context& context, const client::SubscriptionPath& path, std::uint64_t seq) {
    if (context.options.json) {
        print_json(context, json::object{{"committed", seq}});
    } else {
        context.terminal.out << fmt::format("{}: committed up to {}\n", path.name.text, seq);
    }
}

void print_removed(Context& context, const json::object& object, const std::string& text) {
    if (context.options.json) {
        print_json(context, object);
    } else {
        context.terminal.out << text << '\n';
    }
}

void print_events(Context& context, const OutputPage& page) {
    for (const OutputEvent& event : page.events) {
        if (context.options.json) {
            std::string line;
            append_json(line, event);
            print_json(context, line);
        } else {
            context.terminal.out << event.data.view() << '\n';
        }
    }
    context.terminal.out << std::flush;
}

}  // namespace

Result<void> execute(Context& context, const QueueOutputOptions& options) {
    client::OutputClient outputs(context.connection());
    client::OutputOptions request{.from = options.from};
    while (true) {
        BATON_TRY(const auto page, context.ask(outputs.read(options.message, request)));
        print_events(context, page);
        request.from = page.next;
        request.wait = options.follow ? follow_wait : Duration(0);
        if (page.ended || (!options.follow && page.events.empty())) break;
    }
    return {};
}

Result<void> execute(Context& context, const LogSubscribeOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY(const auto committed,
        context.ask(options.seek ? logs.seek(options.path, options.start)
                                 : logs.subscribe(options.path, options.start)));
    print_committed(context, options.path, committed);
    return {};
}

Result<void> execute(Context& context, const LogUnsubscribeOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY_VOID(context.ask(logs.unsubscribe(options.path)));
    print_removed(context, {{"unsubscribed", options.path.name.text}},
        options.path.name.text + ": forgotten");
    return {};
}

Result<void> execute(Context& context, const LogListOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY(const auto all, context.ask(logs.subscriptions(options.queue)));
    if (context.options.json) {
        json::array list;
        for (const auto& subscription : all) list.push_back(baton::to_json(subscription));
        print_json(context, json::object{{"subscriptions", std::move(list)}});
        return {};
    }
    Table table({"NAME", ">COMMITTED", ">LAG"});
    for (const auto& subscription : all) {
        table.add({subscription.name.text, std::to_string(subscription.committed),
            std::to_string(subscription.lag)});
    }
    table.print(context.terminal.out, context.out_colours());
    return {};
}

Result<void> execute(Context& context, const LogFetchOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY(const auto messages, context.ask(logs.fetch(options.path, options.fetch)));
    if (context.options.json) {
        print_json(context, messages_json(messages));
    } else {
        Table table({">SEQ", "POSTED", "CONTENT"});
        for (const auto& message : messages) {
            table.add({std::to_string(message.id.seq), show_time(message.posted_at),
                show_content(message)});
        }
        table.print(context.terminal.out, context.out_colours());
    }
    if (!options.commit || messages.empty()) return {};
    context.terminal.out << std::flush;  // seen before it is done with
    BATON_TRY_VOID(context.ask(logs.commit(options.path, messages.back().id.seq)));
    return {};
}

Result<void> execute(Context& context, const LogCommitOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY_VOID(context.ask(logs.commit(options.path, options.seq)));
    print_committed(context, options.path, options.seq);
    return {};
}

Result<void> execute(Context& context, const LogTruncateOptions& options) {
    client::LogClient logs(context.connection());
    BATON_TRY(const auto removed, context.ask(logs.truncate_before(options.queue, options.before)));
    print_removed(context, {{"removed", removed}}, fmt::format("removed {} messages", removed));
    return {};
}

}  // namespace baton::cli
