// A log of its own on a real JetStream server, for one test.
#pragma once

#include <memory>
#include <string>

#include "nats/jetstream.h"
#include "queue/engine/store.h"
#include "queue/store/shared_log.h"

namespace baton::test {

/// The server is started at the first use in this process, and ends with it. Nothing happens before
/// the first call.
class StreamPlace final {
public:
    StreamPlace() = default;
    /// Deletes its streams.
    ~StreamPlace();
    StreamPlace(const StreamPlace&) = delete;
    StreamPlace& operator=(const StreamPlace&) = delete;

    /// To the server itself.
    [[nodiscard]] static std::unique_ptr<nats::JetStream> jetstream();
    /// Deletes the streams of a log.
    static void remove(const std::string& log);
    /// A writer of the log.
    [[nodiscard]] std::unique_ptr<queue::SharedLog> open_log();
    /// A store on it as on a machine that has never seen it.
    [[nodiscard]] std::unique_ptr<queue::Store> open_store();

private:
    std::string stream_;
    int openings_ = 0;
};

}  // namespace baton::test
