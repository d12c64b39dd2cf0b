// Binding CLI11 options to our own types, with our own words for what is wrong. Include only from
// arguments*.cpp.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/result.h"
#include "base/text.h"
#include "cli/options.h"

namespace baton::cli {

/// Adds an option whose text `parse` (Result<T>(std::string_view)) turns into `target`.
template <class T, class Parse>
CLI::Option* add_parsed(
    CLI::App& app, const std::string& name, T& target, Parse parse, const std::string& help) {
    const auto read = [&target, parse](const std::string& text) {
        auto value = parse(text);
        if (!value) throw CLI::ValidationError(value.error().detail);
        target = *std::move(value);
    };
    return app.add_option_function<std::string>(name, read, help);
}

inline CLI::Option* add_duration(
    CLI::App& app, const std::string& name, Duration& target, const std::string& help) {
    return add_parsed(app, name, target, &parse_duration, help)
        ->type_name("DURATION")
        ->default_str(to_text(target));
}

inline CLI::Option* add_queue_name(CLI::App& app, QueueName& target) {
    return add_parsed(app, "QUEUE", target, &parse_queue_name, "name of the queue")
        ->required()
        ->type_name("");
}

inline CLI::Option* add_message_id(CLI::App& app, MessageId& target) {
    return add_parsed(app, "MESSAGE", target, &MessageId::parse, "id of the message")
        ->required()
        ->type_name("");
}

inline CLI::Option* add_priority(CLI::App& app, Level& target) {
    return add_parsed(app, "-p,--priority", target, &parse_level, "realtime, high, normal or low")
        ->type_name("LEVEL")
        ->default_str(std::string(to_string(target)));
}

/// A subcommand that fills an `Options` and becomes the invocation's command.
template <class Options, class Define>
CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name,
    const std::string& help, Options initial, Define define) {
    auto* command = parent.add_subcommand(name, help);
    command->fallthrough();
    auto options = std::make_shared<Options>(std::move(initial));
    define(*command, *options);
    command->callback([&invocation, options] { invocation.command = *options; });
    return command;
}

// The parts of the command line, one per file.
void define_queue_commands(CLI::App& app, Invocation& invocation);
void define_log_commands(CLI::App& app, Invocation& invocation);
void define_cluster_commands(CLI::App& app, Invocation& invocation);
void define_fsck_command(CLI::App& app, Invocation& invocation);
void define_migrate_commands(CLI::App& app, Invocation& invocation);
void define_archive_commands(CLI::App& queues, Invocation& invocation);

}  // namespace baton::cli
