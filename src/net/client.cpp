#include "net/client.h"

#include "net/curl_thread.h"

namespace baton::net {
namespace {

using Inbox = std::shared_ptr<CurlInbox>;
using Verb = CurlInbox::Verb;

/// Ends the transfer when the coroutine that wants it goes, however it goes.
class Abandon {
public:
    Abandon(Inbox inbox, std::shared_ptr<Transfer> transfer)
        : inbox_(std::move(inbox)), transfer_(std::move(transfer)) {}
    ~Abandon() {
        if (transfer_) inbox_->post(Verb::cancel, std::move(transfer_));
    }
    Abandon(const Abandon&) = delete;
    Abandon& operator=(const Abandon&) = delete;

    void not_needed() { transfer_.reset(); }

private:
    Inbox inbox_;
    std::shared_ptr<Transfer> transfer_;
};

/// The next thing that happens to the transfer; the first call starts it.
Task<TransferUpdate> next_update(Inbox inbox, std::shared_ptr<Transfer> transfer, bool first) {
    auto start = [inbox, transfer, first](Completion<TransferUpdate> done) {
        const bool paused = transfer->mailbox.take(std::move(done));
        if (first) inbox->post(Verb::start, transfer);
        if (paused) inbox->post(Verb::resume, transfer);
    };
    auto on_cancel = [inbox, transfer] { inbox->post(Verb::cancel, transfer); };
    auto update = await_completion<TransferUpdate>(std::move(start), std::move(on_cancel));
    co_return co_await std::move(update);
}

Task<Result<Response>> run_whole(Inbox inbox, std::shared_ptr<Transfer> transfer) {
    Abandon abandon(inbox, transfer);
    Response response;
    bool first = true;
    while (true) {
        auto update = co_await next_update(inbox, transfer, std::exchange(first, false));
        if (update.head) response = *std::move(update.head);
        if (!update.end) continue;
        abandon.not_needed();
        if (!*update.end) co_return fail(std::move(*update.end).error());
        co_return response;
    }
}

Task<Result<Response>> run_streaming(
    Inbox inbox, std::shared_ptr<Transfer> transfer, HeadSink on_head, BodySink on_body) {
    Abandon abandon(inbox, transfer);
    Response head;
    bool first = true;
    while (true) {
        auto update = co_await next_update(inbox, transfer, std::exchange(first, false));
        if (update.head) {
            head = *std::move(update.head);
            if (on_head) on_head(head);
        }
        if (!update.body.empty() && on_body && !on_body(update.body)) {
            co_return fail(Errc::cancelled, "the receiver wanted no more");
        }
        if (!update.end) continue;
        abandon.not_needed();
        if (!*update.end) co_return fail(std::move(*update.end).error());
        co_return head;
    }
}

Task<Result<Response>> answer_with(Error error) { co_return fail(std::move(error)); }

class CurlClient final : public Client {
public:
    explicit CurlClient(ClientConfig config) : config_(config), curl_(config_) {}

    // Neither is a coroutine: the task must not need the client once that is gone.
    Task<Result<Response>> send(ClientRequest request, Deadline deadline) override {
        auto transfer = Transfer::make(std::move(request), options(deadline, false));
        if (!transfer) return answer_with(std::move(transfer).error());
        return run_whole(curl_.inbox(), *std::move(transfer));
    }

    Task<Result<Response>> stream(
        ClientRequest request, HeadSink on_head, BodySink on_body, Deadline deadline) override {
        auto transfer = Transfer::make(std::move(request), options(deadline, true));
        if (!transfer) return answer_with(std::move(transfer).error());
        return run_streaming(
            curl_.inbox(), *std::move(transfer), std::move(on_head), std::move(on_body));
    }

private:
    TransferOptions options(Deadline deadline, bool streaming) const {
        return {.body_max = config_.body_max,
            .streaming = streaming,
            .connect_timeout = config_.connect_timeout,
            .stall_timeout = config_.stall_timeout,
            .deadline = deadline};
    }

    ClientConfig config_;
    CurlThread curl_;
};

}  // namespace

std::unique_ptr<Client> make_client(ClientConfig config) {
    return std::make_unique<CurlClient>(config);
}

}  // namespace baton::net
