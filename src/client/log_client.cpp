#include "client/log_client.h"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "client/decode.h"
#include "model/codec.h"
#include "model/json_text.h"
#include "net/http.h"

namespace baton::client {
namespace {

namespace json = boost::json;

std::string queue_path(const QueueName& queue, std::string_view rest) {
    return "/v1/queues/" + net::percent_encode(queue.text) + std::string(rest);
}

std::string subscription_path(const SubscriptionPath& path, std::string_view rest = {}) {
    return queue_path(path.queue, "/subscriptions/" + net::percent_encode(path.name.text)) +
           std::string(rest);
}

Result<std::uint64_t> number_of(const json::value& answer, std::string_view name) {
    BATON_TRY(const auto* object, as_object(answer));
    return static_cast<std::uint64_t>(FieldReader(*object).integer(name));
}

}  // namespace

Task<Result<std::uint64_t>> LogClient::subscribe(SubscriptionPath path, std::string start) {
    Call call{.method = net::Method::put,
        .path = subscription_path(path),
        .body = json_text(json::object{{"from", start}})};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return number_of(answer, "committed");
}

Task<Result<std::uint64_t>> LogClient::seek(SubscriptionPath path, std::string start) {
    Call call{.method = net::Method::post,
        .path = subscription_path(path, "/seek"),
        .body = json_text(json::object{{"to", start}})};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return number_of(answer, "committed");
}

Task<Result<void>> LogClient::unsubscribe(SubscriptionPath path) {
    Call call{.method = net::Method::del, .path = subscription_path(path)};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<std::vector<Subscription>>> LogClient::subscriptions(QueueName queue) {
    Call call{.path = queue_path(queue, "/subscriptions")};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return items_of(answer, "subscriptions", &subscription_from_json);
}

Task<Result<std::vector<MessageView>>> LogClient::fetch(
    SubscriptionPath path, FetchOptions options) {
    json::object body;
    if (options.after) body["after"] = *options.after;
    body["max"] = options.max;
    body["wait_ms"] = options.wait.count();
    Call call{.method = net::Method::post,
        .path = subscription_path(path, "/fetch"),
        .body = json_text(body),
        .wait = options.wait};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return items_of(answer, "messages", &message_view_from_json);
}

Task<Result<void>> LogClient::commit(SubscriptionPath path, std::uint64_t seq) {
    Call call{.method = net::Method::post,
        .path = subscription_path(path, "/commit"),
        .body = json_text(json::object{{"seq", seq}})};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<std::uint64_t>> LogClient::truncate_before(QueueName queue, std::uint64_t seq) {
    Call call{.method = net::Method::post,
        .path = queue_path(queue, "/truncate"),
        .body = json_text(json::object{{"before", seq}})};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return number_of(answer, "removed");
}

Task<Result<std::uint64_t>> OutputClient::append(Receipt receipt, std::vector<Bytes> events) {
    json::array list;
    for (const Bytes& event : events) {
        json::object object;
        if (is_utf8(event.view())) {
            object["data"] = event.view();
        } else {
            object["data_base64"] = base64_encode(event.view());
        }
        list.push_back(std::move(object));
    }
    json::object body;
    body["receipt"] = receipt.text();
    body["events"] = std::move(list);
    Call call{.method = net::Method::post,
        .path = "/v1/messages/" + receipt.message.text() + "/output",
        .body = json_text(body)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return number_of(answer, "next");
}

Task<Result<OutputPage>> OutputClient::read(MessageId message, OutputOptions options) {
    Call call{.path = fmt::format("/v1/messages/{}/output?from={}&max={}&wait_ms={}",
                  message.text(), options.from, options.max, options.wait.count()),
        .wait = options.wait};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return output_page_from_json(answer);
}

}  // namespace baton::client
