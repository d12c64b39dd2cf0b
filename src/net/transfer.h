// One request of the HTTP client on its way, between libcurl's thread and the coroutine that waits
// for it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/client.h"

struct curl_slist;  // NOLINT(readability-identifier-naming): the library's name

namespace baton::net {

/// A libcurl easy handle; curl's own headers stay inside the .cpp files.
using EasyHandle = void*;

/// What has happened to a transfer since the last look.
struct TransferUpdate {
    std::optional<Response> head;     ///< status and fields are there
    std::string body;                 ///< what has come since
    std::optional<Result<void>> end;  ///< the transfer is over
    [[nodiscard]] bool empty() const noexcept { return !head && body.empty() && !end; }
};

/// Hands updates from curl's thread to one waiting coroutine. Thread-safe. Holds at most
/// `waiting_max` bytes of body when `bounded`.
class Mailbox final {
public:
    static constexpr std::size_t waiting_max = 1024 * 1024;

    void put_head(Response head);
    /// False when it is full: then the piece was not taken, and the next `take` answers true.
    [[nodiscard]] bool put_body(std::string_view piece);
    void put_end(Result<void> end);

    /// Calls `done` with what is there, or as soon as there is something. One call at a time.
    /// True: a refused piece waits, the transfer must be resumed.
    [[nodiscard]] bool take(Completion<TransferUpdate> done);

private:
    void deliver(std::unique_lock<std::mutex> lock);

    std::mutex mutex_;
    TransferUpdate pending_;
    Completion<TransferUpdate> waiter_;
    bool refused_ = false;
};

struct TransferOptions {
    std::size_t body_max = 0;
    bool streaming = false;  ///< hand out the body as it comes; else keep it, up to `body_max`
    std::chrono::milliseconds connect_timeout{0};
    std::chrono::milliseconds stall_timeout{0};
    Deadline deadline = Deadline::never();
};

/// Made by the caller, then used on curl's thread only, but for `mailbox`.
class Transfer final {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Fails: invalid_argument (url, field, or method).
    [[nodiscard]] static Result<std::shared_ptr<Transfer>> make(
        ClientRequest request, TransferOptions options);
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// Sets up `easy`, which must outlive the transfer's time in the multi handle.
    void attach(EasyHandle easy);
    [[nodiscard]] EasyHandle easy() const noexcept { return easy_; }

    /// Lets a paused transfer go on.
    void resume();

    /// When it must be looked at again for its deadline or a stalled peer.
    [[nodiscard]] TimePoint due() const noexcept;
    /// It is due because the peer went silent, not because the deadline came.
    [[nodiscard]] bool stalled() const noexcept { return due() < options_.deadline.at(); }

    /// Ends it as curl says (a CURLcode), or as a limit of ours said before.
    void finish(int code);
    /// Ends it otherwise.
    void finish(Error error);

    Mailbox mailbox;

private:
    Transfer(ClientRequest request, TransferOptions options)
        : request_(std::move(request)), options_(std::move(options)) {}

    Result<void> check();
    void set_options();
    void set_callbacks();
    void set_method();
    void set_fields();
    std::size_t on_header(std::string_view line);
    std::size_t on_body(std::string_view piece);
    void on_head_complete();
    void moved() noexcept { moved_at_ = std::chrono::steady_clock::now(); }

    ClientRequest request_;
    TransferOptions options_;
    std::string origin_;  ///< scheme, host and port: all of the URL that errors may show
    EasyHandle easy_ = nullptr;
    curl_slist* field_list_ = nullptr;
    std::array<char, 256> curl_error_{};  ///< CURL_ERROR_SIZE
    Response response_;
    std::optional<Error> failure_;
    std::size_t header_bytes_ = 0;
    std::int64_t bytes_moved_ = 0;
    TimePoint moved_at_{};
    bool head_complete_ = false;
    bool talking_ = false;  ///< connected: from here on silence counts
    bool paused_ = false;
};

}  // namespace baton::net
