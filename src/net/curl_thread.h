// The thread that runs libcurl's multi handle, and the door to it.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "net/curl_poller.h"
#include "net/transfer.h"

namespace baton::net {

/// Commands to curl's thread. Thread-safe, and safe to use after the thread has gone.
class CurlInbox final {
public:
    enum class Verb : std::uint8_t { start, resume, cancel };
    struct Command {
        Verb verb;
        std::shared_ptr<Transfer> transfer;
    };

    /// Wakes the thread. When that has gone, a transfer ends at once with `cancelled`.
    void post(Verb verb, std::shared_ptr<Transfer> transfer);

private:
    friend class CurlThread;
    std::mutex mutex_;
    std::vector<Command> commands_;
    CurlPoller* poller_ = nullptr;  ///< null once the thread has gone
};

/// Runs transfers, `connections_max` at a time, the rest in the order they came. Destruction ends
/// all of them with `cancelled` and joins.
class CurlThread final {
public:
    explicit CurlThread(const ClientConfig& config);
    ~CurlThread();
    CurlThread(const CurlThread&) = delete;
    CurlThread& operator=(const CurlThread&) = delete;

    [[nodiscard]] const std::shared_ptr<CurlInbox>& inbox() const noexcept { return inbox_; }

private:
    class Loop;
    std::shared_ptr<CurlInbox> inbox_;
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
};

}  // namespace baton::net
