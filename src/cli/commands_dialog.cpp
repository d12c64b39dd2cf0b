// Messages to agents: send one, or talk.
#include <istream>
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/dialog_client.h"
#include "model/codec.h"
#include "runtime/deadline.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

std::string waiting_text(const DialogMessage& message) {
    auto text =
        std::string(message.status == DialogStatus::processing ? "the agent works" : "waiting");
    if (message.retry_count > 0) {
        text += fmt::format(" (retry {}: {})", message.retry_count, shortened(message.error, 80));
    }
    return text;
}

/// Why a finished message has no answer.
Result<void> answered(const DialogMessage& message) {
    if (message.status == DialogStatus::completed && message.reply) return {};
    const auto detail = fmt::format("message {} {}: {}", message.id.text(),
        to_string(message.status), message.error.empty() ? "no reason given" : message.error);
    if (message.status == DialogStatus::cancelled) return fail(Errc::cancelled, detail);
    if (message.status == DialogStatus::timeout) return fail(Errc::deadline_exceeded, detail);
    return fail(Errc::provider_rejected, detail);
}

/// The answer to a sent message, with progress on the terminal.
Result<DialogMessage> await_answer(Context& context, const DialogMessage& sent, Duration timeout) {
    client::DialogClient dialogs(context.connection());
    Progress progress(context.terminal);
    progress.show(waiting_text(sent));
    const auto show = [&](const DialogMessage& message) {
        progress.show(waiting_text(message));
        if (context.options.verbose && !context.terminal.err_is_tty)
            context.note(waiting_text(message));
    };
    return context.ask(dialogs.wait(sent.id, Deadline::after(timeout), show));
}

/// "conversation 7f… · 0.412 s · gpt-4o-mini · 12 + 40 tokens"
std::string timings(const DialogMessage& message) {
    auto text = "conversation " + message.conversation_id.text;
    if (message.completed_at) {
        text += " · " + show_seconds(*message.completed_at - message.created_at);
    }
    if (message.retry_count > 0) text += fmt::format(" · {} retries", message.retry_count);
    if (message.reply) {
        if (!message.reply->model.empty()) text += " · " + message.reply->model;
        text += fmt::format(" · {} + {} tokens", message.reply->usage.input_tokens,
            message.reply->usage.output_tokens);
    }
    return text;
}

void print_sent(Context& context, const DialogMessage& message) {
    if (context.options.json) return print_json(context, baton::to_json(message));
    context.terminal.out << "message       " << message.id.text() << "\nconversation  "
                         << message.conversation_id.text << '\n';
}

Result<DialogMessage> send_and_wait(
    Context& context, client::OutgoingMessage message, Duration timeout) {
    client::DialogClient dialogs(context.connection());
    BATON_TRY(const auto sent, context.ask(dialogs.send(std::move(message))));
    return await_answer(context, sent, timeout);
}

/// One line of a chat. False when the user wants to leave.
Result<bool> chat_line(Context& context, client::OutgoingMessage& message, Duration timeout) {
    auto& terminal = context.terminal;
    if (message.content.empty()) return true;
    if (message.content == "/quit" || message.content == "/exit") return false;
    if (message.content == "/help") {
        context.note("each line is a message; /quit or end of input leaves");
        return true;
    }
    BATON_TRY(const auto answer, send_and_wait(context, message, timeout));
    message.conversation_id = answer.conversation_id;
    if (context.options.json) print_json(context, baton::to_json(answer));
    BATON_TRY_VOID(answered(answer));
    if (!context.options.json) terminal.out << answer.reply->content << '\n' << std::flush;
    if (context.options.verbose) context.note(timings(answer));
    return true;
}

}  // namespace

Result<void> execute(Context& context, const SendOptions& options) {
    auto message = options.message;
    BATON_TRY(message.content, text_or_input(context, options.message.content));
    client::DialogClient dialogs(context.connection());
    BATON_TRY(const auto sent, context.ask(dialogs.send(std::move(message))));
    if (!options.wait) {
        print_sent(context, sent);
        return {};
    }
    BATON_TRY(const auto answer, await_answer(context, sent, options.timeout));
    if (context.options.json) print_json(context, baton::to_json(answer));
    BATON_TRY_VOID(answered(answer));
    if (!context.options.json) context.terminal.out << answer.reply->content << '\n' << std::flush;
    context.note(timings(answer));
    return {};
}

Result<void> execute(Context& context, const ChatOptions& options) {
    auto& terminal = context.terminal;
    auto message = options.message;
    if (terminal.in_is_tty) context.note("each line is a message; /quit or Ctrl-D leaves");
    while (true) {
        if (terminal.in_is_tty) {
            terminal.err << styled(context.err_colours(), Style::green, "you> ") << std::flush;
        }
        if (!std::getline(terminal.in, message.content)) break;
        const auto more = chat_line(context, message, options.timeout);
        if (!more && !terminal.in_is_tty) return fail(more.error());
        if (!more) terminal.err << "baton: " << to_string(more.error()) << '\n';
        if (more && !*more) break;
    }
    if (!message.conversation_id.empty()) {
        context.note("continue with: baton chat --conversation " + message.conversation_id.text);
    }
    return {};
}

Result<void> execute(Context& context, const ConversationListOptions& options) {
    client::DialogClient dialogs(context.connection());
    BATON_TRY(const auto conversations, context.ask(dialogs.conversations(options.limit)));
    if (context.options.json) {
        json::array list;
        for (const auto& conversation : conversations) list.push_back(baton::to_json(conversation));
        print_json(context, json::object{{"conversations", std::move(list)}});
        return {};
    }
    Table table({"ID", "USER", "STATE", ">MESSAGES", "LAST ACTIVE", "TITLE"});
    for (const auto& conversation : conversations) {
        table.add({conversation.id.text, conversation.user_id.text,
            std::string(to_string(conversation.state)), std::to_string(conversation.message_count),
            show_time(conversation.last_active_at), shortened(conversation.title, 40)});
    }
    table.print(context.terminal.out, context.out_colours());
    return {};
}

Result<void> execute(Context& context, const ConversationShowOptions& options) {
    client::DialogClient dialogs(context.connection());
    BATON_TRY(const auto conversation, context.ask(dialogs.conversation(options.id)));
    BATON_TRY(const auto messages, context.ask(dialogs.history(options.id, options.limit)));
    if (context.options.json) {
        json::array list;
        for (const auto& message : messages) list.push_back(baton::to_json(message));
        auto object = baton::to_json(conversation);
        object["messages"] = std::move(list);
        print_json(context, object);
        return {};
    }
    auto& out = context.terminal.out;
    const auto name = [&](const std::string& text) {
        return styled(context.out_colours(), Style::bold, text + ">");
    };
    for (const auto& message : messages) {
        out << name(message.user_id.text) << ' ' << message.content << '\n';
        if (message.reply) {
            out << name(message.agent_id.text) << ' ' << message.reply->content << '\n';
        } else {
            out << name(message.agent_id.text) << " (" << to_string(message.status) << ")\n";
        }
    }
    return {};
}

}  // namespace baton::cli
