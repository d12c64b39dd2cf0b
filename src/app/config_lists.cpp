// The lists of the key table: sections that come many times.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "app/config_rules.h"
#include "app/config_table.h"
#include "service/message_service.h"

namespace baton::app {
namespace {

constexpr double day = 24.0 * 60 * 60 * 1000;

#define BATON_MEMBER(path) ([](auto& object) -> auto& { return object.path; })
#define BATON_ITEM(type, path, ...) key<type, BATON_MEMBER(path)>(__VA_ARGS__)

#define BATON_LIMITS(type)                                                                     \
    BATON_ITEM(type, limits.concurrency, "limits.concurrency",                                 \
        {.doc = "Requests at a time; 0: no limit. In a cluster this and the next three are "   \
                "limits of all daemons together.",                                             \
            .max = 1e6}),                                                                      \
        BATON_ITEM(type, limits.requests_per_minute, "limits.requests_per_minute",             \
            {.doc = "Requests in any 60 s; 0: no limit.", .max = 1e12}),                       \
        BATON_ITEM(type, limits.input_tokens_per_minute, "limits.input_tokens_per_minute",     \
            {.doc = "Tokens read in any 60 s, an estimate while a request runs; 0: no limit.", \
                .max = 1e12}),                                                                 \
        BATON_ITEM(type, limits.output_tokens_per_minute, "limits.output_tokens_per_minute",   \
            {.doc = "Tokens written; 0: no limit.", .max = 1e12}),                             \
        BATON_ITEM(type, limits.cost_per_day, "limits.cost_per_day",                           \
            {.doc = "Money in a UTC day, in the currency of the prices, of all daemons that "  \
                    "share "                                                                   \
                    "the database; 0: no limit.",                                              \
                .max = 1e12})

constexpr std::array level_keys{
    BATON_ITEM(LevelSettings, name, "name",
        {.doc = "The level.", .choices = level_names, .required = true}),
    BATON_ITEM(LevelSettings, max_wait_time, "max_wait_time",
        {.doc = "A message waiting longer moves up a level; 0ms: never.", .max = 365 * day}),
    BATON_ITEM(LevelSettings, max_concurrent, "max_concurrent",
        {.doc = "Runs of this level at a time; 0: no limit.", .max = 1e6}),
    BATON_ITEM(LevelSettings, weight, "weight",
        {.doc = "Share of this level with the strategy `priority_weighted`; 0: 8, 4, 2 or 1.",
            .max = 1000}),
};

constexpr std::array endpoint_keys{
    BATON_ITEM(EndpointSettings, name, "name",
        {.doc = "What logs and metrics call it.", .min = 1, .max = 64}),
    BATON_ITEM(EndpointSettings, provider, "provider",
        {.doc = "`openai`: anything that speaks OpenAI's chat completions; `anthropic`: its "
                "Messages; "
                "`ollama`: its own API; `echo`: answers with the message, without a model.",
            .choices = provider_names}),
    BATON_ITEM(EndpointSettings, base_url, "base_url",
        {.doc = "`openai`: up to and with `/v1`. Empty: the provider's own "
                "(`https://api.openai.com/v1`, `https://api.anthropic.com`, "
                "`http://127.0.0.1:11434`).",
            .max = 2048}),
    BATON_ITEM(EndpointSettings, api_key, "api_key",
        {.doc = "Empty: none, or OPENAI_API_KEY for api.openai.com and ANTHROPIC_API_KEY for "
                "api.anthropic.com.",
            .max = 4096}),
    BATON_ITEM(EndpointSettings, api, "api",
        {.doc = "Of `openai`: which of its interfaces is used for chats.",
            .choices = openai_api_names}),
    BATON_ITEM(EndpointSettings, models, "models",
        {.doc = "Models it serves, each as `name`, or `alias: name` when it calls it otherwise; an "
                "agent that names a model nobody serves is refused at start. Empty: any."}),
    BATON_ITEM(EndpointSettings, weight, "weight",
        {.doc = "Share of the work among several endpoints; 0: takes nothing.", .max = 1000}),
    BATON_LIMITS(EndpointSettings),
    BATON_ITEM(EndpointSettings, prices, "prices",
        {.doc = "Money per million tokens by model, as the endpoint calls it: "
                "`{gpt-4o: {input: 2.5, output: 10}}`. A model without one costs nothing."}),
};

constexpr std::array named_limit_keys{
    BATON_ITEM(llm::NamedLimits, name, "name",
        {.doc = "Of the model (as it is asked for), or the tenant.",
            .min = 1,
            .max = 256,
            .required = true}),
    BATON_LIMITS(llm::NamedLimits),
};

constexpr std::array agent_keys{
    BATON_ITEM(agents::AgentSpec, id.text, "id",
        {.doc = "Name that messages carry as `agent_id`. The first agent is the default one.",
            .min = 1,
            .max = 64,
            .required = true}),
    BATON_ITEM(
        agents::AgentSpec, model, "model", {.doc = "Model that is asked.", .min = 1, .max = 256}),
    BATON_ITEM(agents::AgentSpec, instructions, "instructions",
        {.doc = "The system message.", .max = 262'144}),
    BATON_ITEM(agents::AgentSpec, context_tokens, "context_tokens",
        {.doc = "Room for instructions, history and the new message together.",
            .min = 64,
            .max = 1e7}),
    BATON_ITEM(agents::AgentSpec, context_policy, "context_policy",
        {.doc = "What becomes of turns that no longer fit: `trim` leaves out the oldest, "
                "`summarise` has the model sum them up, once, and keeps that.",
            .choices = context_policy_names}),
    BATON_ITEM(agents::AgentSpec, history_max, "history_max",
        {.doc = "Earlier messages looked at.", .max = 1000}),
    BATON_ITEM(agents::AgentSpec, tools, "tools",
        {.doc = "Tools the model may use: `send_to_agent`, `post_to_queue`, `wait_for_reply`, "
                "`read_conversation`."}),
    BATON_ITEM(agents::AgentSpec, limits.max_steps, "max_steps",
        {.doc = "Calls of the model in one run; a run that wants more is a dead letter.",
            .min = 1,
            .max = 1000}),
    BATON_ITEM(agents::AgentSpec, limits.max_tokens, "max_tokens",
        {.doc = "Tokens a run may read and write before its last call; 0: no limit.", .max = 1e12}),
    BATON_ITEM(agents::AgentSpec, limits.max_cost, "max_cost",
        {.doc = "The same in money, by the prices of the endpoints; 0: no limit.", .max = 1e9}),
    BATON_ITEM(agents::AgentSpec, limits.max_time, "max_time",
        {.doc = "Since the run's first call, waits and restarts included; 0ms: no limit.",
            .max = 30 * day}),
};

constexpr std::array tier_keys{
    BATON_ITEM(service::TierLimits, name, "name",
        {.doc = "The `tier` of users' records, whatever its case. What a message's metadata calls "
                "a tier has no limits.",
            .min = 1,
            .max = service::MessageLimits::tier_max,
            .required = true}),
    BATON_ITEM(service::TierLimits, messages_per_minute, "messages_per_minute",
        {.doc = "Messages to agents that each of them may send a minute unless the user's record "
                "says otherwise; 0: any number; null: `users.messages_per_minute`.",
            .max = 1e9}),
    BATON_ITEM(service::TierLimits, messages_per_day, "messages_per_day",
        {.doc = "… and a UTC day; null: `users.messages_per_day`.", .max = 1e9}),
};

/// Fills `item` from the members of `node`; `prefix` is the section they stand in, with its dot.
template <class Item, std::size_t size>
Result<void> read_members(Item& item, const std::array<Key<Item>, size>& rows,
    const std::string& path, const std::string& prefix, const ConfigNode& node) {
    if (node.kind != ConfigNode::Kind::map) {
        return fail_field(Errc::invalid_config, path,
            fmt::format("{}: `{}` must be a section", node.where, path));
    }
    for (const auto& [name, value] : node.members) {
        const auto key = prefix + name;
        const auto row = std::ranges::find(rows, key, &Key<Item>::name);
        const auto full = path + "." + name;
        if (row == rows.end()) {
            const auto inside = [&](const Key<Item>& one) {
                return one.name.starts_with(key + ".");
            };
            if (std::ranges::any_of(rows, inside)) {
                if (value.kind == ConfigNode::Kind::null) continue;
                BATON_TRY_VOID(read_members(item, rows, full, key + ".", value));
                continue;
            }
            std::vector<std::string_view> names;
            for (const auto& known : rows) {
                if (!known.name.starts_with(prefix)) continue;
                const auto rest = known.name.substr(prefix.size());
                names.push_back(rest.substr(0, rest.find('.')));
            }
            return unknown_key(value.where, full, names);
        }
        if (value.kind == ConfigNode::Kind::null) continue;
        auto named = *row;  // errors name the whole path
        named.name = full;
        BATON_TRY_VOID(row->read(item, named, value));
    }
    return {};
}

template <class Item, std::size_t size>
Result<Item> read_item(
    const std::array<Key<Item>, size>& rows, const std::string& path, const ConfigNode& node) {
    Item item{};
    BATON_TRY_VOID(read_members(item, rows, path, "", node));
    for (const auto& row : rows) {
        const bool given = std::ranges::any_of(node.members, [&](const auto& member) {
            return member.first == row.name && member.second.kind != ConfigNode::Kind::null;
        });
        if (row.rules.required && !given) {
            return fail_field(Errc::invalid_config, path,
                fmt::format("{}: `{}` needs the key `{}`", node.where, path, row.name));
        }
    }
    return item;
}

template <class Item, auto member, const auto& rows>
constexpr ListKey list_key(std::string_view name, std::string_view doc) {
    return {
        .name = name,
        .doc = doc,
        .read = [](Config& config, const ListKey& list, const ConfigNode& node) -> Result<void> {
            if (node.kind != ConfigNode::Kind::list) {
                return fail_field(Errc::invalid_config, std::string(list.name),
                    fmt::format("{}: `{}` takes a list", node.where, list.name));
            }
            std::vector<Item> items;
            for (const auto& item : node.items) {
                const auto path = fmt::format("{}[{}]", list.name, items.size());
                BATON_TRY(auto value, read_item(rows, path, item));
                items.push_back(std::move(value));
            }
            member(config) = std::move(items);
            return {};
        },
        .describe =
            [] {
                std::vector<KeyDoc> docs;
                for (const auto& row : rows) docs.push_back(app::describe(row));
                return docs;
            },
        .show =
            [](const Config& config) {
                std::vector<std::vector<std::pair<std::string_view, std::string>>> items;
                for (const auto& item : member(config)) {
                    auto& shown = items.emplace_back();
                    for (const auto& row : rows)
                        shown.emplace_back(row.name, show_masked(item, row));
                }
                return items;
            },
    };
}

constexpr std::array lists{
    list_key<LevelSettings, BATON_MEMBER(queue.levels), level_keys>("queue.levels",
        "Rules of the priority levels of messages to agents; a level that is not named keeps its "
        "own."),
    list_key<dispatch::ScoreRule, BATON_MEMBER(preprocessor.rules), rule_keys>("scheduler.rules",
        "What gives a message its level when its sender gave none: a score of 0 to 100."),
    list_key<EndpointSettings, BATON_MEMBER(llm.endpoints), endpoint_keys>("llm.endpoints",
        "The LLM endpoints. None given: OpenAI when OPENAI_API_KEY is set, else Anthropic when "
        "ANTHROPIC_API_KEY is, else an Ollama that answers (at OLLAMA_HOST, or on this machine) "
        "and has models, else `echo`."),
    list_key<llm::NamedLimits, BATON_MEMBER(llm.models), named_limit_keys>(
        "llm.models", "Limits of models over all endpoints."),
    list_key<llm::NamedLimits, BATON_MEMBER(llm.tenants), named_limit_keys>(
        "llm.tenants", "Limits of tenants over all endpoints."),
    list_key<service::TierLimits, BATON_MEMBER(conversations.users.tiers), tier_keys>(
        "users.tiers", "Limits of users by the tier of their record; at most 256."),
    list_key<agents::AgentSpec, BATON_MEMBER(agents), agent_keys>(
        "agents", "The agents that answer messages. None given: one called `assistant`."),
};

}  // namespace

std::span<const ListKey> config_lists() noexcept { return lists; }

}  // namespace baton::app
