// libFuzzer: kRPC calls come from strangers, and are looked at before anybody knows whose they are.
// Whatever comes has an answer that is JSON with the number of the call; what is taken for a post
// keeps the limits of messages.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "api/krpc/calls.h"
#include "api/krpc/envelope.h"
#include "base/text.h"
#include "model/codec.h"

namespace {

using namespace baton::api::krpc;

void check_answer(std::string_view text, const Envelope& call) {
    const auto answer = baton::parse_json(text);
    if (!answer) std::abort();
    const auto& sys = answer->at("sys").as_array();
    if (sys.empty() || sys.size() > 2 || sys[0].to_number<std::uint64_t>() != call.seq) {
        std::abort();
    }
    if ((sys.size() == 2) == call.trace.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const Envelope envelope = read_envelope(body);
    check_answer(result_text(envelope, "null"), envelope);
    const auto call = read_call(envelope.method, body);
    if (envelope.error) {
        check_answer(error_text(envelope, *envelope.error), envelope);
        return 0;
    }
    if (!call) {
        // The envelope would have said it.
        if (call.error().code == baton::Errc::invalid_utf8) std::abort();
        check_answer(error_text(envelope, call.error()), envelope);
        return 0;
    }
    if (const auto* post = std::get_if<Post>(&*call)) {
        for (const auto& message : post->messages) {
            if (!baton::check_message(message)) std::abort();
        }
    }
    return 0;
}
