#include "net/curl_thread.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <curl/curl.h>

namespace baton::net {
namespace {

using TimePoint = Transfer::TimePoint;

// Handles kept for the next request: making one costs more than a request on a warm connection.
constexpr std::size_t spare_handles_max = 256;

void init_curl_once() {
    static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(code);
}

}  // namespace

void CurlInbox::post(Verb verb, std::shared_ptr<Transfer> transfer) {
    {
        const std::scoped_lock lock(mutex_);
        if (poller_) {
            commands_.push_back({.verb = verb, .transfer = std::move(transfer)});
            poller_->wake();
            return;
        }
    }
    transfer->finish(Error{.code = Errc::cancelled, .detail = "the client is gone"});
}

/// Everything here happens on curl's thread.
class CurlThread::Loop {
public:
    Loop(std::shared_ptr<CurlInbox> inbox, const ClientConfig& config)
        : inbox_(std::move(inbox)), config_(config) {
        const auto connections = static_cast<long>(config.connections_max);
        curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
        curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections);
        curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    }
    ~Loop() {
        for (auto* easy : spare_) curl_easy_cleanup(easy);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run() {
        while (obey()) {
            admit();
            poller_.work(next_check_);
            reap();
            expire();
        }
        while (!transfers_.empty())
            end(*transfers_.begin()->first, Errc::cancelled, "the client is gone");
    }

    CurlPoller& poller() noexcept { return poller_; }

private:
    /// Carries out the commands; false when the client is going.
    bool obey() {
        std::vector<CurlInbox::Command> commands;
        bool going = false;
        {
            const std::scoped_lock lock(inbox_->mutex_);
            commands.swap(inbox_->commands_);
            going = !inbox_->poller_;
        }
        for (auto& [verb, transfer] : commands) {
            switch (verb) {
                case CurlInbox::Verb::start: start(std::move(transfer)); break;
                case CurlInbox::Verb::resume: resume(*transfer); break;
                case CurlInbox::Verb::cancel:
                    end(*transfer, Errc::cancelled, "the request was called off");
                    break;
            }
        }
        return !going;
    }

    void start(std::shared_ptr<Transfer> transfer) {
        auto* key = transfer.get();
        const auto soon = std::chrono::steady_clock::now() + check_interval();
        next_check_ = std::min({next_check_, key->due(), soon});
        transfers_.emplace(key, std::move(transfer));
        waiting_.push_back(key);
        if (waiting_.size() <= config_.waiting_max) return;
        end(*key, Errc::overloaded, "too many requests wait for a connection");
    }

    void resume(Transfer& transfer) {
        if (transfers_.contains(&transfer) && transfer.easy()) transfer.resume();
    }

    void admit() {
        while (!waiting_.empty() && active_count_ < config_.connections_max) {
            Transfer& transfer = *waiting_.front();
            waiting_.pop_front();
            CURL* easy = nullptr;
            if (spare_.empty()) {
                easy = curl_easy_init();
            } else {
                easy = spare_.back();
                spare_.pop_back();
            }
            ++active_count_;
            transfer.attach(easy);
            curl_multi_add_handle(multi_.get(), easy);
        }
    }

    void reap() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            Transfer* transfer = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            take_out(*transfer)->finish(code);
        }
    }

    void expire() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_check_) return;
        std::vector<Transfer*> late;
        // A transfer becomes due for a stall only once it is connected: look often enough to see
        // it.
        next_check_ = transfers_.empty() ? TimePoint::max() : now + check_interval();
        for (const auto& [key, transfer] : transfers_) {
            if (key->due() <= now)
                late.push_back(key);
            else
                next_check_ = std::min(next_check_, key->due());
        }
        for (auto* transfer : late) {
            end(*transfer, Errc::deadline_exceeded,
                transfer->stalled() ? "the peer went silent"
                                    : "no whole answer before the deadline");
        }
    }

    std::chrono::milliseconds check_interval() const {
        constexpr std::chrono::milliseconds shortest{10};
        constexpr std::chrono::milliseconds longest{500};
        if (config_.stall_timeout.count() == 0) return std::chrono::hours(1);
        return std::clamp(config_.stall_timeout / 4, shortest, longest);
    }

    void end(Transfer& transfer, Errc code, std::string_view detail) {
        const auto ended = take_out(transfer);
        if (ended) ended->finish(Error{.code = code, .detail = std::string(detail)});
    }

    /// Null when it has ended already.
    std::shared_ptr<Transfer> take_out(Transfer& transfer) {
        const auto node = transfers_.extract(&transfer);
        if (node.empty()) return nullptr;
        CURL* easy = transfer.easy();
        if (!easy) {
            std::erase(waiting_, &transfer);
            return node.mapped();
        }
        --active_count_;
        curl_multi_remove_handle(multi_.get(), easy);
        if (spare_.size() < spare_handles_max) {
            curl_easy_reset(easy);
            spare_.push_back(easy);
        } else {
            curl_easy_cleanup(easy);
        }
        return node.mapped();
    }

    std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_{
        curl_multi_init(), curl_multi_cleanup};
    CurlPoller poller_{multi_.get()};
    std::shared_ptr<CurlInbox> inbox_;
    const ClientConfig config_;
    std::unordered_map<Transfer*, std::shared_ptr<Transfer>> transfers_;
    std::deque<Transfer*> waiting_;  ///< of these, the ones without a connection
    std::size_t active_count_ = 0;
    std::vector<CURL*> spare_;
    TimePoint next_check_ = TimePoint::max();
};

CurlThread::CurlThread(const ClientConfig& config) : inbox_(std::make_shared<CurlInbox>()) {
    init_curl_once();
    loop_ = std::make_unique<Loop>(inbox_, config);
    inbox_->poller_ = &loop_->poller();
    thread_ = std::thread([this] { loop_->run(); });
}

CurlThread::~CurlThread() {
    {
        const std::scoped_lock lock(inbox_->mutex_);
        inbox_->poller_->wake();
        inbox_->poller_ = nullptr;
    }
    thread_.join();
}

}  // namespace baton::net
