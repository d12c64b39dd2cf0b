#include "nats/native.h"

#include <string>

#include <fmt/core.h>

namespace baton::nats {
namespace {

Errc code_of(jsErrCode code, std::string_view text) {
    switch (code) {
        case JSStreamWrongLastSequenceErr: return Errc::conflict;
        case JSAccountResourcesExceededErr:
        case JSInsufficientResourcesErr:
        case JSMemoryResourcesExceededErr:
        case JSStorageResourcesExceededErr: return Errc::storage_full;
        // One number for all that can go wrong while storing.
        case JSStreamStoreFailedErr:
            return text.find("maximum") == std::string_view::npos ? Errc::storage_io
                                                                  : Errc::storage_full;
        case JSStreamNotFoundErr:
        case JSConsumerNotFoundErr: return Errc::not_found;
        case JSStreamMessageExceedsMaximumErr: return Errc::message_too_large;
        case JSClusterNotAvailErr:
        case JSClusterNotLeaderErr:
        case JSClusterNoPeersErr:
        case JSClusterIncompleteErr:
        case JSStreamOfflineErr: return Errc::unavailable;
        // Says a leader whose count is not that of its followers: what becomes of it is open.
        case JSStreamSequenceNotMatchErr: return Errc::deadline_exceeded;
        case JSStreamReplicasNotSupportedErr: return Errc::invalid_config;
        default: return Errc::storage_io;
    }
}

Errc code_of(natsStatus status) {
    switch (status) {
        case NATS_TIMEOUT: return Errc::deadline_exceeded;
        case NATS_NOT_FOUND: return Errc::not_found;
        case NATS_CONNECTION_AUTH_FAILED: return Errc::unauthenticated;
        case NATS_NOT_PERMITTED: return Errc::permission_denied;
        case NATS_MAX_PAYLOAD: return Errc::message_too_large;
        case NATS_NO_SERVER:
        case NATS_NO_RESPONDERS:
        case NATS_CONNECTION_CLOSED:
        case NATS_NOT_YET_CONNECTED:
        case NATS_INSUFFICIENT_BUFFER:  // what is said while there is no server
            return Errc::unavailable;
        // The connection went while the call was under way.
        case NATS_IO_ERROR:
        case NATS_STALE_CONNECTION:
        case NATS_CONNECTION_DISCONNECTED: return Errc::deadline_exceeded;
        case NATS_ADDRESS_MISSING:
        case NATS_SSL_ERROR:
        case NATS_SECURE_CONNECTION_WANTED:
        case NATS_SECURE_CONNECTION_REQUIRED: return Errc::invalid_config;
        default: return Errc::storage_io;
    }
}

}  // namespace

std::unexpected<Error> failed(std::string_view call, natsStatus status, jsErrCode code) {
    std::string text = natsStatus_GetText(status);
    // The library keeps the server's words for the thread that made the call.
    natsStatus last = NATS_OK;
    const char* words = nats_GetLastError(&last);
    if (last == status && words != nullptr && *words != '\0') text = words;
    // Of a request that nobody took the library says a code as well: JetStream is not enabled.
    const bool is_answer = code != 0 && status != NATS_NO_RESPONDERS;
    const Errc errc = is_answer ? code_of(code, text) : code_of(status);
    if (code != 0) text += fmt::format(" ({})", static_cast<int>(code));
    return fail(errc, fmt::format("nats: {}: {}", call, text));
}

Result<void> expect_connected(const Connection& connection, std::string_view call) {
    if (connection.is_connected()) return {};
    return fail(Errc::unavailable, fmt::format("nats: {}: no server is connected", call));
}

Result<JetStreamHandle> open_context(const Connection& connection, Duration timeout) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = timeout.count();
    jsCtx* context = nullptr;
    const auto status = natsConnection_JetStream(&context, native(connection), &options);
    if (status != NATS_OK) return failed("JetStream", status);
    return JetStreamHandle(context);
}

}  // namespace baton::nats
