#pragma once

#include "graftage/config/node.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace graftage::config {

/// Parses one YAML document (<= 1 MiB, nesting <= 64, duplicate keys refused).
/// @param name  what to call the source in messages
/// @throws ConfigError with name:line:column
[[nodiscard]] Node parse_yaml(const std::string& text, const std::string& name);

/// Reads and parses a file. @throws MissingInput, ConfigError
[[nodiscard]] Node load_yaml(const std::filesystem::path& path);

/// Applies `key.path=value` settings in order; the value is parsed as YAML ("3", "[1, 2]", "{kind: gin}").
/// Their marks say "--set key.path". @throws UsageError for a setting without '=', ConfigError for a bad value
void apply_settings(Node& document, const std::vector<std::string>& settings);

/// Reads a scalar of a JSON-compatible YAML flow text; from_json(node.to_json()) is the same tree without marks.
[[nodiscard]] Node from_json(const std::string& json);

}  // namespace graftage::config
