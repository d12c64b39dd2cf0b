#include "llm/ask.h"

#include <utility>

#include "base/clock.h"
#include "llm/provider_error.h"
#include "llm/provider_json.h"

namespace baton::llm {
namespace {

TransferEnd end_of(const Result<net::Response>& answer, Deadline deadline) {
    TransferEnd transfer{.deadline_passed = deadline.expired(), .at = SystemClock().now()};
    if (!answer) transfer.error = answer.error();
    return transfer;
}

}  // namespace

Task<Result<ChatResult>> ask_chat(
    net::Client& client, net::ClientRequest request, ChatExchange& exchange, Deadline deadline) {
    if (deadline.expired()) co_return fail(Errc::deadline_exceeded, "no time left to ask");
    const net::HeadSink on_head = [&exchange](const net::Response& head) {
        exchange.begin(head, SystemClock().now());
    };
    const net::BodySink on_body = [&exchange](
                                      std::string_view bytes) { return exchange.take(bytes); };
    const auto answer = co_await client.stream(std::move(request), on_head, on_body, deadline);
    co_return exchange.end(end_of(answer, deadline));
}

Task<Result<boost::json::value>> ask_json(
    net::Client& client, net::ClientRequest request, Secret key, Deadline deadline) {
    if (deadline.expired()) co_return fail(Errc::deadline_exceeded, "no time left to ask");
    const auto answer = co_await client.send(std::move(request), deadline);
    const TransferEnd transfer = end_of(answer, deadline);
    if (!answer) co_return fail(error_from_transfer(transfer, key));
    if (answer->status < 200 || answer->status >= 300) {
        co_return fail(error_from_answer(*answer, answer->body, key, transfer.at));
    }
    co_return parse_answer(answer->body, key);
}

net::ClientRequest bearer_request(net::Method method, std::string url, const Secret& key) {
    net::ClientRequest request{.method = method, .url = std::move(url)};
    if (method == net::Method::post) request.fields.set("Content-Type", "application/json");
    if (!key.empty()) request.fields.set("Authorization", "Bearer " + std::string(key.reveal()));
    return request;
}

}  // namespace baton::llm
