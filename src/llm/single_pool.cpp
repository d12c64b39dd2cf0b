#include "llm/single_pool.h"

#include <utility>

namespace baton::llm {
namespace {

class SinglePool final : public Pool {
public:
    SinglePool(Provider& provider, std::string endpoint)
        : provider_(provider), endpoint_(std::move(endpoint)) {}

    Task<Result<ChatResult>> chat(
        Asker, ChatRequest request, ChatSink sink, Deadline deadline) override {
        auto result =
            co_await provider_.chat(std::move(request), std::move(sink), RateSink(), deadline);
        if (result) result->endpoint = endpoint_;
        co_return result;
    }
    Task<Result<EmbeddingResult>> embed(
        Asker, EmbeddingRequest request, Deadline deadline) override {
        return provider_.embed(std::move(request), deadline);
    }
    std::vector<std::string> models() const override { return {}; }
    bool serves(std::string_view) const override { return true; }
    TimePoint ready_at(std::string_view) const override { return {}; }
    Duration expected_time(std::string_view) const override { return Duration(0); }
    std::vector<EndpointStatus> status() const override { return {}; }
    Result<void> set_weight(std::string_view, std::uint32_t) override {
        return fail(Errc::not_found, "the only endpoint takes everything");
    }

private:
    Provider& provider_;
    std::string endpoint_;
};

}  // namespace

std::unique_ptr<Pool> make_single_pool(Provider& provider, std::string endpoint) {
    return std::make_unique<SinglePool>(provider, std::move(endpoint));
}

}  // namespace baton::llm
