// libFuzzer: receipts and message ids come from strangers. Whatever is read writes back to what
// reads the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/message.h"

namespace {

template <class T>
void check(std::string_view text) {
    const auto parsed = T::parse(text);
    if (!parsed) return;
    const auto again = T::parse(parsed->text());
    if (!again || *again != *parsed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check<baton::Receipt>(text);
    check<baton::MessageId>(text);
    return 0;
}
