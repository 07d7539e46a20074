#include "data/import_plan.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace graftage::data {
namespace {

struct KeyHash {
  std::size_t operator()(const core::Key128& key) const { return static_cast<std::size_t>(key.low); }
};

}  // namespace

std::int64_t RowLayout::rows_in(std::int64_t shard) const { return std::min(shard_rows, num_rows - first_row(shard)); }

std::vector<std::int64_t> RowLayout::shards_of(const mpi::Communicator& communicator) const {
  std::vector<std::int64_t> shards;
  for (std::int64_t s = communicator.rank(); s < num_shards(); s += communicator.size()) shards.push_back(s);
  return shards;
}

std::vector<core::Key128> gather_rows(const RowLayout& layout, const std::vector<core::Key128>& own,
                                      const mpi::Communicator& communicator) {
  const auto by_rank = communicator.all_gather<core::Key128>(own);
  GRAFTAGE_CHECK(by_rank.size() == static_cast<std::size_t>(layout.num_rows), by_rank.size(), layout.num_rows);
  std::vector<core::Key128> rows(by_rank.size());
  auto next = by_rank.begin();
  for (int rank = 0; rank < communicator.size(); ++rank) {
    for (std::int64_t s = rank; s < layout.num_shards(); s += communicator.size()) {
      const auto count = static_cast<std::ptrdiff_t>(layout.rows_in(s));
      std::copy(next, next + count, rows.begin() + static_cast<std::ptrdiff_t>(layout.first_row(s)));
      next += count;
    }
  }
  return rows;
}

ImportPlan make_plan(const std::vector<core::Key128>& keys, Duplicates duplicates,
                     const std::vector<core::Key128>& excluded) {
  ImportPlan plan;
  plan.target.assign(keys.size(), -1);
  std::unordered_map<core::Key128, std::int64_t, KeyHash> first_row;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (keys[i] == kNoMolecule) {
      ++plan.unparsable;
      continue;
    }
    const auto [first, is_new] = first_row.emplace(keys[i], row);
    plan.unique += is_new ? 1 : 0;
    if (!is_new && duplicates == Duplicates::Merge) {
      ++plan.duplicates;
      plan.target[i] = plan.target[static_cast<std::size_t>(first->second)];
      continue;
    }
    if (std::binary_search(excluded.begin(), excluded.end(), keys[i])) {
      ++plan.removed;
      continue;
    }
    plan.target[i] = row;
    ++plan.graphs;
  }
  return plan;
}

void LabelPatches::add(std::int64_t row, std::int64_t target, const graph::Graph& graph) {
  rows_.push_back({row, target, static_cast<std::int64_t>(values_.size())});
  for (std::size_t t = 0; t < num_targets_; ++t)
    values_.push_back(graph.label_mask[t] != 0 ? graph.labels[t] : std::numeric_limits<float>::quiet_NaN());
}

void LabelPatches::exchange(const mpi::Communicator& communicator) {
  rows_ = communicator.all_gather<Row>(rows_);
  values_ = communicator.all_gather<float>(values_);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    rows_[i].offset = static_cast<std::int64_t>(i * num_targets_);
    by_target_[rows_[i].target].push_back(rows_[i]);
  }
  for (auto& item : by_target_)
    std::sort(item.second.begin(), item.second.end(), [](const Row& a, const Row& b) { return a.row < b.row; });
}

std::int64_t LabelPatches::apply(std::int64_t target, graph::LabelKind kind, graph::Graph& graph) const {
  const auto found = by_target_.find(target);
  if (found == by_target_.end()) return 0;
  std::vector<bool> in_conflict(num_targets_, false);
  for (const Row& row : found->second) {
    for (std::size_t t = 0; t < num_targets_; ++t) {
      const float value = values_[static_cast<std::size_t>(row.offset) + t];
      if (std::isnan(value)) continue;
      if (graph.label_mask[t] == 0) {
        graph.labels[t] = value;
        graph.label_mask[t] = 1;
      } else if (graph.labels[t] != value) {
        in_conflict[t] = true;
      }
    }
  }
  if (kind == graph::LabelKind::Binary) {
    for (std::size_t t = 0; t < num_targets_; ++t) {
      if (!in_conflict[t]) continue;
      graph.labels[t] = std::numeric_limits<float>::quiet_NaN();
      graph.label_mask[t] = 0;
    }
  }
  return std::count(in_conflict.begin(), in_conflict.end(), true);
}

}  // namespace graftage::data
