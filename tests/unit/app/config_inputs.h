// What a configuration is loaded from in tests.
#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_load.h"
#include "support/temp_dir.h"

namespace baton::app {

struct Inputs {
    std::string yaml{};
    std::vector<std::string> settings{};
    std::map<std::string, std::string, std::less<>> env{};
};

inline Result<Config> load(const Inputs& inputs) {
    const test::TempDir dir;
    ConfigSources sources;
    if (!inputs.yaml.empty()) {
        std::ofstream(dir / "baton.yaml") << inputs.yaml;
        sources.file = dir / "baton.yaml";
    }
    sources.settings = inputs.settings;
    sources.env = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = inputs.env.find(name);
        return found == inputs.env.end() ? std::nullopt : std::optional(found->second);
    };
    return load_config(sources);
}

inline Error refusal(const Inputs& inputs) {
    const auto config = load(inputs);
    EXPECT_FALSE(config) << "loaded, but should have been refused";
    return config ? Error{.code = Errc::internal, .detail = "loaded"} : config.error();
}

}  // namespace baton::app
