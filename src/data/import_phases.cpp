#include "data/import_phases.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/progress.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/mpi/agreement.hpp"

#include <algorithm>
#include <cstdio>

namespace graftage::data {

std::string shard_file(std::int64_t number) {
  char name[40];
  std::snprintf(name, sizeof name, "shards/shard-%05lld.h5", static_cast<long long>(number));
  return name;
}

Import::Import(const ImportConfig& config, const mpi::Communicator& communicator)
    : config_(config), communicator_(communicator), output_(config.output, communicator) {}

Import::~Import() = default;

namespace {

/// An import is not resumed: it stops with nothing written, and the same command starts it again.
void heed_stop_signal() {
  if (core::stop_requested())
    throw core::Interrupted("the import was asked to stop and wrote nothing; run the same command again");
}

}  // namespace

ImportSummary Import::run(const std::string& provenance) {
  count_rows();
  parse_rows();
  make_plan_of_rows();
  write_shards();
  finish(provenance);
  output_.commit();
  return summary_;
}

ShardContent Import::staged(std::int64_t shard) const { return read_shard(staging() / shard_file(shard)); }

void Import::count_rows() {
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

std::int64_t Import::own_rows() const {
  std::int64_t rows = 0;
  for (const auto shard : layout_.shards_of(communicator_)) rows += layout_.rows_in(shard);
  return rows;
}

/// Pass 1: rows become graphs in staged shard files; keys and reasons stay in memory.
void Import::parse_rows() {
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
        heed_stop_signal();
        take_row(stream, content);
        if (++done % 64 == 0) progress.update(done);
      }
      write_shard(staging(), shard_file(shard), content, schema_, labels_);
    }
    progress.update(done);
  });
  progress.finish();
}

void Import::take_row(RecordStream& stream, ShardContent& content) {
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

void Import::make_plan_of_rows() {
  std::vector<core::Key128> excluded;
  mpi::agree(communicator_, [&] {
    for (const auto& directory : config_.exclude) {
      const auto keys = Corpus::open(directory)->read_keys();
      excluded.insert(excluded.end(), keys.begin(), keys.end());
    }
    std::sort(excluded.begin(), excluded.end());
  });
  plan_ = make_plan(gather_rows(layout_, keys_, communicator_), config_.duplicates, excluded);
  if (wants_scaffolds(config_)) all_scaffolds_ = gather_rows(layout_, scaffolds_, communicator_);
  summary_.unparsable = plan_.unparsable;
  summary_.unique = plan_.unique;
  summary_.duplicates = plan_.duplicates;
  summary_.removed = plan_.removed;
  summary_.graphs = plan_.graphs;
  mpi::agree(communicator_, [this] {
    if (plan_.graphs == 0)
      throw core::DataError(config_.sources.front().file.string(), "",
                            "no molecule is left of " + core::group_thousands(layout_.num_rows) +
                                " rows; check the SMILES column and `exclude`");
  });
  choose_label_kind();
}

void Import::choose_label_kind() {
  const bool any_label = mpi::any_of(communicator_, has_label_);
  const bool any_real = mpi::any_of(communicator_, has_real_label_);
  if (labels_.names.empty()) return;
  const bool is_real = config_.labels.kind == "real" || (config_.labels.kind == "auto" && (any_real || !any_label));
  labels_.kind = is_real ? graph::LabelKind::Real : graph::LabelKind::Binary;
  labels_.origin = config_.labels.computed.has_value() ? "computed" : "measured";
  if (!is_real) summary_.binary_labels = static_cast<std::int64_t>(labels_.names.size());
}

std::vector<std::int64_t> Import::staged_rows(std::int64_t shard, std::size_t own_first) const {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < layout_.rows_in(shard); ++i)
    if (keys_[own_first + static_cast<std::size_t>(i)] != kNoMolecule) rows.push_back(layout_.first_row(shard) + i);
  return rows;
}

LabelPatches Import::collect_patches() {
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
std::vector<std::int64_t> Import::shard_numbers() const {
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
void Import::write_shards() {
  const LabelPatches patches = collect_patches();
  const auto numbers = shard_numbers();
  std::int64_t positives = 0;
  std::int64_t conflicts = 0;
  mpi::agree(communicator_, [&] {
    for_each_staged_shard([&](std::int64_t shard, const std::vector<std::int64_t>& rows) {
      const std::int64_t number = numbers[static_cast<std::size_t>(shard)];
      if (number < 0) return;
      heed_stop_signal();
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
      own_shards_[number] = entry;
    });
  });
  summary_.positives = communicator_.sum(positives);
  summary_.label_conflicts = communicator_.sum(conflicts);
}

}  // namespace graftage::data
