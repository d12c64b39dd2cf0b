#include "support/nats_monitor.h"

#include <exception>
#include <optional>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "support/raw_http.h"

namespace baton::test {
namespace {

namespace json = boost::json;

/// Nothing when there is no answer.
std::optional<RawResponse> get(std::uint16_t port, std::string_view path) {
    try {
        auto connection = RawConnection::connect(port);
        connection.send(fmt::format("GET {} HTTP/1.0\r\n\r\n", path));
        const auto text = connection.read_to_end();
        const auto head = text.find("\r\n\r\n");
        if (head == std::string::npos || head < 12) return std::nullopt;
        RawResponse answer;
        answer.status = std::stoi(text.substr(9, 3));
        answer.body = text.substr(head + 4);
        return answer;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

json::value report(std::uint16_t port, std::string_view path) {
    const auto answer = get(port, path);
    json::error_code wrong;
    auto value = answer ? json::parse(answer->body, wrong) : json::value();
    return wrong ? json::value() : value;
}

/// Empty when absent.
std::string text_at(const json::value& value, std::string_view pointer) {
    json::error_code absent;
    const auto* const found = value.find_pointer(pointer, absent);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

/// Empty when absent.
const json::array& array_at(const json::value& value, std::string_view name) {
    static const json::array none;
    const auto* const object = value.if_object();
    const auto* const found = object == nullptr ? nullptr : object->if_contains(name);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

/// Null when the server has no such stream.
json::value stream_detail(std::uint16_t port, std::string_view stream) {
    const auto all = report(port, "/jsz?accounts=true&streams=true");
    for (const auto& account : array_at(all, "account_details")) {
        for (const auto& entry : array_at(account, "stream_detail")) {
            if (text_at(entry, "/name") == stream) return entry;
        }
    }
    return {};
}

}  // namespace

bool NatsMonitor::answers() const { return get(port_, "/").has_value(); }

bool NatsMonitor::healthy() const {
    const auto answer = get(port_, "/healthz");
    return answer && answer->status == 200;
}

std::string NatsMonitor::meta_leader() const {
    return text_at(report(port_, "/jsz"), "/meta_cluster/leader");
}

std::string NatsMonitor::stream_leader(std::string_view stream) const {
    const auto entry = stream_detail(port_, stream);
    if (entry.is_null()) return {};
    // A server without a cluster says nothing of leaders: it is the one.
    return entry.get_object().contains("cluster") ? text_at(entry, "/cluster/leader")
                                                  : text_at(report(port_, "/varz"), "/server_name");
}

std::uint64_t NatsMonitor::last_sequence(std::string_view stream) const {
    const auto entry = stream_detail(port_, stream);
    json::error_code absent;
    const auto* const last = entry.find_pointer("/state/last_seq", absent);
    return last == nullptr ? 0 : last->to_number<std::uint64_t>();
}

}  // namespace baton::test
