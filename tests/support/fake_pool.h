// A pool of one fake provider.
#pragma once

#include <vector>

#include "llm/pool.h"
#include "support/fake_provider.h"

namespace baton::test {

/// Hands every chat to the provider and remembers who asked. Use on one executor.
class FakePool final : public llm::Pool {
public:
    explicit FakePool(FakeProvider& provider) : provider_(provider) {}

    std::vector<llm::Asker> askers;

    Task<Result<ChatResult>> chat(
        llm::Asker asker, ChatRequest request, llm::ChatSink sink, Deadline deadline) override {
        askers.push_back(std::move(asker));
        return provider_.chat(std::move(request), std::move(sink), {}, deadline);
    }
    Task<Result<EmbeddingResult>> embed(
        llm::Asker, EmbeddingRequest request, Deadline deadline) override {
        return provider_.embed(std::move(request), deadline);
    }
    std::vector<std::string> models() const override { return {"fake"}; }
    bool serves(std::string_view) const override { return true; }
    TimePoint ready_at(std::string_view) const override { return {}; }
    Duration expected_time(std::string_view) const override { return Duration(0); }
    std::vector<llm::EndpointStatus> status() const override { return {}; }
    Result<void> set_weight(std::string_view, std::uint32_t) override { return {}; }

private:
    FakeProvider& provider_;
};

}  // namespace baton::test
