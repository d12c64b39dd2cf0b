#include "app/config_endpoints.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace baton::app {
namespace {

/// For agents that name a model of somebody else, when nobody has said which one to take.
constexpr std::string_view anthropic_model = "claude-haiku-4-5";

std::unexpected<Error> refuse(std::string what) {
    return fail_field(Errc::invalid_config, "llm.endpoints", std::move(what));
}

/// Where a kind of provider is when nobody says otherwise.
std::string_view own_url(ProviderKind kind) {
    switch (kind) {
        case ProviderKind::anthropic: return "https://api.anthropic.com";
        case ProviderKind::ollama: return "http://127.0.0.1:11434";
        case ProviderKind::openai:
        case ProviderKind::echo: break;
    }
    return "https://api.openai.com/v1";
}

/// The variable that holds the key of the provider's own address; empty: it wants none.
std::string_view key_variable(const EndpointSettings& endpoint) {
    const std::string_view url = endpoint.base_url;
    switch (endpoint.provider) {
        case ProviderKind::openai:
            return url.starts_with("https://api.openai.com") ? "OPENAI_API_KEY" : "";
        case ProviderKind::anthropic:
            return url.starts_with("https://api.anthropic.com") ? "ANTHROPIC_API_KEY" : "";
        case ProviderKind::ollama:
        case ProviderKind::echo: break;
    }
    return {};
}

Result<void> settle_endpoint(EndpointSettings& endpoint, const EnvLookup& env) {
    if (endpoint.provider == ProviderKind::echo) return {};
    if (endpoint.base_url.empty()) endpoint.base_url = own_url(endpoint.provider);
    const std::string_view url = endpoint.base_url;
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        return refuse(fmt::format(
            "`base_url` of LLM endpoint `{}` must begin with http:// or https://, not `{}`",
            endpoint.name, url));
    }
    const auto variable = key_variable(endpoint);
    if (!variable.empty() && endpoint.api_key.empty()) {
        endpoint.api_key = Secret(env(variable).value_or(""));
        if (endpoint.api_key.empty()) {
            return refuse(
                fmt::format("LLM endpoint `{}` needs an `api_key`, or {} in the environment",
                    endpoint.name, variable));
        }
    }
    while (endpoint.base_url.ends_with('/')) endpoint.base_url.pop_back();
    return {};
}

/// Every agent is served: what the endpoint does not have, `stand_in` answers.
std::vector<llm::ModelAlias> aliases_for(
    const Config& config, const std::vector<std::string>& own, std::string_view stand_in) {
    std::vector<llm::ModelAlias> models;
    for (const auto& name : own) models.push_back({name, name});
    for (const auto& agent : config.agents) {
        if (std::ranges::find(models, agent.model, &llm::ModelAlias::alias) != models.end())
            continue;
        const bool is_its_own = own.empty() && agent.model.starts_with("claude");
        models.push_back({agent.model, is_its_own ? agent.model : std::string(stand_in)});
    }
    return models;
}

/// Where Ollama's own programs look for it.
std::string ollama_url(const EnvLookup& env) {
    std::string host = env("OLLAMA_HOST").value_or("");
    if (host.empty()) return std::string(own_url(ProviderKind::ollama));
    if (host.contains("://")) return host;
    return "http://" + host + (host.contains(':') ? "" : ":11434");
}

/// The endpoint that is used when none is configured, and why.
EndpointSettings default_endpoint(Config& config, const ConfigSources& sources) {
    const auto is_set = [&](std::string_view variable) {
        return !sources.env(variable).value_or("").empty();
    };
    constexpr std::string_view none = "no endpoint is configured";
    if (is_set("OPENAI_API_KEY")) {
        config.llm.choice = fmt::format("{} and OPENAI_API_KEY is set", none);
        return {};
    }
    if (is_set("ANTHROPIC_API_KEY")) {
        config.llm.choice = fmt::format("{} and ANTHROPIC_API_KEY is set", none);
        return {.name = "anthropic",
            .provider = ProviderKind::anthropic,
            .models = aliases_for(config, {}, anthropic_model)};
    }
    const std::string ollama = ollama_url(sources.env);
    const auto models =
        sources.ollama_models ? sources.ollama_models(ollama) : std::vector<std::string>();
    if (!models.empty()) {
        config.llm.choice = fmt::format("{} and Ollama answers at {}", none, ollama);
        return {.name = "ollama",
            .provider = ProviderKind::ollama,
            .base_url = ollama,
            .models = aliases_for(config, models, models.front())};
    }
    config.llm.choice = fmt::format("{}, no key is set, and no Ollama answers", none);
    return {.name = "echo", .provider = ProviderKind::echo};
}

}  // namespace

Result<void> settle_endpoints(Config& config, const ConfigSources& sources) {
    auto& endpoints = config.llm.endpoints;
    if (endpoints.size() > llm::PoolConfig::endpoints_max) {
        return refuse(fmt::format("`llm.endpoints` names {} endpoints; {} are the most",
            endpoints.size(), llm::PoolConfig::endpoints_max));
    }
    if (endpoints.empty()) {
        endpoints.push_back(default_endpoint(config, sources));
    } else {
        config.llm.choice = "it is configured";
    }
    std::set<std::string_view> names;
    for (auto& endpoint : endpoints) {
        BATON_TRY_VOID(settle_endpoint(endpoint, sources.env));
        if (names.insert(endpoint.name).second) continue;
        return refuse(fmt::format("`llm.endpoints` has two endpoints called `{}`", endpoint.name));
    }
    config.loadbalancer.models = config.llm.models;
    config.loadbalancer.tenants = config.llm.tenants;
    return {};
}

bool is_served(const Config& config, const std::string& model) {
    return std::ranges::any_of(config.llm.endpoints, [&](const EndpointSettings& endpoint) {
        return endpoint.models.empty() || std::ranges::find(endpoint.models, model,
                                              &llm::ModelAlias::alias) != endpoint.models.end();
    });
}

}  // namespace baton::app
