#pragma once

#include "graftage/core/digest.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/mpi/communicator.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace graftage::data {

/// How input rows are dealt out: shard s holds rows [s * shard_rows, …) and belongs to rank s % R.
struct RowLayout {
  std::int64_t num_rows = 0;
  std::int64_t shard_rows = 1;
  [[nodiscard]] std::int64_t num_shards() const { return (num_rows + shard_rows - 1) / shard_rows; }
  [[nodiscard]] std::int64_t first_row(std::int64_t shard) const { return shard * shard_rows; }
  [[nodiscard]] std::int64_t rows_in(std::int64_t shard) const;
  [[nodiscard]] std::vector<std::int64_t> shards_of(const mpi::Communicator& communicator) const;
};

/// Values of all rows in row order, from each rank's own rows in shard order. Collective.
[[nodiscard]] std::vector<core::Key128> gather_rows(const RowLayout& layout, const std::vector<core::Key128>& own,
                                                    const mpi::Communicator& communicator);

/// Key of a row that is no molecule.
inline constexpr core::Key128 kNoMolecule{0, 0};

/// What becomes of each row; the same on every rank.
struct ImportPlan {
  std::vector<std::int64_t> target;  ///< row that this row's molecule is kept in; itself = kept; -1 = no graph
  std::int64_t unparsable = 0;
  std::int64_t unique = 0;
  std::int64_t duplicates = 0;
  std::int64_t removed = 0;
  std::int64_t graphs = 0;
  [[nodiscard]] bool keeps(std::int64_t row) const { return target[static_cast<std::size_t>(row)] == row; }
};
/// @param keys      of all rows
/// @param excluded  sorted keys of molecules to leave out
[[nodiscard]] ImportPlan make_plan(const std::vector<core::Key128>& keys, Duplicates duplicates,
                                   const std::vector<core::Key128>& excluded);

/// Labels of merged rows on their way to the row that stays.
class LabelPatches {
 public:
  explicit LabelPatches(std::size_t num_targets) : num_targets_(num_targets) {}
  void add(std::int64_t row, std::int64_t target, const graph::Graph& graph);
  /// Every rank's patches on every rank. Collective.
  void exchange(const mpi::Communicator& communicator);
  /// Fills missing labels of the graph in row `target`, in row order. @return labels in conflict
  std::int64_t apply(std::int64_t target, graph::LabelKind kind, graph::Graph& graph) const;

 private:
  struct Row {
    std::int64_t row;
    std::int64_t target;
    std::int64_t offset;  ///< of its values
  };
  std::size_t num_targets_;
  std::vector<Row> rows_;
  std::vector<float> values_;  ///< NaN where missing
  std::map<std::int64_t, std::vector<Row>> by_target_;
};

}  // namespace graftage::data
