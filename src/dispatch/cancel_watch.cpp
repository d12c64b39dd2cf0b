#include "dispatch/cancel_watch.h"

#include <boost/asio/post.hpp>

namespace baton::dispatch {

CancelWatch::CancelWatch(const Executor& executor, queue::Consumer& queue)
    : runs_(std::make_shared<Runs>(executor)),
      watch_(queue.watch_cancels([runs = runs_, executor](const MessageId& message) {
          asio::post(executor, [runs, message] {
              if (!runs->waiting.contains(message)) return;
              runs->cancelled.insert(message);
              runs->changed.notify_all();
          });
      })) {}

Task<void> CancelWatch::until_cancelled(MessageId message) {
    struct Place {
        Runs& runs;
        MessageId message;
        ~Place() {
            runs.waiting.erase(message);
            runs.cancelled.erase(message);
        }
    };
    const auto runs = runs_;
    runs->waiting.insert(message);
    const Place place{*runs, message};
    while (!runs->cancelled.contains(message)) {
        const auto woken = co_await runs->changed.wait();
        static_cast<void>(woken);
    }
}

}  // namespace baton::dispatch
