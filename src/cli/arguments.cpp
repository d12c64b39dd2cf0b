#include "cli/arguments.h"

#include <sstream>

#include "base/error.h"
#include "cli/argument_kinds.h"

namespace baton::cli {
namespace {

constexpr auto examples = R"(Examples:
  baton start                                   start the daemon on ./data
  baton send "What is a lease?" --wait          ask the agent and print its answer
  echo "Summarise this" | baton send - --wait   the same from standard input
  baton chat                                    talk in one conversation
  baton queue create mail --max-size 1000
  baton queue post mail "hello" -p high
  baton queue pop mail --wait 10s --ack
  baton stop

Environment: BATON_URL and BATON_KEY stand for --url and --key; NO_COLOR turns colours off.
Exit status: 0 done, 2 bad input, 3 not found or not running, 4 no access, 5 conflict, 6 a limit,
7 unreachable, 8 time ran out, 9 the LLM provider, 10 storage, 11-13 ports and data folder, 78 configuration.)";

void define_global(CLI::App& app, GlobalOptions& global) {
    app.add_option("--url", global.url,
           "the daemon's address (default: the daemon on --data-dir, else http://127.0.0.1:8080)")
        ->type_name("URL");
    app.add_option("--key", global.key, "API key (default: admin.key in --data-dir)")
        ->type_name("KEY");
    app.add_option("--data-dir", global.data_dir, "data folder of a daemon on this machine")
        ->type_name("DIR")
        ->default_str("./data");
    app.add_flag("--json", global.json, "print JSON, errors too");
    app.add_flag("-v,--verbose", global.verbose, "say more on standard error");
}

void define_daemon_commands(CLI::App& app, Invocation& invocation) {
    add_command(app, invocation, "start", "start the daemon in the background", StartOptions{},
        [](CLI::App& command, StartOptions& options) {
            command.add_option("--config", options.config, "configuration file")->type_name("FILE");
            command.add_option("--set", options.settings, "one configuration key (repeatable)")
                ->type_name("KEY=VALUE")
                ->type_size(1)
                ->allow_extra_args(false);
            command
                .add_option(
                    "--log-file", options.log_file, "default: batond.log in the data folder")
                ->type_name("FILE");
            add_duration(
                command, "--timeout", options.timeout, "how long to wait until it is ready");
        })
        ->footer("Example: baton start --config configs/baton.yaml --set server.port=8081");
    add_command(app, invocation, "stop", "let the daemon finish its work and end", StopOptions{},
        [](CLI::App& command, StopOptions& options) {
            add_duration(command, "--timeout", options.timeout, "how long to wait for its end");
        });
    add_command(app, invocation, "status", "is it running and well? (exit status 3: not running)",
        StatusOptions{}, [](CLI::App&, StatusOptions&) {});
}

void add_addressing(CLI::App& command, client::OutgoingMessage& message) {
    command
        .add_option("-c,--conversation", message.conversation_id.text,
            "continue this conversation (default: a new one)")
        ->type_name("ID");
    command.add_option("-a,--agent", message.agent_id.text, "agent that answers")->type_name("ID");
    command.add_option("-u,--user", message.user_id.text, "user who asks")->type_name("ID");
    add_priority(command, message.priority);
}

void define_dialog_commands(CLI::App& app, Invocation& invocation) {
    add_command(app, invocation, "send", "send a message to an agent", SendOptions{},
        [](CLI::App& command, SendOptions& options) {
            command
                .add_option("TEXT", options.message.content, "the message; - reads standard input")
                ->required()
                ->type_name("");
            add_addressing(command, options.message);
            command.add_option("--metadata", options.message.metadata, "a JSON object")
                ->type_name("JSON");
            command.add_flag("-w,--wait", options.wait, "wait for the answer and print it");
            add_duration(command, "--timeout", options.timeout, "how long --wait waits");
        })
        ->footer(
            "Examples:\n  baton send \"What is a lease?\" --wait\n"
            "  baton send - --priority high < question.txt");
    add_command(app, invocation, "chat", "talk with an agent, line by line", ChatOptions{},
        [](CLI::App& command, ChatOptions& options) {
            add_addressing(command, options.message);
            add_duration(command, "--timeout", options.timeout, "how long to wait for each answer");
        })
        ->footer("Examples:\n  baton chat --conversation c_1f…\n  baton chat < questions.txt");

    auto* messages = app.add_subcommand("message", "look at messages to agents");
    messages->require_subcommand(1)->fallthrough();
    add_command(*messages, invocation, "steps", "what an agent has done with it, step by step",
        MessageStepsOptions{}, [](CLI::App& command, MessageStepsOptions& options) {
            add_message_id(command, options.message);
        });

    auto* conversations = app.add_subcommand("conversation", "look at conversations");
    conversations->require_subcommand(1)->fallthrough();
    add_command(*conversations, invocation, "list", "latest first", ConversationListOptions{},
        [](CLI::App& command, ConversationListOptions& options) {
            command.add_option("--limit", options.limit, "at most")
                ->check(CLI::Range(1, 100))
                ->capture_default_str();
        });
    add_command(*conversations, invocation, "show", "its messages and answers",
        ConversationShowOptions{}, [](CLI::App& command, ConversationShowOptions& options) {
            command.add_option("ID", options.id.text, "the conversation")
                ->required()
                ->type_name("");
            command.add_option("--limit", options.limit, "the last ones")
                ->check(CLI::Range(1, 100))
                ->capture_default_str();
        });
}

void define_key_commands(CLI::App& app, Invocation& invocation) {
    auto* keys = app.add_subcommand("key", "manage API keys (needs an admin key)");
    keys->require_subcommand(1)->fallthrough();
    add_command(*keys, invocation, "create", "make a key; its text is shown this once",
        KeyCreateOptions{}, [](CLI::App& command, KeyCreateOptions& options) {
            command.add_option("NAME", options.name, "what it is for")->required()->type_name("");
            command.add_option("--role", options.role, "member or admin")
                ->check(CLI::IsMember({"member", "admin"}))
                ->capture_default_str();
            command
                .add_option("--chat-mode", options.chat_mode,
                    "how its chats go that do not say: durable or pass-through")
                ->check(CLI::IsMember({"durable", "pass-through"}));
        });
    add_command(*keys, invocation, "list", "all keys, without their texts", KeyListOptions{},
        [](CLI::App&, KeyListOptions&) {});
    add_command(*keys, invocation, "revoke", "a key that must not be used any more",
        KeyRevokeOptions{}, [](CLI::App& command, KeyRevokeOptions& options) {
            command.add_option("ID", options.id.text, "the key's id")->required()->type_name("");
        });
}

void define_endpoints_command(CLI::App& app, Invocation& invocation) {
    add_command(app, invocation, "endpoints",
        "LLM endpoints: health, load, cost (needs an admin key)", EndpointsOptions{},
        [](CLI::App& command, EndpointsOptions& options) {
            auto* name = command.add_option("NAME", options.name, "one of them (default: all)")
                             ->type_name("");
            command
                .add_option("--weight", options.weight,
                    "give it this share of the work from now on; 0: none")
                ->check(CLI::Range(0, 1000))
                ->needs(name)
                ->type_name("N");
        })
        ->footer("Examples:\n  baton endpoints\n  baton endpoints main --weight 0");
}

/// CLI11 says only that a command is missing; say which one was not understood.
std::string what_is_wrong(
    const CLI::App& app, const CLI::ParseError& error, const std::string& said) {
    const CLI::App* last = &app;
    while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
    const auto rest = app.remaining(true);
    const auto commands = last->get_subcommands([](const CLI::App*) { return true; });
    if (rest.empty() || commands.empty() || error.get_name() != "RequiredError") return said;
    std::vector<std::string_view> names;
    for (const auto* command : commands) names.push_back(command->get_name());
    auto text = "no command `" + rest.front() + "`";
    if (const auto nearest = nearest_name(rest.front(), names)) {
        text += "; did you mean `" + std::string(*nearest) + "`?";
    }
    return text + "\nRun with --help for more information.\n";
}

}  // namespace

std::expected<Invocation, EarlyExit> parse_arguments(
    std::vector<std::string> arguments, const std::string& version) {
    Invocation invocation;
    CLI::App app("Baton: a durable message queue and runtime for AI agents", "baton");
    app.set_version_flag("--version", "baton " + version);
    app.require_subcommand(1);
    define_global(app, invocation.global);
    define_daemon_commands(app, invocation);
    define_cluster_commands(app, invocation);
    define_dialog_commands(app, invocation);
    define_fsck_command(app, invocation);
    define_migrate_commands(app, invocation);
    define_queue_commands(app, invocation);
    define_log_commands(app, invocation);
    define_key_commands(app, invocation);
    define_endpoints_command(app, invocation);
    app.footer(examples);  // after the commands, which would inherit it
    try {
        std::ranges::reverse(arguments);  // CLI11 takes them from the back
        app.parse(arguments);
        return invocation;
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool bad = app.exit(error, out, err) != 0;
        return std::unexpected(EarlyExit{
            .status = bad ? errc_info(Errc::invalid_argument).exit_code : 0,
            .out = out.str(),
            .err = bad ? "baton: " + what_is_wrong(app, error, err.str()) : err.str(),
        });
    }
}

}  // namespace baton::cli
