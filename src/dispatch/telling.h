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
#include "queue/outputs.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Text: all of it that waits is one event.
class WaitingText {
public:
    void add(const ChatDelta& delta) { text_ += delta.text; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    [[nodiscard]] Bytes take() { return Bytes(std::exchange(text_, {})); }

private:
    std::string text_;
};

/// Pieces as they are: those that wait are one event, and a long wait makes several.
class WaitingPieces {
public:
    void add(const ChatDelta& delta) {
        if (!delta.empty()) pieces_.push_back(delta);
    }
    [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
    [[nodiscard]] Bytes take();

private:
    std::vector<ChatDelta> pieces_;
};

/// Appends to a message's output what is said: one append at a time, and what is said meanwhile is
/// the next event. Use on one executor; the outputs must outlive it.
template <class Waiting>
class Telling final {
public:
    Telling(const Executor& executor, queue::Outputs& outputs, Receipt receipt)
        : outputs_(outputs), receipt_(receipt), changed_(executor) {}

    void say(const ChatDelta& delta) {
        if (is_over_) return;
        waiting_.add(delta);
        if (!waiting_.empty()) changed_.notify_all();
    }
    /// Nothing more will be said.
    void end() {
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
        waiting_ = Waiting();
    }

private:
    queue::Outputs& outputs_;
    Receipt receipt_;
    Event changed_;
    Waiting waiting_;
    bool is_over_ = false;
};

}  // namespace baton::dispatch
