// An HTTP client that plays one answer piece by piece, as a provider would send it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/client.h"

namespace baton::test {

/// Plays its head, its body in pieces, and the end of the transfer. For one thread at a time.
class PlayedClient final : public net::Client {
public:
    net::Response head;
    std::vector<std::string> pieces;
    std::optional<Error> failure{};
    bool no_head = false;
    net::ClientRequest request;  ///< the last one
    std::size_t pieces_taken = 0;

    Task<Result<net::Response>> send(net::ClientRequest sent, Deadline) override {
        request = std::move(sent);
        if (failure) co_return fail(*failure);
        net::Response whole = head;
        for (const auto& piece : pieces) whole.body += piece;
        co_return whole;
    }

    Task<Result<net::Response>> stream(
        net::ClientRequest sent, net::HeadSink on_head, net::BodySink on_body, Deadline) override {
        request = std::move(sent);
        if (!no_head) on_head(head);
        for (const auto& piece : pieces) {
            ++pieces_taken;
            if (!on_body(piece)) co_return fail(Errc::cancelled, "the sink cut the transfer");
        }
        if (failure) co_return fail(*failure);
        co_return head;
    }
};

}  // namespace baton::test
