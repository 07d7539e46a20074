#pragma once

#include "graftage/core/digest.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace graftage::data {

/// One input row after parsing.
struct Record {
  bool parsed = false;
  std::int64_t row = 0;  ///< 1-based data row of its file
  std::string id;
  std::string text;
  std::string reason;  ///< why it is not a graph
  graph::Graph graph;  ///< with labels
  core::Key128 key;    ///< of the canonical SMILES
  core::Key128 scaffold;
};

/// A stream of rows of one entry of `sources`.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  [[nodiscard]] virtual std::string file_name() const = 0;
  [[nodiscard]] virtual graph::FeatureSchema schema() const = 0;
  [[nodiscard]] virtual std::vector<std::string> label_names() const = 0;
  /// Passes over a row without parsing it; false at the end.
  virtual bool skip() = 0;
  /// Parses the next row; false at the end. A row that is no molecule is a record with a reason, not an error.
  virtual bool next(Record& record) = 0;
};

/// @throws MissingInput, DataError, ConfigError naming sources[index]
[[nodiscard]] std::unique_ptr<RecordSource> open_smiles_source(const ImportConfig& config, std::size_t index);
[[nodiscard]] std::unique_ptr<RecordSource> open_ogb_source(const ImportConfig& config, std::size_t index);
[[nodiscard]] std::unique_ptr<RecordSource> open_source(const ImportConfig& config, std::size_t index);

/// The OGB raw layout's columns (9 atom, 3 bond), with one code more for hidden atoms and for self-loops.
[[nodiscard]] graph::FeatureSchema ogb_molecule_schema();
/// The stored split of an OGB dataset directory: row numbers from 0. @throws MissingInput, DataError
[[nodiscard]] std::vector<std::int64_t> read_ogb_split(const std::filesystem::path& directory, const std::string& part);
/// Files an entry of `sources` is read from, for digests.
[[nodiscard]] std::vector<std::filesystem::path> source_files(const ImportConfig& config, std::size_t index);
[[nodiscard]] bool is_ogb(const SourceConfig& source);
/// True if a split of the configuration needs scaffolds.
[[nodiscard]] bool wants_scaffolds(const ImportConfig& config);

/// All sources one after another: rows 0, 1, 2 … of the import.
class RecordStream {
 public:
  explicit RecordStream(const ImportConfig& config);
  ~RecordStream();
  /// Moves to a row at or after the current one; false if there are not so many.
  bool skip_to(std::int64_t row);
  bool next(Record& record);
  [[nodiscard]] std::int64_t position() const { return position_; }
  [[nodiscard]] std::string file_name() const;
  [[nodiscard]] const graph::FeatureSchema& schema() const { return schema_; }
  [[nodiscard]] const std::vector<std::string>& label_names() const { return label_names_; }

 private:
  bool open_next();
  const ImportConfig& config_;
  std::size_t opened_ = 0;
  std::unique_ptr<RecordSource> source_;
  std::int64_t position_ = 0;
  graph::FeatureSchema schema_;
  std::vector<std::string> label_names_;
};

}  // namespace graftage::data
