// Messages of queues: post, pop, settle, look.
#include <istream>
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/queue_client.h"
#include "model/codec.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

/// Messages of one request when --lines reads many.
constexpr std::size_t batch_max = 1'000;
constexpr std::size_t content_width = 60;

std::string content_cell(const Context& context, const MessageView& message) {
    const auto content = show_content(message);
    return context.terminal.out_is_tty ? shortened(content, content_width)
                                       : shortened(content, content.size());
}

void print_posted(Context& context, const std::vector<PostedMessage>& posted) {
    if (context.options.json) return print_json(context, messages_json(posted));
    for (const auto& message : posted) {
        context.terminal.out << message.id.text() << (message.duplicate ? "  (duplicate)" : "")
                             << '\n';
    }
}

Result<void> post_lines(Context& context, const QueuePostOptions& options) {
    client::QueueClient queues(context.connection());
    std::string line;
    bool more = true;
    while (more) {
        std::vector<NewMessage> batch;
        while (batch.size() < batch_max &&
               (more = static_cast<bool>(std::getline(context.terminal.in, line)))) {
            auto message = options.message;
            message.data.content = Bytes(line);
            batch.push_back(std::move(message));
        }
        if (batch.empty()) break;
        BATON_TRY(const auto posted, context.ask(queues.post(options.name, std::move(batch))));
        print_posted(context, posted);
    }
    return {};
}

void print_leased(Context& context, const std::vector<LeasedMessage>& messages) {
    if (context.options.json) return print_json(context, messages_json(messages));
    if (messages.empty()) return context.note("no message");
    Table table({"RECEIPT", "PRIORITY", ">ATTEMPT", "LEASE UNTIL", "CONTENT"});
    for (const auto& [message, receipt] : messages) {
        table.add({receipt.text(), std::string(to_string(message.level)),
            std::to_string(message.attempts), show_time(message.lease_expires_at),
            content_cell(context, message)});
    }
    table.print(context.terminal.out, context.out_colours());
}

/// The first failure decides the exit status; each is told.
Result<void> report(Context& context, const client::Settled& settled, std::string_view done) {
    if (context.options.json) {
        json::array errors;
        for (const auto& failure : settled.failures) {
            errors.push_back(json::object{{"receipt", failure.receipt},
                {"code", to_string(failure.error.code)}, {"message", failure.error.detail}});
        }
        print_json(context, json::object{{done, settled.count}, {"errors", std::move(errors)}});
    } else {
        context.terminal.out << fmt::format("{} {}\n", done, settled.count);
    }
    if (settled.failures.empty()) return {};
    for (const auto& failure : settled.failures) {
        context.note(failure.receipt + ": " + to_string(failure.error));
    }
    return fail(with_context(settled.failures.front().error,
        fmt::format("{} of {} receipts failed", settled.failures.size(),
            settled.failures.size() + settled.count)));
}

}  // namespace

Result<void> execute(Context& context, const QueuePostOptions& options) {
    if (options.lines) return post_lines(context, options);
    const std::string given(options.message.data.content.view());
    if (given.empty())
        return fail(Errc::invalid_argument, "give a TEXT, - for standard input, or --lines");
    BATON_TRY(auto text, text_or_input(context, given));
    auto message = options.message;
    message.data.content = Bytes(std::move(text));
    client::QueueClient queues(context.connection());
    std::vector<NewMessage> batch{std::move(message)};
    BATON_TRY(const auto posted, context.ask(queues.post(options.name, std::move(batch))));
    print_posted(context, posted);
    return {};
}

Result<void> execute(Context& context, const QueuePopOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto messages, context.ask(queues.pop(options.name, options.pop)));
    print_leased(context, messages);
    if (!options.ack || messages.empty()) return {};
    context.terminal.out << std::flush;  // seen before it is gone
    std::vector<std::string> receipts;
    for (const auto& leased : messages) receipts.push_back(leased.receipt.text());
    BATON_TRY(const auto settled, context.ask(queues.ack(options.name, std::move(receipts))));
    if (settled.failures.empty()) return {};
    return fail(settled.failures.front().error);
}

Result<void> execute(Context& context, const QueueSettleOptions& options) {
    using Verb = QueueSettleOptions::Verb;
    client::QueueClient queues(context.connection());
    if (options.verb == Verb::ack) {
        BATON_TRY(const auto settled, context.ask(queues.ack(options.name, options.receipts)));
        return report(context, settled, "acked");
    }
    if (options.verb == Verb::nack) {
        BATON_TRY(const auto settled,
            context.ask(queues.nack(options.name, options.receipts, options.nack)));
        return report(context, settled, "nacked");
    }
    BATON_TRY(const auto settled,
        context.ask(queues.extend(options.name, options.receipts, options.lease)));
    return report(context, settled, "extended");
}

Result<void> execute(Context& context, const QueuePeekOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto page, context.ask(queues.peek(options.name, options.peek)));
    if (context.options.json) {
        auto text = messages_json(page.messages);
        text.back() = ',';
        text += page.next.empty() ? "\"next\":null}" : fmt::format("\"next\":\"{}\"}}", page.next);
        print_json(context, text);
        return {};
    }
    Table table({"ID", "STATE", "PRIORITY", ">ATTEMPTS", ">FAILURES", "POSTED", "CONTENT"});
    for (const auto& message : page.messages) {
        table.add({message.id.text(), std::string(to_string(message.state)),
            std::string(to_string(message.level)), std::to_string(message.attempts),
            std::to_string(message.failures), show_time(message.posted_at),
            content_cell(context, message)});
    }
    table.print(context.terminal.out, context.out_colours());
    if (!page.next.empty()) context.note("more: --after " + page.next);
    return {};
}

}  // namespace baton::cli
