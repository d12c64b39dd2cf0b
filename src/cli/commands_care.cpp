// Keeping queues going: redrive, reasons, schedules, quotas.
#include <ostream>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/operator_client.h"
#include "client/queue_client.h"
#include "model/codec.h"

namespace baton::cli {

namespace json = boost::json;

Result<void> execute(Context& context, const QueueRedriveOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto count, context.ask(queues.redrive(options.request)));
    if (context.options.json) {
        print_json(context, json::object{{"redriven", count}});
    } else {
        context.terminal.out << fmt::format("redriven {} messages\n", count);
    }
    return {};
}

Result<void> execute(Context& context, const MessageExplainOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY(const auto explanation, context.ask(queues.explain(options.message)));
    if (context.options.json) {
        std::string text;
        append_json(text, explanation);
        print_json(context, text);
        return {};
    }
    auto& out = context.terminal.out;
    const MessageView& view = explanation.view;
    out << fmt::format("{} in {}: {}, level {}\n", view.id.text(), view.queue.text,
        to_string(view.state), to_string(view.level));
    for (const Hindrance& hindrance : explanation.hindrances) {
        out << fmt::format("  {}: {}\n", hindrance.code, hindrance.detail);
    }
    if (explanation.hindrances.empty()) {
        out << (explanation.ahead == 0
                    ? "  it is next: a pop may take it\n"
                    : fmt::format("  {} messages come before it\n", explanation.ahead));
    }
    return {};
}

Result<void> execute(Context& context, const MessageRescheduleOptions& options) {
    client::QueueClient queues(context.connection());
    BATON_TRY_VOID(context.ask(queues.reschedule(options.message, options.delay)));
    if (context.options.json) {
        print_json(context, json::object{{"rescheduled", options.message.text()}});
    } else {
        context.terminal.out << options.message.text() << ": rescheduled\n";
    }
    return {};
}

Result<void> execute(Context& context, const QuotaOptions& options) {
    client::OperatorClient operations(context.connection());
    BATON_TRY(const auto quota,
        context.ask(options.limit ? operations.set_quota(options.tenant, *options.limit)
                                  : operations.quota(options.tenant)));
    if (context.options.json) {
        print_json(context, baton::to_json(quota));
    } else {
        context.terminal.out << fmt::format("{}: {} of {}\n", options.tenant,
            show_bytes(quota.used), quota.limit == 0 ? "no limit" : show_bytes(quota.limit));
    }
    return {};
}

}  // namespace baton::cli
