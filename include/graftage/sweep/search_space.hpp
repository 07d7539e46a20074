#pragma once

#include "graftage/config/node.hpp"
#include "graftage/core/seed.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace graftage::sweep {

/// Families of W&B's distributions. The "_values" and "q_" forms are a family with converted bounds or a quantum.
enum class Distribution { Constant, Categorical, IntUniform, Uniform, LogUniform, InvLogUniform, Normal, LogNormal };

/// `when: {other.parameter: value | [values]}`: graftage's extension of W&B parameters.
struct Condition {
  std::string parameter;
  std::vector<config::Node> values;
};

/// One varying value of the trial configuration.
struct Parameter {
  std::string name;  ///< dotted path in the trial section
  Distribution distribution = Distribution::Constant;
  std::vector<config::Node> values;   ///< Constant (one), Categorical
  std::vector<double> probabilities;  ///< Categorical; empty = equal
  double low = 0;                     ///< least value (of the logarithm), or mu
  double high = 0;                    ///< greatest value (of the logarithm), or sigma
  std::optional<double> quantum;      ///< q of the "q_" forms
  std::vector<Condition> when;        ///< all must hold; otherwise the trial section decides
  config::Mark mark;
};

/// Parameters in the order of the file, except that a conditional one follows those it depends on.
struct SearchSpace {
  std::vector<Parameter> parameters;
};

/// One point of a space: a value per parameter, empty where its condition does not hold.
using Setting = std::vector<std::optional<config::Node>>;

/// Reads W&B's `parameters` (with `when`); nested `parameters` become dotted names.
/// @throws ConfigError with the place: unknown key, distribution or condition, bad bounds, what is not supported
[[nodiscard]] SearchSpace read_search_space(const config::Node& parameters);

/// Number of values a grid takes from a parameter; empty for a continuous one. Saturates at 2^62.
[[nodiscard]] std::optional<std::uint64_t> num_choices(const Parameter& parameter);
/// Value `index` of a grid. @pre index < num_choices
[[nodiscard]] config::Node choice(const Parameter& parameter, std::uint64_t index);
/// A random value, W&B's inverse distribution functions.
[[nodiscard]] config::Node draw(const Parameter& parameter, core::RandomStream stream);

/// All settings of a finite space, the first parameter varying slowest.
/// @throws ConfigError if there are more than `limit`, found before they are listed
[[nodiscard]] std::vector<Setting> enumerate_grid(const SearchSpace& space, std::uint64_t limit);
/// Setting `index` of a random search: each parameter's stream is keyed by (seed, name, index), so adding a parameter
/// or drawing more leaves the other draws alone.
[[nodiscard]] Setting draw_setting(const SearchSpace& space, core::SeedSequence seed, std::int64_t index);

}  // namespace graftage::sweep
