// What the files of this module share: the library's handles, and its errors as ours.
#pragma once

#include <memory>
#include <nats/nats.h>
#include <string_view>

#include "base/result.h"
#include "nats/connection.h"

namespace baton::nats {

template <auto Free>
struct Destroy {
    template <class T>
    void operator()(T* handle) const noexcept {
        Free(handle);
    }
};
using MsgHandle = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;
using OptionsHandle = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using JetStreamHandle = std::unique_ptr<jsCtx, Destroy<jsCtx_Destroy>>;
using StreamInfoHandle = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo_Destroy>>;
using PubAckHandle = std::unique_ptr<jsPubAck, Destroy<jsPubAck_Destroy>>;

/// Ends a subscription. libnats before 3.6 frees one while the thread that reads the connection may
/// be handing it a message (nats.c pull request 638): heaps were corrupted by that, and connections
/// hung. So it is taken off, and freed when that thread has certainly gone on.
struct EndSubscription {
    std::shared_ptr<Connection> connection;
    void operator()(natsSubscription* handle) const noexcept;
};
using SubscriptionHandle = std::unique_ptr<natsSubscription, EndSubscription>;

/// The handle behind a connection of this module.
[[nodiscard]] natsConnection* native(const Connection& connection) noexcept;

/// Says of a failed call what it means here:
/// conflict (another sequence was expected), not_found, storage_full, unauthenticated,
/// permission_denied, deadline_exceeded (no answer: whether it was done is not known),
/// unavailable (it was not done; nobody was there to do it), message_too_large, storage_io.
[[nodiscard]] std::unexpected<Error> failed(
    std::string_view call, natsStatus status, jsErrCode code = {});

/// For calls that should not wait for the library while it tries to connect again: unavailable.
[[nodiscard]] Result<void> expect_connected(const Connection& connection, std::string_view call);

/// What calls to JetStream go through; each waits for its answer as long as `timeout`. Fails: as
/// `failed` says.
[[nodiscard]] Result<JetStreamHandle> open_context(const Connection& connection, Duration timeout);

}  // namespace baton::nats
