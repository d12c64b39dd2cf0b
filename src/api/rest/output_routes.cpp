// /v1/messages/{id}/output: what workers say while they work, as pages or as server-sent events.
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "base/text.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

// Between two events a comment tells proxies and clients that the stream lives.
constexpr Duration heartbeat{15'000};

Result<Bytes> read_event(const json::value& value, std::size_t index) {
    static constexpr std::array<std::string_view, 2> known{"data", "data_base64"};
    const std::string place = element("events", index);
    const auto fields = Fields::of(value, known, Errc::invalid_argument);
    if (!fields) return fail(inside(place, fields.error()));
    const bool text = fields->find("data") != nullptr;
    if (text == (fields->find("data_base64") != nullptr)) {
        return fail_field(
            Errc::invalid_argument, place, "an event has `data` or `data_base64`, one of them");
    }
    auto data = fields->text(text ? "data" : "data_base64");
    if (!data) return fail(inside(place, std::move(data).error()));
    if (text) return Bytes(std::string(*data));
    auto bytes = base64_decode(*data);
    if (!bytes) return fail_field(Errc::invalid_argument, place, bytes.error().detail);
    return Bytes(*std::move(bytes));
}

Task<Result<net::Response>> append_output(Call& call) {
    static constexpr std::array<std::string_view, 2> known{"receipt", "events"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(const auto receipt, fields.text("receipt"));
    BATON_CO_TRY(const auto* array, fields.array("events"));
    std::vector<Bytes> events;
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        BATON_CO_TRY(auto event, read_event((*array)[i], i));
        events.push_back(std::move(event));
    }
    std::string text(receipt);
    auto appending = call.deps.outputs.append(call.who, id, std::move(text), std::move(events));
    BATON_CO_TRY(const auto next, co_await std::move(appending));
    json::object answer;
    answer["next"] = next;
    co_return json_response(201, answer);
}

/// What a reconnecting EventSource says it has seen wins over the query.
Result<std::uint64_t> read_from(const net::Request& request) {
    const std::string_view last = request.fields.get("Last-Event-ID");
    if (last.empty()) return query_number(request, "from", 0);
    BATON_TRY(const auto seen, parse_number("Last-Event-ID", last));
    return seen + 1;
}

std::string event_frame(const OutputEvent& event) {
    std::string frame = "id: " + std::to_string(event.offset) + "\ndata: ";
    append_json(frame, event);  // one line: JSON text holds no line break
    return frame + "\n\n";
}

std::string end_frame(std::uint64_t next) {
    return "event: end\ndata: {\"next\":" + std::to_string(next) + "}\n\n";
}

std::string error_frame(const Error& error) {
    std::string frame = "event: error\ndata: ";
    append_json(frame, error);
    return frame + "\n\n";
}

/// Follows the output until it ends, the client leaves, or the daemon stops.
Task<void> follow(service::OutputService& outputs, access::Identity who, MessageId id,
    OutputPage page, net::BodyStream& body) {
    while (true) {
        std::string frames;
        for (const OutputEvent& event : page.events) frames += event_frame(event);
        if (page.ended) frames += end_frame(page.next);
        if (frames.empty()) frames = ":\n\n";
        const bool sent = co_await body.write(std::move(frames));
        if (!sent || page.ended || body.stopping()) co_return;
        service::OutputOptions options;
        options.from = page.next;
        options.wait = heartbeat;
        auto next = co_await outputs.read(who, id, options);
        if (!next) {
            // A client that sees the daemon stop connects again, and goes on from its last id.
            if (next.error().code == Errc::shutting_down) co_return;
            const bool told = co_await body.write(error_frame(next.error()));
            static_cast<void>(told);
            co_return;
        }
        page = *std::move(next);
    }
}

net::Response event_stream(Call& call, MessageId id, OutputPage page) {
    net::Response response;
    response.content_type = "text/event-stream";
    response.fields.set("Cache-Control", "no-store");
    response.stream = [&outputs = call.deps.outputs, who = call.who, id, page = std::move(page)](
                          net::BodyStream& body) { return follow(outputs, who, id, page, body); };
    return response;
}

Task<Result<net::Response>> read_output(Call& call) {
    static constexpr std::array<std::string_view, 3> known{"from", "max", "wait_ms"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto id, message_of(call));
    service::OutputOptions options;
    BATON_CO_TRY(options.from, read_from(call.request));
    BATON_CO_TRY(options.max, query_count(call.request, "max", options.max));
    BATON_CO_TRY(options.wait, query_milliseconds(call.request, "wait_ms", options.wait));
    const bool streamed =
        call.request.fields.get("Accept").find("text/event-stream") != std::string_view::npos;
    if (streamed) options.wait = Duration(0);
    BATON_CO_TRY(auto page, co_await call.deps.outputs.read(call.who, id, options));
    if (streamed) co_return event_stream(call, id, std::move(page));
    std::string body;
    append_json(body, page);
    co_return text_response(200, std::move(body));
}

constexpr std::array<Route, 2> table{{
    {{Method::post, "/v1/messages/{id}/output", Auth::member}, append_output},
    {{Method::get, "/v1/messages/{id}/output", Auth::member}, read_output},
}};

}  // namespace

std::span<const Route> output_routes() { return table; }

}  // namespace baton::api::rest
