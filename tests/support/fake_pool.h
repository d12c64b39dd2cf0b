// A pool of models that does what the test tells it to.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "llm/pool.h"
#include "support/fake_provider.h"

namespace baton::test {

/// Chats go to `provider`, in the order they come. Knows the models of `ready`, and any other one.
/// Use on one executor.
class FakePool final : public llm::Pool {
public:
    FakeProvider provider;
    std::vector<llm::Asker> askers;          ///< of every chat, in order
    std::map<std::string, TimePoint> ready;  ///< per model; others: always
    Duration expected{0};

    Task<Result<ChatResult>> chat(
        llm::Asker asker, ChatRequest request, llm::ChatSink sink, Deadline deadline) override {
        askers.push_back(std::move(asker));
        return provider.chat(std::move(request), std::move(sink), {}, deadline);
    }
    Task<Result<EmbeddingResult>> embed(
        llm::Asker, EmbeddingRequest request, Deadline deadline) override {
        return provider.embed(std::move(request), deadline);
    }
    std::vector<std::string> models() const override {
        std::vector<std::string> names;
        for (const auto& [name, at] : ready) names.push_back(name);
        return names;
    }
    bool serves(std::string_view) const override { return true; }
    TimePoint ready_at(std::string_view model) const override {
        const auto found = ready.find(std::string(model));
        return found == ready.end() ? TimePoint::min() : found->second;
    }
    Duration expected_time(std::string_view) const override { return expected; }
    std::vector<llm::EndpointStatus> status() const override { return {}; }
    Result<void> set_weight(std::string_view, std::uint32_t) override { return {}; }
};

}  // namespace baton::test
