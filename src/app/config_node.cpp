#include "app/config_node.h"

#include <algorithm>

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

namespace baton::app {
namespace {

std::string place(std::string_view source, const YAML::Mark& mark) {
    return mark.is_null() ? std::string(source) : fmt::format("{}:{}", source, mark.line + 1);
}

/// Copies a YAML tree into ours. Aliases are copied where they stand, so nodes are counted against
/// a bomb.
class Reader {
public:
    explicit Reader(std::string_view source) : source_(source) {}

    Result<ConfigNode> read(const YAML::Node& yaml, const YAML::Mark& mark, std::size_t depth) {
        ConfigNode node;
        node.where = place(source_, mark);
        if (++nodes_ > ConfigDocumentLimits::nodes_max || depth > ConfigDocumentLimits::depth_max) {
            return fail(
                Errc::invalid_config, node.where + ": the document is too large or too deep");
        }
        if (yaml.IsScalar()) {
            node.kind = ConfigNode::Kind::scalar;
            node.text = yaml.Scalar();
        } else if (yaml.IsSequence()) {
            node.kind = ConfigNode::Kind::list;
            for (const auto& item : yaml) {
                BATON_TRY(auto read_item, read(item, item.Mark(), depth + 1));
                node.items.push_back(std::move(read_item));
            }
        } else if (yaml.IsMap()) {
            node.kind = ConfigNode::Kind::map;
            BATON_TRY_VOID(read_members(yaml, node, depth));
        }
        return node;
    }

private:
    Result<void> read_members(const YAML::Node& yaml, ConfigNode& node, std::size_t depth) {
        for (const auto& member : yaml) {
            const auto where = place(source_, member.first.Mark());
            if (!member.first.IsScalar()) {
                return fail(Errc::invalid_config, where + ": a key must be a plain text");
            }
            const auto& name = member.first.Scalar();
            if (node.find(name) != nullptr) {
                return fail(
                    Errc::invalid_config, fmt::format("{}: key `{}` is given twice", where, name));
            }
            // A map's own mark is its first member; the key's line is the one a person looks for.
            BATON_TRY(auto value, read(member.second, member.first.Mark(), depth + 1));
            node.members.emplace_back(name, std::move(value));
        }
        return {};
    }

    std::string_view source_;
    std::size_t nodes_ = 0;
};

/// The value of the reference that begins at `begin` ("${"), and moves `begin` behind it.
Result<std::string> expand_reference(
    const ConfigNode& node, std::size_t& begin, const EnvLookup& env) {
    const auto end = node.text.find('}', begin);
    if (end == std::string::npos) {
        return fail(Errc::invalid_config, node.where + ": `${` without `}` (write `$$` for a `$`)");
    }
    const auto inside = std::string_view(node.text).substr(begin + 2, end - begin - 2);
    begin = end + 1;
    const auto split = inside.find(":-");
    const auto name = inside.substr(0, split);
    auto value = env(name);
    if (split != std::string_view::npos) {
        if (value && !value->empty()) return *std::move(value);
        return std::string(inside.substr(split + 2));
    }
    if (value) return *std::move(value);
    return fail(Errc::invalid_config,
        fmt::format("{}: environment variable {} is not set (`${{{}:-default}}` gives a default)",
            node.where, name, name));
}

Result<void> substitute_text(ConfigNode& node, const EnvLookup& env) {
    std::string result;
    for (std::size_t i = 0; i < node.text.size();) {
        const auto rest = std::string_view(node.text).substr(i);
        if (rest.starts_with("$$")) {
            result += '$';
            i += 2;
        } else if (rest.starts_with("${")) {
            BATON_TRY(const auto value, expand_reference(node, i, env));
            result += value;
        } else {
            result += node.text[i++];
        }
    }
    node.text = std::move(result);
    return {};
}

}  // namespace

ConfigNode* ConfigNode::find(std::string_view name) noexcept {
    const auto member =
        std::ranges::find(members, name, &std::pair<std::string, ConfigNode>::first);
    return member == members.end() ? nullptr : &member->second;
}

Result<ConfigNode> parse_document(std::string_view text, std::string_view source) {
    if (text.size() > ConfigDocumentLimits::bytes_max) {
        return fail(Errc::invalid_config, fmt::format("{}: larger than 1 MiB", source));
    }
    try {
        const auto yaml = YAML::Load(std::string(text));
        BATON_TRY(auto root, Reader(source).read(yaml, yaml.Mark(), 0));
        if (root.kind == ConfigNode::Kind::null) root.kind = ConfigNode::Kind::map;
        return root;
    } catch (const YAML::Exception& error) {
        return fail(Errc::invalid_config, place(source, error.mark) + ": " + error.msg);
    }
}

Result<void> put_value(ConfigNode& root, std::string_view path, ConfigNode value) {
    ConfigNode* node = &root;
    while (true) {
        if (node->kind == ConfigNode::Kind::null) node->kind = ConfigNode::Kind::map;
        if (node->kind != ConfigNode::Kind::map) {
            return fail(
                Errc::invalid_config, fmt::format("{}: {} gives a value where a section must be",
                                          value.where, node->where));
        }
        const auto dot = path.find('.');
        const auto name = path.substr(0, dot);
        ConfigNode* member = node->find(name);
        if (member == nullptr) {
            member = &node->members.emplace_back(std::string(name), ConfigNode{}).second;
            member->where = value.where;
        }
        if (dot == std::string_view::npos) {
            *member = std::move(value);
            return {};
        }
        node = member;
        path.remove_prefix(dot + 1);
    }
}

Result<void> substitute_environment(ConfigNode& root, const EnvLookup& env) {
    if (root.kind == ConfigNode::Kind::scalar) return substitute_text(root, env);
    for (auto& item : root.items) {
        BATON_TRY_VOID(substitute_environment(item, env));
    }
    for (auto& [name, member] : root.members) {
        BATON_TRY_VOID(substitute_environment(member, env));
    }
    return {};
}

}  // namespace baton::app
