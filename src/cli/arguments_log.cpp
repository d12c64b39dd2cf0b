#include "cli/argument_kinds.h"

namespace baton::cli {
namespace {

void add_path(CLI::App& command, client::SubscriptionPath& path) {
    add_queue_name(command, path.queue);
    add_parsed(command, "NAME", path.name, &parse_subscription_name, "name of the subscription")
        ->required()
        ->type_name("");
}

CLI::Option* add_start(CLI::App& command, const std::string& name, std::string& target) {
    const auto parse = [](std::string_view text) -> Result<std::string> {
        BATON_TRY_VOID(parse_log_start(text));
        return std::string(text);
    };
    return add_parsed(command, name, target, parse, "earliest, latest, or the seq of a message");
}

void define_fetch(CLI::App& command, LogFetchOptions& options) {
    add_path(command, options.path);
    command.add_option("--after", options.fetch.after, "a seq (default: what is committed)");
    command.add_option("--max", options.fetch.max, "messages at most")->capture_default_str();
    add_duration(command, "--wait", options.fetch.wait, "how long to wait for one");
    command.add_flag("--commit", options.commit, "commit what was printed");
}

}  // namespace

void define_log_commands(CLI::App& app, Invocation& invocation) {
    auto* logs = app.add_subcommand("log", "work with queues in log mode");
    logs->require_subcommand(1)->fallthrough();
    add_command(*logs, invocation, "subscribe",
        "make a subscription; one that exists keeps its place", LogSubscribeOptions{},
        [](CLI::App& command, LogSubscribeOptions& options) {
            add_path(command, options.path);
            add_start(command, "--from", options.start)->default_str(options.start);
        })
        ->footer(
            "Example: baton queue create events --mode log && baton log subscribe events audit");
    LogSubscribeOptions seek;
    seek.seek = true;
    add_command(*logs, invocation, "seek", "put a subscription elsewhere, forwards or back", seek,
        [](CLI::App& command, LogSubscribeOptions& options) {
            add_path(command, options.path);
            add_start(command, "TO", options.start)->required()->type_name("");
        });
    add_command(*logs, invocation, "list", "who reads a log, and how far", LogListOptions{},
        [](CLI::App& command, LogListOptions& options) { add_queue_name(command, options.queue); });
    add_command(*logs, invocation, "fetch", "read on", LogFetchOptions{}, &define_fetch);
    add_command(*logs, invocation, "commit", "everything up to a seq is done with",
        LogCommitOptions{}, [](CLI::App& command, LogCommitOptions& options) {
            add_path(command, options.path);
            command.add_option("SEQ", options.seq, "as fetch printed it")
                ->required()
                ->type_name("");
        });
    add_command(*logs, invocation, "unsubscribe", "forget a subscription", LogUnsubscribeOptions{},
        [](CLI::App& command, LogUnsubscribeOptions& options) { add_path(command, options.path); });
    add_command(*logs, invocation, "truncate", "remove every message before a seq, read or not",
        LogTruncateOptions{}, [](CLI::App& command, LogTruncateOptions& options) {
            add_queue_name(command, options.queue);
            command.add_option("SEQ", options.before, "the first one to keep")
                ->required()
                ->type_name("");
        });
}

}  // namespace baton::cli
