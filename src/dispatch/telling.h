// What a run says, on its way to its message's output.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "dispatch/work_item.h"
#include "model/chat.h"
#include "model/message.h"
#include "model/output_text.h"
#include "queue/outputs.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Text, of which only what earlier tries did not say is new (model/output_text.h); all of it that
/// waits is one event, but what takes back is one of its own.
class WaitingText {
public:
    /// `told`: what earlier tries have said.
    explicit WaitingText(std::string told = {}) : text_(std::move(told)) {}

    void add(const ChatDelta& delta) { queue(text_.say(delta.text)); }
    void end() { queue(text_.end()); }
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    [[nodiscard]] Bytes take();
    void clear() { events_.clear(); }

private:
    void queue(std::vector<std::string> events);

    RetoldText text_;
    std::vector<std::string> events_;  ///< a few
};

/// Pieces as they are: those that wait are one event, and a long wait makes several.
class WaitingPieces {
public:
    void add(const ChatDelta& delta) {
        if (!delta.empty()) pieces_.push_back(delta);
    }
    /// Events of a later try begin the answer anew, so nothing is ever taken back.
    void end() {}
    [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
    [[nodiscard]] Bytes take();
    void clear() { pieces_.clear(); }

private:
    std::vector<ChatDelta> pieces_;
};

/// Appends to a message's output what is said: one append at a time, and what is said meanwhile is
/// the next event. Use on one executor; the outputs must outlive it.
template <class Waiting>
class Telling final {
public:
    Telling(
        const Executor& executor, queue::Outputs& outputs, Receipt receipt, Waiting waiting = {})
        : outputs_(outputs), receipt_(receipt), changed_(executor), waiting_(std::move(waiting)) {}

    void say(const ChatDelta& delta) {
        if (is_over_) return;
        waiting_.add(delta);
        if (!waiting_.empty()) changed_.notify_all();
    }
    /// Nothing more will be said; `is_whole`: and all of it was.
    void end(bool is_whole) {
        if (!is_over_ && is_whole) waiting_.end();
        is_over_ = true;
        changed_.notify_all();
    }

    /// Appends until the end; when an append fails, the rest is not told. Does not throw: it is a
    /// listener, and not what the run depends on.
    Task<void> write() {
        try {
            while (!is_over_ || !waiting_.empty()) {
                if (waiting_.empty()) {
                    const auto woken = co_await changed_.wait();
                    static_cast<void>(woken);
                    continue;
                }
                std::vector<Bytes> events;
                events.push_back(waiting_.take());
                const auto appended = co_await outputs_.append_output(receipt_, std::move(events));
                if (!appended) break;
            }
        } catch (const std::exception&) {
            is_over_ = true;  // cancelled, and the run with it
        }
        is_over_ = true;
        waiting_.clear();
    }

private:
    queue::Outputs& outputs_;
    Receipt receipt_;
    Event changed_;
    Waiting waiting_;
    bool is_over_ = false;
};

}  // namespace baton::dispatch
