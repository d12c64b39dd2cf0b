// A pool of one provider, without limits, breakers or choice.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/pool.h"
#include "llm/provider.h"

namespace baton::test {

/// Passes everything on to the provider, which must outlive it, in the order it comes. Knows the
/// models of `ready`, and any other one. Use on one executor.
class FakePool final : public llm::Pool {
public:
    explicit FakePool(llm::Provider& provider) : provider_(provider) {}

    std::vector<llm::Asker> askers;          ///< of every call, in order
    std::map<std::string, TimePoint> ready;  ///< per model; others: always
    llm::Rooms left{};                       ///< for everybody
    /// What `expected_time` and `status` say.
    Duration expected{0};
    std::vector<llm::EndpointStatus> endpoints{{.name = "fake", .provider = "fake"}};

    Task<Result<ChatResult>> chat(
        llm::Asker asker, ChatRequest request, llm::ChatSink sink, Deadline deadline) override {
        askers.push_back(std::move(asker));
        return provider_.chat(std::move(request), std::move(sink), {}, deadline);
    }
    Task<Result<EmbeddingResult>> embed(
        llm::Asker asker, EmbeddingRequest request, Deadline deadline) override {
        askers.push_back(std::move(asker));
        return provider_.embed(std::move(request), deadline);
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
    llm::Rooms rooms(const llm::Asker&, std::string_view) const override { return left; }
    Duration expected_time(std::string_view) const override { return expected; }
    std::vector<llm::EndpointStatus> status() const override { return endpoints; }
    Result<void> set_weight(std::string_view endpoint, std::uint32_t weight) override {
        for (auto& one : endpoints) {
            if (one.name != endpoint) continue;
            one.weight = weight;
            return {};
        }
        return fail(Errc::not_found, "no such endpoint");
    }

private:
    llm::Provider& provider_;
};

}  // namespace baton::test
