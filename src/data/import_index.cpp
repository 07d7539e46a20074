#include "data/import_phases.hpp"
#include "data/import_provenance.hpp"
#include "data/split.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/mpi/agreement.hpp"

#include <nlohmann/json.hpp>

namespace graftage::data {

using Json = nlohmann::json;

std::map<std::string, std::int64_t> counts_of(const ImportSummary& summary) {
  return {{"rows", summary.rows},           {"unparsable", summary.unparsable},
          {"unique", summary.unique},       {"duplicates", summary.duplicates},
          {"removed", summary.removed},     {"graphs", summary.graphs},
          {"positives", summary.positives}, {"label_conflicts", summary.label_conflicts}};
}

std::vector<ShardEntry> Import::gather_shards() const {
  Json own = Json::array();
  for (const auto& [number, shard] : own_shards_)
    own.push_back(
        {{"number", number}, {"sha256", shard.content_sha256}, {"nodes", shard.num_nodes}, {"edges", shard.num_edges}});
  std::map<std::int64_t, ShardEntry> shards;
  for (const auto& text : communicator_.all_gather_text(own.dump())) {
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
std::vector<RejectedRow> Import::gather_rejected() const {
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

std::map<std::string, Split> Import::make_splits() const {
  std::map<std::string, Split> splits;
  std::vector<std::int64_t> graph_of(plan_.target.size(), -1);
  std::vector<core::Key128> scaffolds;
  std::int64_t next_graph = 0;
  for (std::size_t row = 0; row < plan_.target.size(); ++row) {
    if (!plan_.keeps(static_cast<std::int64_t>(row))) continue;
    graph_of[row] = next_graph++;
    if (!all_scaffolds_.empty()) scaffolds.push_back(all_scaffolds_[row]);
  }
  for (const auto& name : config_.splits) {
    if (name == "scaffold") splits[name] = scaffold_split(scaffolds, config_.train_fraction, config_.valid_fraction);
    if (name == "random")
      splits[name] = random_split(plan_.graphs, config_.train_fraction, config_.valid_fraction, config_.seed);
    if (name == "ogb") splits[name] = stored_split(graph_of);
  }
  return splits;
}

Split Import::stored_split(const std::vector<std::int64_t>& graph_of) const {
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

void Import::finish(const std::string& provenance) {
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

}  // namespace graftage::data
