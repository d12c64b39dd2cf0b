// What a run has done with a message.
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/dialog_client.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

constexpr std::uint32_t page_size = 100;
constexpr std::size_t text_width = 60;

/// "calls read_conversation, post_to_queue"; what the model said when it wants nothing.
std::string said(const ChatResult& answer) {
    if (answer.tool_calls.empty()) return answer.content;
    std::string text = "calls ";
    for (const auto& call : answer.tool_calls) {
        if (&call != &answer.tool_calls.front()) text += ", ";
        text += call.name;
    }
    return text;
}

std::string outcome(const TracedStep& step) {
    if (step.kind == StepKind::model) return said(step.answer);
    if (step.kind == StepKind::wait) {
        return fmt::format(
            "for {} until {}", step.message ? step.message->text() : "-", show_time(step.until));
    }
    return (step.is_error ? "error: " : "") + step.result;
}

std::vector<std::string> row_of(const TracedStep& step) {
    const bool is_model = step.kind == StepKind::model;
    const auto& usage = step.answer.usage;
    return {std::to_string(step.number), std::string(to_string(step.kind)),
        // The name of a call is the model's word, as all the rest.
        shortened(is_model ? step.answer.model : step.call.name, text_width),
        show_time(step.began_at), show_seconds(step.ended_at - step.began_at),
        is_model ? fmt::format("{} + {}", usage.input_tokens, usage.output_tokens) : "",
        is_model && step.answer.cost > 0 ? fmt::format("{}", step.answer.cost) : "",
        shortened(is_model ? "" : step.call.arguments, text_width / 2),
        shortened(outcome(step), text_width)};
}

}  // namespace

Result<void> execute(Context& context, const MessageStepsOptions& options) {
    client::DialogClient dialogs(context.connection());
    std::vector<TracedStep> steps;
    std::optional<std::uint32_t> after;
    do {
        BATON_TRY(auto page, context.ask(dialogs.steps(options.message, after, page_size)));
        for (auto& step : page.steps) steps.push_back(std::move(step));
        after = page.next;
    } while (after);
    if (context.options.json) {
        json::array list;
        for (const auto& step : steps) list.push_back(baton::to_json(step));
        print_json(context,
            json::object{{"message_id", options.message.text()}, {"steps", std::move(list)}});
        return {};
    }
    if (steps.empty()) {
        context.note("no step yet");
        return {};
    }
    Table table(
        {">STEP", "KIND", "WHAT", "BEGAN", ">TIME", ">TOKENS", ">COST", "ARGUMENTS", "RESULT"});
    for (const auto& step : steps) table.add(row_of(step));
    table.print(context.terminal.out, context.out_colours());
    return {};
}

}  // namespace baton::cli
