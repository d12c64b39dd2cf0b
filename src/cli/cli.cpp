#include "cli/cli.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "model/json_text.h"

namespace baton::cli {
namespace {

/// What to do about an error; empty when the error says it all.
std::string_view hint_for(Errc code) {
    switch (code) {
        case Errc::connection_failed:
            return "is the daemon running? `baton start` starts one; --url or BATON_URL name "
                   "another";
        case Errc::unauthenticated:
            return "give a key with --key or BATON_KEY, or the daemon's folder with --data-dir";
        case Errc::permission_denied:
            return "this key may not do that; `baton key list` (with an admin key) shows roles";
        case Errc::queue_not_found: return "`baton queue list` shows what there is";
        case Errc::lease_lost:
            return "the lease ran out or the message was settled before; pop with a longer --lease";
        case Errc::data_dir_locked: return "`baton status` shows the daemon, `baton stop` ends it";
        case Errc::address_in_use:
            return "choose another port: --set server.port=0 takes any free one";
        default: return {};
    }
}

void print_error_json(std::ostream& err, const Error& error) {
    boost::json::object inner{{"code", to_string(error.code)}, {"message", error.detail}};
    boost::json::object details;
    if (!error.field.empty()) details["field"] = error.field;
    inner["details"] = std::move(details);
    if (error.retry_after.count() > 0) inner["retry_after_ms"] = error.retry_after.count();
    err << json_text(boost::json::object{{"error", std::move(inner)}}) << '\n';
}

void print_error(Context& context, const Error& error) {
    auto& err = context.terminal.err;
    if (context.options.json) return print_error_json(err, error);
    err << styled(context.err_colours(), Style::red, "baton:") << ' ' << to_string(error) << '\n';
    if (error.retry_after.count() > 0) {
        err << fmt::format(
            "  try again in {:.1f} s\n", std::chrono::duration<double>(error.retry_after).count());
    }
    const auto hint = hint_for(error.code);
    if (!hint.empty()) err << "  hint: " << hint << '\n';
}

/// Arguments that make no command, or ask for help. `as_json`: they ask for that as well.
int exit_early(const EarlyExit& early, Terminal& terminal, bool as_json) {
    terminal.out << early.out << std::flush;
    if (as_json && early.status != 0) {
        std::string said = early.err.substr(0, early.err.find('\n'));
        if (said.starts_with("baton: ")) said.erase(0, 7);
        print_error_json(terminal.err, {.code = Errc::invalid_argument, .detail = std::move(said)});
    } else {
        terminal.err << early.err << std::flush;
    }
    return early.status;
}

/// The folder of the running program: batond is built and installed beside baton.
std::filesystem::path beside_this_program(std::string_view name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto beside = self.parent_path() / name;
    return !error && std::filesystem::exists(beside, error) ? beside : std::filesystem::path(name);
}

}  // namespace

Result<std::string> text_or_input(Context& context, const std::string& text) {
    constexpr std::size_t input_max = 64 * 1024 * 1024;
    if (text != "-") return text;
    std::string input;
    std::vector<char> buffer(65'536);
    auto& in = context.terminal.in;
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
        input.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
        if (input.size() > input_max) {
            return fail(Errc::message_too_large, "standard input holds more than 64 MiB");
        }
    }
    if (input.ends_with('\n')) input.pop_back();
    return input;
}

int run(std::vector<std::string> arguments, Terminal& terminal, const Environment& environment) {
    const bool as_json = std::ranges::find(arguments, "--json") != arguments.end();
    const auto invocation = parse_arguments(std::move(arguments), environment.version);
    if (!invocation) return exit_early(invocation.error(), terminal, as_json);
    Context context(terminal, invocation->global, environment);
    auto result = std::visit(
        [&](const auto& options) { return execute(context, options); }, invocation->command);
    // What was popped and could not be shown must not look like success.
    if (!(terminal.out << std::flush) && result) {
        result = fail(Errc::storage_io, "standard output could not be written");
    }
    if (result) return 0;
    print_error(context, result.error());
    return errc_info(result.error().code).exit_code;
}

int run_main(int argc, char** argv, std::string version) {
    const bool colours = std::getenv("NO_COLOR") == nullptr;
    Terminal terminal{.in = std::cin,
        .out = std::cout,
        .err = std::cerr,
        .in_is_tty = ::isatty(STDIN_FILENO) == 1,
        .out_is_tty = ::isatty(STDOUT_FILENO) == 1,
        .err_is_tty = ::isatty(STDERR_FILENO) == 1,
        .colours = colours};
    const Environment environment{
        .variable = [](std::string_view name) -> std::optional<std::string> {
            const char* value = std::getenv(std::string(name).c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        },
        .make_http_client = [] { return net::make_client({}); },
        .daemon_program = beside_this_program("batond"),
        .version = std::move(version),
    };
    return run({argv + 1, argv + argc}, terminal, environment);
}

}  // namespace baton::cli
