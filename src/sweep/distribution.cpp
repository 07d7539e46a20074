#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/sweep/search_space.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace graftage::sweep {

namespace {

using config::Node;

constexpr double kManyChoices = 0x1p62;

Node number_node(double value, const config::Mark& mark) {
  return Node::from_scalar(core::format_double(value + 0.0), mark);  // + 0.0: no negative zero
}

/// A multiple of a quantum without the noise of the product: 3 * 0.1 is 0.3.
Node multiple_node(double value, const config::Mark& mark) {
  constexpr int kDigits = 12;
  std::array<char, 64> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, kDigits - 1);
  double rounded = value;
  std::from_chars(text.data(), written.ptr, rounded);
  return number_node(rounded, mark);
}

std::size_t draw_index(const Parameter& parameter, double u) {
  const std::size_t n = parameter.values.size();
  if (parameter.probabilities.empty()) return std::min(n - 1, static_cast<std::size_t>(u * static_cast<double>(n)));
  double cumulative = 0;
  std::size_t last_possible = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (parameter.probabilities[i] > 0) last_possible = i;
    cumulative += parameter.probabilities[i];
    if (u < cumulative) return i;
  }
  return last_possible;  // the sum is 1 only up to rounding
}

double draw_number(const Parameter& parameter, core::RandomStream& stream) {
  const double low = parameter.low, high = parameter.high;
  const auto between = [&](double u) { return std::clamp(low + u * (high - low), low, high); };
  switch (parameter.distribution) {
    case Distribution::IntUniform:
      return std::min(high, low + std::floor(stream.uniform() * (high - low + 1)));
    case Distribution::Uniform:
      return between(stream.uniform());
    case Distribution::LogUniform:
      return std::exp(between(stream.uniform()));
    case Distribution::InvLogUniform:
      return std::exp(-between(1 - stream.uniform()));
    case Distribution::Normal:
      return low + high * stream.normal();
    case Distribution::LogNormal:
      return std::exp(low + high * stream.normal());
    case Distribution::Constant:
    case Distribution::Categorical:
      break;
  }
  GRAFTAGE_CHECK(false, parameter.name);
  return 0;
}

}  // namespace

std::optional<std::uint64_t> num_choices(const Parameter& parameter) {
  switch (parameter.distribution) {
    case Distribution::Constant:
    case Distribution::Categorical:
      return parameter.values.size();
    case Distribution::IntUniform:
      return static_cast<std::uint64_t>(parameter.high - parameter.low) + 1;
    case Distribution::Uniform: {
      if (!parameter.quantum) return std::nullopt;
      constexpr double kSlack = 1e-9;  // 0.3 / 0.1 is below 3
      const double steps = std::floor((parameter.high - parameter.low) / *parameter.quantum + kSlack);
      return static_cast<std::uint64_t>(std::min(steps, kManyChoices)) + 1;
    }
    default:
      return std::nullopt;
  }
}

Node choice(const Parameter& parameter, std::uint64_t index) {
  if (!parameter.values.empty()) return parameter.values.at(index);
  const auto steps = static_cast<double>(index);
  if (!parameter.quantum) return number_node(parameter.low + steps, parameter.mark);
  return multiple_node(parameter.low + steps * *parameter.quantum, parameter.mark);
}

Node draw(const Parameter& parameter, core::RandomStream stream) {
  if (!parameter.values.empty()) return parameter.values[draw_index(parameter, stream.uniform())];
  const double value = draw_number(parameter, stream);
  if (!parameter.quantum) return number_node(value, parameter.mark);
  return multiple_node(std::nearbyint(value / *parameter.quantum) * *parameter.quantum, parameter.mark);
}

}  // namespace graftage::sweep
