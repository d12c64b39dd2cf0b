#include <utility>

#include <fmt/core.h>

#include "agents/agent.h"
#include "agents/tool.h"
#include "base/text.h"

namespace baton::agents {

bool ends_run(Errc code) noexcept {
    switch (code) {
        case Errc::storage_full:
        case Errc::storage_io:
        case Errc::storage_corrupt:
        case Errc::overloaded:
        case Errc::unavailable:
        case Errc::database_unavailable:
        case Errc::queue_unavailable:
        case Errc::shutting_down:
        case Errc::cancelled:
        case Errc::deadline_exceeded:
        case Errc::internal: return true;
        default: return false;
    }
}

void ToolBox::add(std::unique_ptr<Tool> tool) {
    const std::string name = tool->spec().name;
    tools_[name] = std::move(tool);
}

Tool* ToolBox::find(std::string_view name) const noexcept {
    const auto found = tools_.find(name);
    return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<std::string_view> ToolBox::names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, tool] : tools_) names.push_back(name);
    return names;
}

Result<void> check_tools(const AgentSpec& agent, const ToolBox& tools) {
    for (const auto& name : agent.tools) {
        if (tools.find(name) != nullptr) continue;
        auto text =
            fmt::format("agent `{}` wants a tool `{}`, which does not exist", agent.id.text, name);
        const auto nearest = nearest_name(name, tools.names());
        if (nearest) text += fmt::format("; did you mean `{}`?", *nearest);
        return fail_field(Errc::invalid_config, "agents", std::move(text));
    }
    return {};
}

}  // namespace baton::agents
