#include "cli/argument_kinds.h"

namespace baton::cli {
namespace {

Result<Header> parse_header(std::string_view text) {
    const auto split = text.find('=');
    if (split == std::string_view::npos || split == 0) {
        return fail(Errc::invalid_argument, "a header is name=value");
    }
    return Header{std::string(text.substr(0, split)), std::string(text.substr(split + 1))};
}

void define_create(CLI::App& command, QueueCreateOptions& options) {
    auto& config = options.config;
    add_queue_name(command, options.name);
    const auto number = [&](const std::string& name, auto& target, const std::string& help) {
        command.add_option(name, target, help)->capture_default_str();
    };
    number("--max-size", config.max_size, "unfinished messages; 0: no limit");
    number("--max-bytes", config.max_bytes, "bytes of their content; 0: no limit");
    number("--max-message-size", config.max_message_size, "bytes of one content");
    number(
        "--max-failures", config.max_failures, "failed deliveries before a dead letter; 0: never");
    add_parsed(command, "--mode", config.mode, &parse_queue_mode,
        "queue, or log: messages stay, and subscriptions read them")
        ->default_str("queue");
    add_parsed(
        command, "--durability", config.durability, &parse_durability, "fsync, relaxed or memory")
        ->default_str("fsync");
    add_parsed(command, "--overflow", config.overflow, &parse_overflow, "reject or drop_oldest")
        ->default_str("reject");
    add_parsed(command, "--owner", options.owner, &parse_tenant_id,
        "the tenant whose quota it counts for (needs an admin key); not given: who it was")
        ->type_name("TENANT");
    const auto seconds = [&](const std::string& name, std::chrono::seconds& target,
                             const std::string& help) {
        const auto parse = [](std::string_view text) -> Result<std::chrono::seconds> {
            BATON_TRY(const auto duration, parse_duration(text));
            return std::chrono::ceil<std::chrono::seconds>(duration);
        };
        add_parsed(command, name, target, parse, help)
            ->type_name("DURATION")
            ->default_str(to_text(target));
    };
    seconds("--retention", config.retention_period,
        "an unfinished message expires after it; 0s: never");
    seconds("--dedup-window", config.dedup_window, "how long a dedup key is remembered");
    seconds("--reply-ttl", config.reply_ttl, "how long a reply is kept");
}

void define_post(CLI::App& command, QueuePostOptions& options) {
    add_queue_name(command, options.name);
    const auto as_bytes = [](std::string_view text) -> Result<Bytes> {
        return Bytes(std::string(text));
    };
    add_parsed(command, "TEXT", options.message.data.content, as_bytes,
        "the content; - reads standard input")
        ->type_name("");
    command.add_flag("--lines", options.lines, "each line of standard input is one message");
    add_priority(command, options.message.data.priority);
    add_duration(command, "--delay", options.message.delay, "ready after it");
    add_duration(
        command, "--ttl", options.message.ttl, "expires after it; 0ms: by the queue's rule");
    command.add_option("--ordering-key", options.message.data.ordering_key,
        "messages of one key run in order, one at a time");
    command.add_option(
        "--fairness-key", options.message.data.fairness_key, "keys share the queue fairly");
    command.add_option("--dedup-key", options.message.data.dedup_key,
        "a second message with this key is not stored");
    command.add_option("--metadata", options.message.data.metadata, "a JSON object");
    const auto add_header = [&options](const std::string& text) {
        auto header = parse_header(text);
        if (!header) throw CLI::ValidationError(header.error().detail);
        options.message.data.headers.push_back(*std::move(header));
    };
    command
        .add_option_function<std::vector<std::string>>(
            "--header",
            [add_header](const std::vector<std::string>& texts) {
                for (const auto& text : texts) add_header(text);
            },
            "name=value (repeatable)")
        ->allow_extra_args(false);
}

void define_pop(CLI::App& command, QueuePopOptions& options) {
    add_queue_name(command, options.name);
    command.add_option("--max", options.pop.max, "messages at most")->capture_default_str();
    add_duration(command, "--lease", options.pop.lease, "how long they are yours");
    add_duration(command, "--wait", options.pop.wait, "how long to wait for one");
    command.add_flag("--ack", options.ack, "finish them at once, after printing");
}

void add_settle(CLI::App& queues, Invocation& invocation, const std::string& name,
    const std::string& help, QueueSettleOptions::Verb verb) {
    const QueueSettleOptions initial{.verb = verb, .name = {}, .receipts = {}};
    add_command(queues, invocation, name, help, initial,
        [verb](CLI::App& command, QueueSettleOptions& options) {
            add_queue_name(command, options.name);
            command.add_option("RECEIPT", options.receipts, "as pop printed them")
                ->required()
                ->type_name("");
            if (verb == QueueSettleOptions::Verb::nack) {
                add_duration(command, "--delay", options.nack.delay, "ready again after it");
                command.add_option(
                    "--reason", options.nack.reason, "kept in the message's history");
            }
            if (verb == QueueSettleOptions::Verb::extend) {
                add_duration(
                    command, "--lease", options.lease, "the lease ends that long from now");
            }
        });
}

void add_operation(CLI::App& queues, Invocation& invocation, const std::string& name,
    const std::string& help, QueueNameOptions::Operation operation) {
    const QueueNameOptions initial{.operation = operation, .name = {}};
    add_command(
        queues, invocation, name, help, initial, [](CLI::App& command, QueueNameOptions& options) {
            add_queue_name(command, options.name);
            using Operation = QueueNameOptions::Operation;
            const auto asked = options.operation;
            if (asked != Operation::pause && asked != Operation::resume) return;
            auto* ordering = command.add_option(
                "--ordering-key", options.ordering_key, "only messages with this key");
            command
                .add_option("--fairness-key", options.fairness_key, "only messages with this key")
                ->excludes(ordering);
        });
}

void define_peek(CLI::App& command, QueuePeekOptions& options) {
    add_queue_name(command, options.name);
    add_parsed(command, "--state", options.peek.state, &parse_message_state,
        "scheduled, ready, leased or dead (default: all)");
    command.add_option("--limit", options.peek.limit, "messages at most")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command.add_option("--after", options.peek.cursor, "the `next` of the page before");
}

void define_redrive(CLI::App& command, QueueRedriveOptions& options) {
    RedriveRequest& request = options.request;
    add_queue_name(command, request.queue);
    const auto add_id = [&request](const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
            const auto id = MessageId::parse(text);
            if (!id) throw CLI::ValidationError(id.error().detail);
            request.ids.push_back(*id);
        }
    };
    command.add_option_function<std::vector<std::string>>(
        "--id", add_id, "only this message (repeatable)");
    command.add_option("--reason", request.reason_contains, "only if the reason holds this text");
    command.add_option("--limit", request.limit, "the oldest so many; 0: all")
        ->capture_default_str();
    command.add_option("--rate", request.rate_per_second, "messages a second; 0: all at once")
        ->capture_default_str();
    add_parsed(command, "--target", request.target, &parse_queue_name, "another queue");
}

void define_output(CLI::App& command, QueueOutputOptions& options) {
    add_message_id(command, options.message);
    command.add_option("--from", options.from, "offset of the first event")->capture_default_str();
    command.add_flag("-f,--follow", options.follow, "go on until the message is finished");
}

}  // namespace

void define_queue_commands(CLI::App& app, Invocation& invocation) {
    using Operation = QueueNameOptions::Operation;
    using Verb = QueueSettleOptions::Verb;
    auto* queues = app.add_subcommand("queue", "work with queues");
    queues->require_subcommand(1)->fallthrough();
    add_command(*queues, invocation, "create", "make a queue, or give it a new configuration",
        QueueCreateOptions{}, &define_create)
        ->footer("Example: baton queue create mail --max-size 1000 --max-failures 3");
    add_command(*queues, invocation, "list", "all queues", QueueListOptions{},
        [](CLI::App&, QueueListOptions&) {});
    add_operation(*queues, invocation, "stats", "what is in a queue", Operation::stats);
    add_command(
        *queues, invocation, "post", "put a message into a queue", QueuePostOptions{}, &define_post)
        ->footer(
            "Examples:\n  baton queue post mail \"hello\" --priority high --delay 5m\n"
            "  baton queue post mail --lines < messages.txt");
    add_command(*queues, invocation, "pop", "lease messages", QueuePopOptions{}, &define_pop)
        ->footer(
            "Examples:\n  baton queue pop mail --wait 10s\n  baton queue pop mail --max 10 --ack "
            "--json");
    add_settle(*queues, invocation, "ack", "finish leased messages", Verb::ack);
    add_settle(*queues, invocation, "nack", "give leased messages back", Verb::nack);
    add_settle(*queues, invocation, "extend", "keep leased messages longer", Verb::extend);
    add_command(*queues, invocation, "peek", "look at messages without taking them",
        QueuePeekOptions{}, &define_peek);
    add_command(*queues, invocation, "redrive", "try dead letters again", QueueRedriveOptions{},
        &define_redrive)
        ->footer("Example: baton queue redrive mail --reason timeout --rate 10");
    add_command(*queues, invocation, "explain", "why is a message not running?",
        MessageExplainOptions{}, [](CLI::App& command, MessageExplainOptions& options) {
            add_message_id(command, options.message);
        });
    add_command(*queues, invocation, "reschedule", "change when a waiting message becomes ready",
        MessageRescheduleOptions{}, [](CLI::App& command, MessageRescheduleOptions& options) {
            add_message_id(command, options.message);
            add_duration(command, "--delay", options.delay, "ready that long from now");
        });
    add_command(*queues, invocation, "quota", "what a tenant's queues keep, and may keep",
        QuotaOptions{}, [](CLI::App& command, QuotaOptions& options) {
            command.add_option("TENANT", options.tenant, "the tenant")
                ->default_val("default")
                ->type_name("");
            command.add_option("--limit", options.limit, "bytes; 0: no limit");
        });
    add_command(*queues, invocation, "output", "what workers say about a message",
        QueueOutputOptions{}, &define_output);
    add_operation(*queues, invocation, "pause", "hand out nothing more", Operation::pause);
    add_operation(*queues, invocation, "resume", "hand out again", Operation::resume);
    add_operation(*queues, invocation, "purge", "remove waiting messages", Operation::purge);
    add_operation(
        *queues, invocation, "delete", "remove a queue with all in it", Operation::remove);
    define_archive_commands(*queues, invocation);
}

}  // namespace baton::cli
