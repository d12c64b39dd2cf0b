// A tool that does what the test tells it to.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "agents/tool.h"

namespace baton::test {

/// What a FakeTool has seen, and what it does next.
struct ToolScript {
    std::deque<Result<agents::ToolOutcome>> outcomes;  ///< none left: the result "done"
    std::vector<std::string> arguments;
    std::vector<agents::ToolContext> contexts;
};

class FakeTool final : public agents::Tool {
public:
    FakeTool(std::string name, ToolScript& script)
        : spec_{.name = std::move(name), .description = "fake", .parameters = "{}"},
          script_(script) {}

    const ToolSpec& spec() const noexcept override { return spec_; }

    Task<Result<agents::ToolOutcome>> call(
        boost::json::value arguments, agents::ToolContext context, Deadline) override {
        script_.arguments.push_back(boost::json::serialize(arguments));
        script_.contexts.push_back(std::move(context));
        if (script_.outcomes.empty()) {
            co_return agents::ToolOutcome(agents::ToolResult{.content = "done"});
        }
        auto outcome = std::move(script_.outcomes.front());
        script_.outcomes.pop_front();
        co_return outcome;
    }

private:
    ToolSpec spec_;
    ToolScript& script_;
};

}  // namespace baton::test
