#include "app/config_print.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "app/config_table.h"

namespace baton::app {
namespace {

std::string_view section_of(std::string_view key) { return key.substr(0, key.rfind('.')); }
std::string_view leaf_of(std::string_view key) { return key.substr(key.rfind('.') + 1); }

/// "integer 0..65535", "one of json | text".
std::string type_and_range(const KeyDoc& key) {
    const auto range = show_range(key.kind, key.rules);
    return range.empty() ? std::string(to_string(key.kind))
                         : fmt::format("{} {}", to_string(key.kind), range);
}

std::string default_of(const KeyDoc& key) {
    if (key.rules.required) return "required";
    return key.default_text.empty() ? "empty" : key.default_text;
}

/// A scalar as YAML: quoted when YAML could read it as something else.
std::string yaml_scalar(KeyKind kind, const std::string& text) {
    const bool plain = kind == KeyKind::boolean || kind == KeyKind::integer ||
                       kind == KeyKind::size || kind == KeyKind::number ||
                       kind == KeyKind::duration || kind == KeyKind::choice;
    if (plain) return text;
    if (kind >= KeyKind::texts) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (c == '\n') {
            quoted += "\\n";
        } else {
            quoted += c;
        }
        if (c == '$') quoted += '$';  // read back as one
    }
    return quoted + "\"";
}

void help_row(std::string& out, const std::string& name, const KeyDoc& key) {
    out += fmt::format("  {:<34}  {}, default {}{}\n", name, type_and_range(key), default_of(key),
        key.rules.reloadable ? ", reloadable" : "");
    out += fmt::format("      {}\n", key.rules.doc);
}

std::string cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|') result += '\\';
        result += c;
    }
    return result;
}

void reference_row(std::string& out, std::string_view name, const KeyDoc& key) {
    out += fmt::format("| `{}` | {} | {} | {}{} |\n", name, cell(type_and_range(key)),
        key.default_text.empty() || key.rules.required ? default_of(key)
                                                       : "`" + cell(key.default_text) + "`",
        cell(key.rules.doc), key.rules.reloadable ? " *Reloadable.*" : "");
}

constexpr std::string_view table_head = "| key | type | default | what |\n|---|---|---|---|\n";

constexpr std::string_view reference_head =
    R"(# Configuration

<!-- Made by `batond --help-config=markdown`; a test keeps it current. Edit src/app/config_table.cpp. -->

`batond --config FILE` reads YAML; `--set key=value` (repeatable) overrides one key; lists take JSON:
`--set 'agents=[{"id":"assistant","model":"gpt-4o-mini"}]'`. `${NAME}` and `${NAME:-default}` are replaced
from the environment, `$$` is one `$`. Unknown keys are refused. `batond --check-config` prints the
configuration in force, secrets masked, and exits.

Durations are written `250ms`, `30s`, `5m`, `2h`, `1d`; sizes `65536`, `512KiB`, `64MiB`. Keys marked
*reloadable* take effect on SIGHUP; others need a restart, which the log says. An example stands in
`configs/baton.yaml`.
)";

}  // namespace

std::string config_help() {
    std::string out =
        "Configuration keys of batond, for --config FILE (YAML) and --set key=value.\n"
        "Durations: 250ms, 30s, 5m, 2h. Sizes: 512KiB, 64MiB. Lists take JSON in --set.\n";
    std::string_view section;
    for (const auto& row : config_keys()) {
        if (section_of(row.name) != section) {
            section = section_of(row.name);
            out += fmt::format("\n{}\n", section);
        }
        help_row(out, std::string(row.name), describe(row));
    }
    for (const auto& list : config_lists()) {
        out += fmt::format("\n{}[]\n  {}\n", list.name, list.doc);
        for (const auto& key : list.describe()) help_row(out, "." + std::string(key.name), key);
    }
    return out;
}

std::string config_reference() {
    std::string out(reference_head);
    std::string_view section;
    for (const auto& row : config_keys()) {
        if (section_of(row.name) != section) {
            section = section_of(row.name);
            out += fmt::format("\n## {}\n{}", section, table_head);
        }
        reference_row(out, row.name, describe(row));
    }
    for (const auto& list : config_lists()) {
        out += fmt::format("\n## {}[]\n{}\n\n{}", list.name, list.doc, table_head);
        for (const auto& key : list.describe()) reference_row(out, key.name, key);
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> masked_values(const Config& config) {
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& row : config_keys()) {
        values.emplace_back(row.name, show_masked(config, row));
    }
    for (const auto& list : config_lists()) {
        std::size_t index = 0;
        for (const auto& item : list.show(config)) {
            for (const auto& [name, text] : item) {
                values.emplace_back(fmt::format("{}[{}].{}", list.name, index, name), text);
            }
            ++index;
        }
    }
    return values;
}

std::string print_config(const Config& config) {
    std::string out;
    std::string_view section;
    const auto head = [&](std::string_view name) {
        if (section_of(name) == section) return;
        section = section_of(name);
        out += fmt::format("{}:\n", section);
    };
    const auto print_list = [&](const ListKey& list, std::string_view indent) {
        const auto docs = list.describe();
        for (const auto& item : list.show(config)) {
            std::string_view lead = "- ";
            std::string_view inner;  // the section within the item
            for (std::size_t i = 0; i < item.size(); ++i) {
                const auto name = item[i].first;
                const auto within = name.contains('.') ? section_of(name) : std::string_view();
                if (within != inner && !within.empty()) {
                    out += fmt::format("{}{}{}:\n", indent, lead, within);
                }
                inner = within;
                out += fmt::format("{}{}{}{}: {}\n", indent, lead, within.empty() ? "" : "  ",
                    leaf_of(name), yaml_scalar(docs[i].kind, item[i].second));
                lead = "  ";
            }
        }
    };
    for (const auto& row : config_keys()) {
        const bool section_ends = !section.empty() && section_of(row.name) != section;
        if (section_ends) {
            for (const auto& list : config_lists()) {
                if (section_of(list.name) != section || list.name == section) continue;
                out += fmt::format("  {}:\n", leaf_of(list.name));
                print_list(list, "    ");
            }
        }
        head(row.name);
        out += fmt::format(
            "  {}: {}\n", leaf_of(row.name), yaml_scalar(row.kind, show_masked(config, row)));
    }
    for (const auto& list : config_lists()) {
        if (list.name.contains('.')) continue;
        out += fmt::format("{}:\n", list.name);
        print_list(list, "  ");
    }
    return out;
}

std::vector<std::string_view> changed_keys(const Config& a, const Config& b) {
    std::vector<std::string_view> names;
    for (const auto& row : config_keys()) {
        if (row.show(a, row) != row.show(b, row)) names.push_back(row.name);
    }
    for (const auto& list : config_lists()) {
        if (list.show(a) != list.show(b)) names.push_back(list.name);
    }
    return names;
}

bool is_reloadable(std::string_view key) {
    const auto row = std::ranges::find(config_keys(), key, &Key<Config>::name);
    return row != config_keys().end() && row->rules.reloadable;
}

}  // namespace baton::app
