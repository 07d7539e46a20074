#include "graftage/data/importer.hpp"

#include "data/import_plan.hpp"
#include "data/import_provenance.hpp"
#include "data/importers/record_source.hpp"
#include "data/output_directory.hpp"
#include "data/split.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/progress.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "graftage/mpi/agreement.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace graftage::data {

std::vector<std::string> enum_names(const Duplicates*) { return {"keep", "merge"}; }

std::filesystem::path resolve_input_path(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (text.rfind("rdkit:", 0) != 0) return path;
#ifdef GRAFTAGE_RDKIT_DATA_DIR
  return std::filesystem::path(GRAFTAGE_RDKIT_DATA_DIR) / text.substr(6);
#else
  throw core::MissingInput(text, "install RDKit's data (Debian: rdkit-data) and build again");
#endif
}

namespace {

using Json = nlohmann::json;

std::string shard_file(std::int64_t number) {
  char name[40];
  std::snprintf(name, sizeof name, "shards/shard-%05lld.h5", static_cast<long long>(number));
  return name;
}

std::map<std::string, std::int64_t> counts_of(const ImportSummary& summary) {
  return {{"rows", summary.rows},           {"unparsable", summary.unparsable},
          {"unique", summary.unique},       {"duplicates", summary.duplicates},
          {"removed", summary.removed},     {"graphs", summary.graphs},
          {"positives", summary.positives}, {"label_conflicts", summary.label_conflicts}};
}

/// The import of one corpus, in phases that all ranks pass together.
class Import {
 public:
  Import(const ImportConfig& config, const mpi::Communicator& communicator)
      : config_(config), communicator_(communicator), output_(config.output, communicator) {}

  ImportSummary run(const std::string& provenance) {
    count_rows();
    parse_rows();
    make_plan_of_rows();
    write_shards();
    finish(provenance);
    output_.commit();
    return summary_;
  }

 private:
  void count_rows() {
    mpi::agree(communicator_, [this] {
      if (!communicator_.is_root()) return;
      RecordStream stream(config_);
      while (stream.skip_to(stream.position() + 1)) continue;
      layout_.num_rows = stream.position();
    });
    layout_.num_rows = communicator_.sum(layout_.num_rows);
    layout_.shard_rows = config_.shard_rows;
    summary_.rows = layout_.num_rows;
  }

  [[nodiscard]] std::int64_t own_rows() const {
    std::int64_t rows = 0;
    for (const auto shard : layout_.shards_of(communicator_)) rows += layout_.rows_in(shard);
    return rows;
  }

  /// Pass 1: rows become graphs in staged shard files; keys and reasons stay in memory.
  void parse_rows() {
    core::Progress progress(
        {.label = communicator_.size() == 1 ? "import " + config_.name : "import " + config_.name + " (rank 0)",
         .unit = "molecules",
         .total = own_rows(),
         .enabled = communicator_.is_root()});
    mpi::agree(communicator_, [&] {
      RecordStream stream(config_);
      schema_ = stream.schema();
      labels_.names = stream.label_names();
      std::int64_t done = 0;
      for (const auto shard : layout_.shards_of(communicator_)) {
        stream.skip_to(layout_.first_row(shard));
        ShardContent content;
        for (std::int64_t i = 0; i < layout_.rows_in(shard); ++i) {
          take_row(stream, content);
          if (++done % 64 == 0) progress.update(done);
        }
        write_shard(staging(), shard_file(shard), content, schema_, labels_);
      }
      progress.update(done);
    });
    progress.finish();
  }

  void take_row(RecordStream& stream, ShardContent& content) {
    Record record;
    GRAFTAGE_CHECK(stream.next(record), stream.position());
    keys_.push_back(record.parsed ? record.key : kNoMolecule);
    scaffolds_.push_back(record.scaffold);
    if (!record.parsed) {
      rejected_.push_back({stream.file_name(), record.row, record.text, record.reason});
      return;
    }
    for (std::size_t t = 0; t < record.graph.labels.size(); ++t) {
      if (record.graph.label_mask[t] == 0) continue;
      const float value = record.graph.labels[t];
      has_label_ = true;
      if (value == 0.0F || value == 1.0F) continue;
      has_real_label_ = true;
      if (config_.labels.kind == "binary")
        throw core::DataError(stream.file_name(), "row " + std::to_string(record.row) + ", " + labels_.names[t],
                              "label " + core::format_double(static_cast<double>(value)) +
                                  " is neither 0 nor 1; set labels.active_at_least or labels.kind: real");
    }
    content.graphs.push_back(std::move(record.graph));
    content.ids.push_back(std::move(record.id));
    content.texts.push_back(std::move(record.text));
    content.keys.push_back(record.key);
  }

  void make_plan_of_rows() {
    std::vector<core::Key128> excluded;
    mpi::agree(communicator_, [&] {
      for (const auto& directory : config_.exclude) {
        const auto keys = Corpus::open(directory)->read_keys();
        excluded.insert(excluded.end(), keys.begin(), keys.end());
      }
      std::sort(excluded.begin(), excluded.end());
    });
    plan_ = make_plan(gather_rows(layout_, keys_, communicator_), config_.duplicates, excluded);
    all_scaffolds_ = gather_rows(layout_, scaffolds_, communicator_);
    summary_.unparsable = plan_.unparsable;
    summary_.unique = plan_.unique;
    summary_.duplicates = plan_.duplicates;
    summary_.removed = plan_.removed;
    summary_.graphs = plan_.graphs;
    if (plan_.graphs == 0)
      throw core::DataError(config_.sources.front().file.string(), "",
                            "no molecule is left of " + core::group_thousands(layout_.num_rows) +
                                " rows; check the SMILES column and `exclude`");
    choose_label_kind();
  }

  void choose_label_kind() {
    const bool any_label = mpi::any_of(communicator_, has_label_);
    const bool any_real = mpi::any_of(communicator_, has_real_label_);
    if (labels_.names.empty()) return;
    const bool is_real = config_.labels.kind == "real" || (config_.labels.kind == "auto" && (any_real || !any_label));
    labels_.kind = is_real ? graph::LabelKind::Real : graph::LabelKind::Binary;
    labels_.origin = config_.labels.computed.has_value() ? "computed" : "measured";
  }

  /// Global rows of the graphs in a staged shard, in its order.
  [[nodiscard]] std::vector<std::int64_t> staged_rows(std::int64_t shard, std::size_t own_first) const {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < layout_.rows_in(shard); ++i)
      if (keys_[own_first + static_cast<std::size_t>(i)] != kNoMolecule) rows.push_back(layout_.first_row(shard) + i);
    return rows;
  }

  template <class Visit>
  void for_each_staged_shard(const Visit& visit) {
    std::size_t own_first = 0;
    for (const auto shard : layout_.shards_of(communicator_)) {
      visit(shard, staged_rows(shard, own_first));
      own_first += static_cast<std::size_t>(layout_.rows_in(shard));
    }
  }

  [[nodiscard]] ShardContent staged(std::int64_t shard) const { return read_shard(staging() / shard_file(shard)); }

  LabelPatches collect_patches() {
    LabelPatches patches(labels_.names.size());
    mpi::agree(communicator_, [&] {
      if (labels_.names.empty() || plan_.duplicates == 0) return;
      for_each_staged_shard([&](std::int64_t shard, const std::vector<std::int64_t>& rows) {
        const ShardContent content = staged(shard);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          const std::int64_t target = plan_.target[static_cast<std::size_t>(rows[i])];
          if (target >= 0 && target != rows[i]) patches.add(rows[i], target, content.graphs[i]);
        }
      });
    });
    patches.exchange(communicator_);
    return patches;
  }

  /// Number of a shard among those that keep a graph, or -1.
  [[nodiscard]] std::vector<std::int64_t> shard_numbers() const {
    std::vector<std::int64_t> numbers;
    std::int64_t next = 0;
    for (std::int64_t shard = 0; shard < layout_.num_shards(); ++shard) {
      bool keeps_any = false;
      for (std::int64_t i = 0; i < layout_.rows_in(shard); ++i) keeps_any |= plan_.keeps(layout_.first_row(shard) + i);
      numbers.push_back(keeps_any ? next++ : -1);
    }
    return numbers;
  }

  /// Pass 2: the kept graphs of each staged shard, with merged labels.
  void write_shards() {
    const LabelPatches patches = collect_patches();
    const auto numbers = shard_numbers();
    std::int64_t positives = 0;
    std::int64_t conflicts = 0;
    mpi::agree(communicator_, [&] {
      for_each_staged_shard([&](std::int64_t shard, const std::vector<std::int64_t>& rows) {
        const std::int64_t number = numbers[static_cast<std::size_t>(shard)];
        if (number < 0) return;
        ShardContent all = staged(shard);
        ShardContent kept;
        for (std::size_t i = 0; i < rows.size(); ++i) {
          if (!plan_.keeps(rows[i])) continue;
          graph::Graph& graph = all.graphs[i];
          conflicts += patches.apply(rows[i], labels_.kind, graph);
          if (!graph.labels.empty() && graph.label_mask[0] != 0 && graph.labels[0] == 1.0F) ++positives;
          kept.graphs.push_back(std::move(graph));
          kept.ids.push_back(std::move(all.ids[i]));
          kept.texts.push_back(std::move(all.texts[i]));
          kept.keys.push_back(all.keys[i]);
        }
        const ShardEntry entry = write_shard(output_.path(), shard_file(number), kept, schema_, labels_);
        own_shards_.push_back({{"number", number},
                               {"sha256", entry.content_sha256},
                               {"nodes", entry.num_nodes},
                               {"edges", entry.num_edges}});
      });
    });
    summary_.positives = communicator_.sum(positives);
    summary_.label_conflicts = communicator_.sum(conflicts);
  }

  [[nodiscard]] std::vector<ShardEntry> gather_shards() const {
    std::map<std::int64_t, ShardEntry> shards;
    for (const auto& text : communicator_.all_gather_text(own_shards_.dump())) {
      for (const auto& item : Json::parse(text)) {
        const auto number = item.at("number").get<std::int64_t>();
        shards[number] = {shard_file(number), item.at("sha256").get<std::string>(),
                          item.at("nodes").get<std::vector<std::int32_t>>(),
                          item.at("edges").get<std::vector<std::int32_t>>()};
      }
    }
    std::vector<ShardEntry> result;
    for (auto& item : shards) result.push_back(std::move(item.second));
    return result;
  }

  /// Rejected rows of all ranks in input order: sources in order, rows ascending, as each rank saw them.
  [[nodiscard]] std::vector<RejectedRow> gather_rejected() const {
    Json own = Json::array();
    std::size_t next = 0;
    std::size_t position = 0;
    for (const auto shard : layout_.shards_of(communicator_)) {
      for (std::int64_t i = 0; i < layout_.rows_in(shard); ++i, ++position) {
        if (keys_[position] != kNoMolecule) continue;
        const RejectedRow& row = rejected_[next++];
        own.push_back({layout_.first_row(shard) + i, row.file, row.row, row.text, row.reason});
      }
    }
    std::map<std::int64_t, RejectedRow> rows;
    const std::string text = own.dump(-1, ' ', false, Json::error_handler_t::replace);
    for (const auto& part : communicator_.all_gather_text(text))
      for (const auto& item : Json::parse(part))
        rows[item[0].get<std::int64_t>()] = {item[1].get<std::string>(), item[2].get<std::int64_t>(),
                                             item[3].get<std::string>(), item[4].get<std::string>()};
    std::vector<RejectedRow> result;
    for (auto& item : rows) result.push_back(std::move(item.second));
    return result;
  }

  [[nodiscard]] std::map<std::string, Split> make_splits() const {
    std::map<std::string, Split> splits;
    std::vector<std::int64_t> graph_of(plan_.target.size(), -1);
    std::vector<core::Key128> scaffolds;
    for (std::size_t row = 0; row < plan_.target.size(); ++row) {
      if (!plan_.keeps(static_cast<std::int64_t>(row))) continue;
      graph_of[row] = static_cast<std::int64_t>(scaffolds.size());
      scaffolds.push_back(all_scaffolds_[row]);
    }
    for (const auto& name : config_.splits) {
      if (name == "scaffold") splits[name] = scaffold_split(scaffolds, config_.train_fraction, config_.valid_fraction);
      if (name == "random")
        splits[name] = random_split(plan_.graphs, config_.train_fraction, config_.valid_fraction, config_.seed);
      if (name == "ogb") splits[name] = stored_split(graph_of);
    }
    return splits;
  }

  [[nodiscard]] Split stored_split(const std::vector<std::int64_t>& graph_of) const {
    const auto directory = resolve_input_path(config_.sources.front().file);
    const auto part = [&](const char* name) {
      std::vector<core::GraphId> ids;
      for (const auto row : read_ogb_split(directory, name)) {
        if (row >= static_cast<std::int64_t>(graph_of.size()))
          throw core::DataError(directory.string(), std::string("split/scaffold/") + name,
                                "names graph " + std::to_string(row) + " of " + std::to_string(graph_of.size()));
        if (graph_of[static_cast<std::size_t>(row)] >= 0) ids.emplace_back(graph_of[static_cast<std::size_t>(row)]);
      }
      return ids;
    };
    return {part("train"), part("valid"), part("test")};
  }

  void finish(const std::string& provenance) {
    IndexContent index{.name = config_.name,
                       .description = config_.description,
                       .schema = schema_,
                       .labels = labels_,
                       .shards = gather_shards(),
                       .splits = {},
                       .rejected = gather_rejected(),
                       .counts = counts_of(summary_),
                       .provenance_json = provenance};
    mpi::agree(communicator_, [&] {
      check_expectations(config_, summary_);
      if (!communicator_.is_root()) return;
      index.splits = make_splits();
      write_index(output_.path(), index);
      std::filesystem::remove_all(staging());
      summary_.content_sha256 = Corpus::open(output_.path())->content_sha256();
    });
    summary_.content_sha256 = communicator_.broadcast_text(summary_.content_sha256);
  }

  [[nodiscard]] std::filesystem::path staging() const { return output_.path() / "staging"; }

  const ImportConfig& config_;
  const mpi::Communicator& communicator_;
  OutputDirectory output_;
  RowLayout layout_;
  graph::FeatureSchema schema_;
  graph::LabelSchema labels_;
  std::vector<core::Key128> keys_;  ///< of this rank's rows
  std::vector<core::Key128> scaffolds_;
  std::vector<core::Key128> all_scaffolds_;
  std::vector<RejectedRow> rejected_;
  bool has_label_ = false;
  bool has_real_label_ = false;
  ImportPlan plan_;
  Json own_shards_ = Json::array();
  ImportSummary summary_;
};

/// Counts and digest, as JSON, of an intact corpus made from the same inputs; empty if there is none.
std::string find_existing(const ImportConfig& config, const std::string& provenance) {
  if (!std::filesystem::exists(config.output / "index.h5")) return "";
  try {
    const auto corpus = Corpus::open(config.output);
    if (corpus->provenance_json() != provenance) return "";
    corpus->verify();
    return Json{{"counts", corpus->counts()}, {"sha256", corpus->content_sha256()}}.dump();
  } catch (const core::Error& error) {
    core::log_warning("importing again: " + std::string(error.what()));
    return "";
  }
}

ImportSummary summary_of(const std::string& existing) {
  const auto json = Json::parse(existing);
  const auto count = [&json](const char* name) { return json.at("counts").value(name, std::int64_t{0}); };
  ImportSummary summary;
  summary.rows = count("rows");
  summary.unparsable = count("unparsable");
  summary.unique = count("unique");
  summary.duplicates = count("duplicates");
  summary.removed = count("removed");
  summary.graphs = count("graphs");
  summary.positives = count("positives");
  summary.label_conflicts = count("label_conflicts");
  summary.already_imported = true;
  summary.content_sha256 = json.at("sha256").get<std::string>();
  return summary;
}

}  // namespace

ImportSummary run_import(const ImportConfig& config, const mpi::Communicator& communicator) {
  const auto start = std::chrono::steady_clock::now();
  std::string provenance;
  std::string existing;  // counts and digest as JSON, or empty
  mpi::agree(communicator, [&] {
    check_import_config(config);
    if (!communicator.is_root()) return;
    provenance = import_provenance(config);
    existing = find_existing(config, provenance);
  });
  provenance = communicator.broadcast_text(provenance);
  existing = communicator.broadcast_text(existing);
  ImportSummary summary;
  if (!existing.empty()) {
    summary = summary_of(existing);
    check_expectations(config, summary);
  } else {
    summary = Import(config, communicator).run(provenance);
  }
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace graftage::data
