#pragma once

#include "data/import_plan.hpp"
#include "data/importers/record_source.hpp"
#include "data/output_directory.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "graftage/data/importer.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace graftage::data {

/// Counts of a summary as they are stored in the corpus.
[[nodiscard]] std::map<std::string, std::int64_t> counts_of(const ImportSummary& summary);

/// The import of one corpus, in phases that all ranks pass together: count the rows, parse them into staged shard
/// files, decide globally what becomes of each row, write the final shards, write the index, move the directory into
/// place.
class Import {
 public:
  Import(const ImportConfig& config, const mpi::Communicator& communicator);
  ~Import();
  ImportSummary run(const std::string& provenance);

 private:
  void count_rows();
  [[nodiscard]] std::int64_t own_rows() const;
  void parse_rows();
  void take_row(RecordStream& stream, ShardContent& content);
  void make_plan_of_rows();
  void choose_label_kind();
  /// Global rows of the graphs in a staged shard, in its order. @param own_first position of its first row in keys_
  [[nodiscard]] std::vector<std::int64_t> staged_rows(std::int64_t shard, std::size_t own_first) const;
  /// Calls visit(shard, staged_rows) for each shard of this rank.
  template <class Visit>
  void for_each_staged_shard(const Visit& visit) {
    std::size_t own_first = 0;
    for (const auto shard : layout_.shards_of(communicator_)) {
      visit(shard, staged_rows(shard, own_first));
      own_first += static_cast<std::size_t>(layout_.rows_in(shard));
    }
  }
  [[nodiscard]] std::filesystem::path staging() const { return output_.path() / "staging"; }
  [[nodiscard]] ShardContent staged(std::int64_t shard) const;
  LabelPatches collect_patches();
  /// Number of each staged shard among those that keep a graph, or -1.
  [[nodiscard]] std::vector<std::int64_t> shard_numbers() const;
  void write_shards();
  [[nodiscard]] std::vector<ShardEntry> gather_shards() const;
  [[nodiscard]] std::vector<RejectedRow> gather_rejected() const;
  [[nodiscard]] std::map<std::string, Split> make_splits() const;
  [[nodiscard]] Split stored_split(const std::vector<std::int64_t>& graph_of) const;
  void finish(const std::string& provenance);

  const ImportConfig& config_;
  const mpi::Communicator& communicator_;
  OutputDirectory output_;
  RowLayout layout_;
  graph::FeatureSchema schema_;
  graph::LabelSchema labels_;
  std::vector<core::Key128> keys_;           ///< of this rank's rows
  std::vector<core::Key128> scaffolds_;      ///< of this rank's rows
  std::vector<core::Key128> all_scaffolds_;  ///< of all rows; empty unless a split needs them
  std::vector<RejectedRow> rejected_;        ///< of this rank
  bool has_label_ = false;
  bool has_real_label_ = false;
  ImportPlan plan_;
  std::map<std::int64_t, ShardEntry> own_shards_;  ///< by number
  ImportSummary summary_;
};

/// "shards/shard-00007.h5"
[[nodiscard]] std::string shard_file(std::int64_t number);

}  // namespace graftage::data
