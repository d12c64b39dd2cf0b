// Names of messages in memory, which can break.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/message_names.h"

namespace baton::test {

class FakeNames final : public service::MessageNames {
public:
    bool broken = false;
    int finds = 0;

    Task<Result<void>> remember(std::vector<service::NamedMessage> messages) override {
        if (broken) co_return fail(Errc::storage_io, "disk gone");
        for (auto& one : messages) names_[std::move(one.name)] = one.message;
        co_return Result<void>();
    }
    Task<Result<std::optional<MessageId>>> find(std::string name) override {
        ++finds;
        const auto place = names_.find(name);
        co_return place == names_.end() ? std::nullopt : std::optional(place->second);
    }

private:
    std::map<std::string, MessageId> names_;
};

}  // namespace baton::test
