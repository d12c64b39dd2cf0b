// Waiting for what nobody announces.
#pragma once

#include <chrono>
#include <functional>

namespace baton::test {

/// Waits until `condition` holds, looking again every few milliseconds; false when the patience is
/// over. For facts that nobody announces, such as a counter, or what another process has come to.
[[nodiscard]] bool eventually(const std::function<bool()>& condition,
    std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace baton::test
