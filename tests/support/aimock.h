// A real LLM provider's protocol without the model: the npm package @copilotkit/aimock as a child
// process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {

struct AimockOptions {
    /// What it answers: `{"fixtures":[{"match":{"userMessage":…},"response":{…}}]}`.
    std::string fixtures = R"({"fixtures":[]})";
    std::vector<std::string> arguments;    ///< further ones, such as "--strict"
    std::vector<std::string> environment;  ///< such as "AIMOCK_API_KEYS=sk-1"
};

/// Answers on 127.0.0.1 and a free port from the constructor to the destructor, which ends it.
/// Needs `npm ci --ignore-scripts` in tests/peers/aimock; throws std::runtime_error when it is
/// missing or does not start.
class Aimock final {
public:
    explicit Aimock(const AimockOptions& options);

    /// "http://127.0.0.1:41234/v1": the base_url of an OpenAI client.
    [[nodiscard]] std::string base_url() const;
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// The requests it had, as the JSON of its `/__aimock/journal`.
    [[nodiscard]] std::string journal() const;

private:
    TempDir fixtures_;
    Process process_;
    std::uint16_t port_ = 0;
};

}  // namespace baton::test
