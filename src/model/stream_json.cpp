// Output pages and subscriptions in JSON, as the daemon shows them and the client reads them back.
#include <utility>

#include <boost/json/array.hpp>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

Result<std::uint64_t> number(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto value, fields.integer(name));
    return static_cast<std::uint64_t>(value);
}

Result<Bytes> event_data(const Fields& fields) {
    if (fields.find("data_base64") == nullptr) {
        BATON_TRY(const auto text, fields.text("data"));
        return Bytes(std::string(text));
    }
    BATON_TRY(const auto text, fields.text("data_base64"));
    auto bytes = base64_decode(text);
    if (!bytes) return fields.fail_at("data_base64", std::move(bytes).error());
    return Bytes(*std::move(bytes));
}

}  // namespace

void append_json(std::string& out, const OutputEvent& event) {
    JsonObjectText object(out);
    object.number("offset", event.offset);
    object.number("attempt", event.attempt);
    object.time("at", event.at);
    if (is_utf8(event.data.view())) {
        object.text("data", event.data.view());
    } else {
        object.text("data_base64", base64_encode(event.data.view()));
    }
}

void append_json(std::string& out, const OutputPage& page) {
    JsonObjectText object(out);
    std::string& events = object.begin("events");
    events += '[';
    for (std::size_t i = 0; i < page.events.size(); ++i) {
        if (i != 0) events += ',';
        append_json(events, page.events[i]);
    }
    events += ']';
    object.number("next", page.next);
    object.boolean("ended", page.ended);
}

Result<OutputEvent> output_event_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    OutputEvent event;
    BATON_TRY(event.offset, number(fields, "offset"));
    BATON_TRY(const auto attempt, fields.integer("attempt", {.max = UINT32_MAX}));
    event.attempt = static_cast<std::uint32_t>(attempt);
    BATON_TRY(event.at, fields.time("at", {}));
    BATON_TRY(event.data, event_data(fields));
    return event;
}

Result<OutputPage> output_page_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    OutputPage page;
    BATON_TRY(const auto* events, fields.array("events"));
    for (std::size_t i = 0; events != nullptr && i < events->size(); ++i) {
        auto event = output_event_from_json((*events)[i]);
        if (!event) return fields.fail_at(element("events", i), std::move(event).error());
        page.events.push_back(*std::move(event));
    }
    BATON_TRY(page.next, number(fields, "next"));
    BATON_TRY(page.ended, fields.boolean("ended", false));
    return page;
}

json::object to_json(const Subscription& subscription) {
    return {{"name", subscription.name.view()}, {"committed", subscription.committed},
        {"lag", subscription.lag}};
}

Result<Subscription> subscription_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    Subscription subscription;
    BATON_TRY(const auto name, fields.text("name"));
    auto parsed = parse_subscription_name(name);
    if (!parsed) return fields.fail_at("name", std::move(parsed).error());
    subscription.name = *std::move(parsed);
    BATON_TRY(subscription.committed, number(fields, "committed"));
    BATON_TRY(subscription.lag, number(fields, "lag"));
    return subscription;
}

}  // namespace baton
