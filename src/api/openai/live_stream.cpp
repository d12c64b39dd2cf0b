#include "api/openai/live_stream.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "api/openai/errors.h"

namespace baton::api::openai {

Task<void> LiveText::write_to(net::BodyStream& body, Duration heartbeat) {
    bool began = false;
    while (true) {
        if (waiting_.empty() && !is_over_) {
            const auto woken = co_await changed_.wait(Deadline::after(heartbeat));
            if (!woken) waiting_ += ":\n\n";
            continue;
        }
        const bool last = is_over_;
        if (last && error_ && !began && waiting_.empty()) {
            net::Response refusal = error_response(*error_);
            const bool refused = co_await body.answer_instead(std::move(refusal));
            static_cast<void>(refused);
            co_return;
        }
        if (last && error_) waiting_ += error_event(*error_);
        const bool sent = waiting_.empty() || co_await body.write(std::exchange(waiting_, {}));
        if (!sent || is_overfull_)
            throw boost::system::system_error(asio::error::operation_aborted);
        if (last) co_return;
        began = true;
    }
}

}  // namespace baton::api::openai
