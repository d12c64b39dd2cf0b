// An HTTP client that plays back answers and remembers what it was asked.
#pragma once

#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/client.h"

namespace baton::test {

/// Answers come in the order they were added. For one thread at a time. A request without an answer
/// fails the test with an exception.
class ScriptedClient final : public net::Client {
public:
    void answer(int status, std::string body) {
        net::Response response;
        response.status = status;
        response.body = std::move(body);
        answers_.push_back(std::move(response));
    }
    void answer(net::Response response) { answers_.push_back(std::move(response)); }
    void answer(Error error) { answers_.push_back(std::unexpected(std::move(error))); }

    [[nodiscard]] const std::vector<net::ClientRequest>& requests() const { return requests_; }
    [[nodiscard]] const net::ClientRequest& last() const { return requests_.back(); }
    [[nodiscard]] std::size_t answers_left() const { return answers_.size(); }

    Task<Result<net::Response>> send(net::ClientRequest request, Deadline) override {
        requests_.push_back(std::move(request));
        if (answers_.empty()) throw std::logic_error("no answer for " + requests_.back().url);
        auto next = std::move(answers_.front());
        answers_.pop_front();
        co_return next;
    }

    Task<Result<net::Response>> stream(net::ClientRequest request, net::HeadSink on_head,
        net::BodySink on_body, Deadline deadline) override {
        auto response = co_await send(std::move(request), deadline);
        if (!response) co_return response;
        if (on_head) on_head(*response);
        const bool taken = !on_body || on_body(response->body);
        if (!taken) co_return fail(Errc::cancelled, "cut by the sink");
        response->body.clear();
        co_return response;
    }

private:
    std::deque<Result<net::Response>> answers_;
    std::vector<net::ClientRequest> requests_;
};

}  // namespace baton::test
