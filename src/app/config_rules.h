// The keys of a rule of the preprocessor, an item of `scheduler.rules`.
#pragma once

#include <array>

#include "app/config_key.h"
#include "dispatch/preprocessor.h"

namespace baton::app {

template <auto member>
constexpr Key<dispatch::ScoreRule> rule_key(std::string_view name, KeyRules rules) {
    return key<dispatch::ScoreRule, member>(name, rules);
}

inline constexpr std::array rule_keys{
    rule_key<[](auto& rule) -> auto& { return rule.name; }>(
        "name", {.doc = "What messages it matched show.", .min = 1, .max = 128, .required = true}),
    rule_key<[](auto& rule) -> auto& { return rule.keywords; }>(
        "keywords", {.doc = "One of them is in the text, whatever its case. Empty: any text."}),
    rule_key<[](auto& rule) -> auto& { return rule.length_min; }>(
        "length_min", {.doc = "Bytes of text at least."}),
    rule_key<[](auto& rule) -> auto& { return rule.length_max; }>(
        "length_max", {.doc = "Bytes of text at most; 0: any."}),
    rule_key<[](auto& rule) -> auto& { return rule.tier; }>(
        "tier", {.doc = "The message's metadata has this `tier`. Empty: any or none.", .max = 128}),
    rule_key<[](auto& rule) -> auto& { return rule.urgency; }>("urgency",
        {.doc = "The message's metadata has this `urgency`. Empty: any or none.", .max = 128}),
    rule_key<[](auto& rule) -> auto& { return rule.score; }>(
        "score", {.doc = "What it adds, when all of the above hold.",
                     .min = -100,
                     .max = 100,
                     .required = true}),
};

}  // namespace baton::app
