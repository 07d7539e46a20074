#include "app/open_precision.hpp"

#include "graftage/train/precision.hpp"

#include <algorithm>

namespace graftage::app {

namespace {

bool has_scalar(const config::Node& node, const std::string& text) {
  return node.scalar == text ||
         std::any_of(node.items.begin(), node.items.end(),
                     [&](const config::Node& item) { return has_scalar(item, text); }) ||
         std::any_of(node.entries.begin(), node.entries.end(),
                     [&](const auto& entry) { return has_scalar(entry.second, text); });
}

}  // namespace

bool leaves_precision_open(const config::Node& document) {
  return std::any_of(document.entries.begin(), document.entries.end(),
                     [](const auto& entry) {
                       return entry.first.ends_with("precision")
                                  ? has_scalar(entry.second, train::name_of(train::Precision::Auto))
                                  : leaves_precision_open(entry.second);
                     }) ||
         std::any_of(document.items.begin(), document.items.end(), leaves_precision_open);
}

void carry_precision(const study::Stage& stage, const std::vector<study::Stage>& earlier) {
  if (!leaves_precision_open(stage.document)) return;
  for (const study::Stage& other : earlier)
    if (const auto settled = train::settled_precision(other.output)) {
      train::adopt_precision(stage.output, *settled);
      return;
    }
}

}  // namespace graftage::app
