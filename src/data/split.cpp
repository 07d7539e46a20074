#include "data/split.hpp"

#include "graftage/core/seed.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace graftage::data {
namespace {

void sort_parts(Split& split) {
  for (auto* part : {&split.train, &split.valid, &split.test}) std::sort(part->begin(), part->end());
}

}  // namespace

Split scaffold_split(const std::vector<core::Key128>& scaffolds, double train_fraction, double valid_fraction) {
  std::map<core::Key128, std::vector<core::GraphId>> by_scaffold;
  for (std::size_t i = 0; i < scaffolds.size(); ++i)
    by_scaffold[scaffolds[i]].emplace_back(static_cast<std::int64_t>(i));
  std::vector<std::vector<core::GraphId>> groups;
  for (auto& item : by_scaffold) groups.push_back(std::move(item.second));
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a.front() > b.front();
  });
  const auto total = static_cast<double>(scaffolds.size());
  const double train_cut = train_fraction * total;
  const double valid_cut = (train_fraction + valid_fraction) * total;
  Split split;
  for (const auto& group : groups) {
    auto* part = &split.train;
    if (static_cast<double>(split.train.size() + group.size()) > train_cut) {
      const bool beyond_valid = static_cast<double>(split.train.size() + split.valid.size() + group.size()) > valid_cut;
      part = beyond_valid ? &split.test : &split.valid;
    }
    part->insert(part->end(), group.begin(), group.end());
  }
  sort_parts(split);
  return split;
}

Split random_split(std::int64_t num_graphs, double train_fraction, double valid_fraction, std::int64_t seed) {
  const core::KeyedPermutation order(
      static_cast<std::uint64_t>(num_graphs),
      core::SeedSequence(static_cast<std::uint64_t>(seed)).child("random split").value());
  const auto total = static_cast<double>(num_graphs);
  const auto num_train = static_cast<std::int64_t>(std::floor(train_fraction * total));
  const auto num_valid = static_cast<std::int64_t>(std::floor(valid_fraction * total));
  Split split;
  for (std::int64_t p = 0; p < num_graphs; ++p) {
    auto& part = p < num_train ? split.train : p < num_train + num_valid ? split.valid : split.test;
    part.emplace_back(static_cast<std::int64_t>(order(static_cast<std::uint64_t>(p))));
  }
  sort_parts(split);
  return split;
}

}  // namespace graftage::data
