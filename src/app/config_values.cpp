#include "app/config_values.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "app/config_key.h"

namespace baton::app {
namespace {

constexpr double price_max = 1e6;  // money per million tokens

std::unexpected<Error> refuse(
    std::string_view name, const ConfigNode& node, std::string_view what) {
    return fail_field(Errc::invalid_config, std::string(name),
        fmt::format("{}: `{}` {}", node.where, name, what));
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Result<std::string> model_name(
    std::string_view key, const ConfigNode& node, std::string_view text) {
    const ScalarText scalar{key, node.where, trimmed(text)};
    return read_text(scalar, KeyRules{.min = 1, .max = 256});
}

/// "alias: name" has a space after the colon; a colon alone is part of a name ("llama3.2:1b").
Result<llm::ModelAlias> read_model(std::string_view name, const ConfigNode& node) {
    std::string_view alias;
    std::string_view real;
    if (node.kind == ConfigNode::Kind::map && node.members.size() == 1) {
        alias = node.members.front().first;
        BATON_TRY(const auto scalar, scalar_of(name, node.members.front().second));
        real = scalar.text;
    } else {
        BATON_TRY(const auto scalar, scalar_of(name, node));
        const auto split = scalar.text.find(": ");
        alias = scalar.text.substr(0, split);
        real = split == std::string_view::npos ? alias : scalar.text.substr(split + 2);
    }
    llm::ModelAlias model;
    BATON_TRY(model.alias, model_name(name, node, alias));
    BATON_TRY(model.real, model_name(name, node, real));
    return model;
}

Result<llm::ModelPrice> read_price(
    std::string_view key, const std::string& model, const ConfigNode& node) {
    const auto path = fmt::format("{}.{}", key, model);
    if (node.kind != ConfigNode::Kind::map) {
        return refuse(path, node, "takes {input: …, output: …}, per million tokens");
    }
    llm::ModelPrice price{.model = model};
    for (const auto& [name, value] : node.members) {
        double* const place = name == "input"    ? &price.input
                              : name == "output" ? &price.output
                                                 : nullptr;
        if (place == nullptr)
            return refuse(path + "." + name, value, "is no price: it has input, output");
        BATON_TRY(const auto scalar, scalar_of(path, value));
        BATON_TRY(
            *place, read_number(scalar, KeyKind::number, KeyRules{.min = 0, .max = price_max}));
    }
    return price;
}

}  // namespace

Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<std::string>& texts) {
    if (node.kind != ConfigNode::Kind::list) {
        return refuse(name, node, "takes a list, such as [a, b]");
    }
    for (const auto& item : node.items) {
        BATON_TRY(const auto scalar, scalar_of(name, item));
        BATON_TRY(auto text, read_text(scalar, KeyRules{.min = 1, .max = 1024}));
        texts.push_back(std::move(text));
    }
    return {};
}

Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<llm::ModelAlias>& models) {
    if (node.kind != ConfigNode::Kind::list) {
        return refuse(name, node, "takes a list, such as [gpt-4o, fast: gpt-4o-mini]");
    }
    for (const auto& item : node.items) {
        BATON_TRY(auto model, read_model(name, item));
        if (std::ranges::find(models, model.alias, &llm::ModelAlias::alias) != models.end()) {
            return refuse(name, item, fmt::format("names `{}` twice", model.alias));
        }
        models.push_back(std::move(model));
    }
    return {};
}

Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<llm::ModelPrice>& prices) {
    if (node.kind != ConfigNode::Kind::map) {
        return refuse(name, node, "takes a section, such as {gpt-4o: {input: 2.5, output: 10}}");
    }
    for (const auto& [model, value] : node.members) {
        BATON_TRY(auto price, read_price(name, model, value));
        prices.push_back(std::move(price));
    }
    return {};
}

std::string show_list(const std::vector<std::string>& texts) {
    std::string result = "[";
    for (const auto& text : texts) {
        if (result.size() > 1) result += ", ";
        result += '"' + text + '"';
    }
    return result + "]";
}

std::string show_list(const std::vector<llm::ModelAlias>& models) {
    std::vector<std::string> texts;
    for (const auto& model : models) {
        texts.push_back(model.alias == model.real ? model.alias : model.alias + ": " + model.real);
    }
    return show_list(texts);
}

std::string show_list(const std::vector<llm::ModelPrice>& prices) {
    std::string text = "{";
    for (const auto& price : prices) {
        if (text.size() > 1) text += ", ";
        text += fmt::format(
            "\"{}\": {{input: {}, output: {}}}", price.model, price.input, price.output);
    }
    return text + "}";
}

}  // namespace baton::app
