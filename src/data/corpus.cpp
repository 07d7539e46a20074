#include "graftage/data/corpus.hpp"

#include "data/shard_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/h5/artifact.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <list>
#include <numeric>

namespace graftage::data {
namespace {

constexpr std::size_t kMaximumOpenShards = 32;
constexpr const char* kCountNames[] = {"rows",    "unparsable", "unique",    "duplicates",
                                       "removed", "graphs",     "positives", "label_conflicts"};

[[noreturn]] void refuse(const h5::File& file, const std::string& place, const std::string& problem) {
  throw core::DataError(file.path().string(), place, problem + "; import the corpus again");
}

graph::LabelSchema read_labels(const h5::File& file) {
  graph::LabelSchema labels;
  try {
    const auto json = nlohmann::json::parse(file.attribute_text("/", "labels"));
    const auto kinds = graph::enum_names(static_cast<const graph::LabelKind*>(nullptr));
    const auto kind = std::find(kinds.begin(), kinds.end(), json.at("kind").get<std::string>());
    if (kind == kinds.end()) refuse(file, "/@labels", "unknown kind of label");
    labels.kind = static_cast<graph::LabelKind>(kind - kinds.begin());
    labels.names = json.at("names").get<std::vector<std::string>>();
    labels.origin = json.at("origin").get<std::string>();
  } catch (const nlohmann::json::exception& error) {
    refuse(file, "/@labels", std::string("cannot be read: ") + error.what());
  }
  return labels;
}

/// Rows at which graphs [first, first + count) begin and end, numbered from the start of their shard.
std::vector<std::uint64_t> offsets(const std::vector<std::int32_t>& sizes, std::int64_t shard_first, std::int64_t first,
                                   std::int64_t count) {
  const auto at = [&sizes](std::int64_t graph) { return sizes.begin() + static_cast<std::ptrdiff_t>(graph); };
  std::vector<std::uint64_t> result{std::accumulate(at(shard_first), at(first), std::uint64_t{0})};
  for (auto size = at(first); size != at(first + count); ++size)
    result.push_back(result.back() + static_cast<std::uint64_t>(*size));
  return result;
}

/// One part of a split: graphs in range, none twice over all parts.
std::vector<core::GraphId> read_part(const h5::File& file, const std::string& dataset, std::vector<bool>& taken) {
  std::vector<core::GraphId> ids;
  for (const auto id : file.read<std::int64_t>(dataset)) {
    if (id < 0 || static_cast<std::size_t>(id) >= taken.size())
      refuse(file, dataset, "names graph " + std::to_string(id) + " of " + std::to_string(taken.size()));
    if (taken[static_cast<std::size_t>(id)]) refuse(file, dataset, "names graph " + std::to_string(id) + " twice");
    taken[static_cast<std::size_t>(id)] = true;
    ids.emplace_back(id);
  }
  return ids;
}

std::map<std::string, Split> read_splits(const h5::File& file, std::size_t num_graphs) {
  std::map<std::string, Split> splits;
  if (!file.contains("/split")) return splits;
  for (const auto& name : file.children("/split")) {
    std::vector<bool> taken(num_graphs, false);
    const std::string group = "/split/" + name;
    splits[name] = {read_part(file, group + "/train", taken), read_part(file, group + "/valid", taken),
                    read_part(file, group + "/test", taken)};
  }
  return splits;
}

void check_rows(const h5::File& file, const std::string& dataset, std::uint64_t expected) {
  const auto shape = file.info(dataset).shape;
  if (shape.empty() || shape[0] != expected) refuse(file, dataset, "does not have the number of rows the index says");
}

}  // namespace

/// The shard files read last, most recent first.
struct Corpus::OpenShards {
  std::list<std::pair<const Shard*, h5::File>> files;

  const h5::File& open(const Shard& shard) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const auto& item) { return item.first == &shard; });
    if (found != files.end()) {
      files.splice(files.begin(), files, found);
    } else {
      if (files.size() >= kMaximumOpenShards) files.pop_back();
      files.emplace_front(&shard, h5::open_artifact(shard.path, kShardFormat));
    }
    return files.front().second;
  }
};

Corpus::Corpus() : open_shards_(std::make_unique<OpenShards>()) {}
Corpus::~Corpus() = default;

std::shared_ptr<const Corpus> Corpus::open(const std::filesystem::path& directory) {
  const std::filesystem::path index_path = directory / "index.h5";
  if (!std::filesystem::exists(index_path))
    throw core::MissingInput(index_path.string(), "create the corpus with `graftage import`");
  const h5::File file = h5::open_artifact(index_path, kCorpusFormat);
  auto corpus = std::shared_ptr<Corpus>(new Corpus);
  const auto header = h5::read_header(file);
  corpus->directory_ = directory;
  corpus->name_ = file.attribute_text("/", "name");
  corpus->schema_ = graph::FeatureSchema::from_json(file.attribute_text("/", "schema"));
  corpus->labels_ = read_labels(file);
  corpus->content_sha256_ = header.content_sha256;
  corpus->provenance_json_ = header.provenance_json;
  for (const char* name : kCountNames) {
    const std::string attribute = std::string("num_") + name;
    if (file.has_attribute("/", attribute)) corpus->counts_[name] = file.attribute_integer("/", attribute);
  }
  corpus->num_nodes_ = file.read<std::int32_t>("/graph/num_nodes");
  corpus->num_edges_ = file.read<std::int32_t>("/graph/num_edges");
  if (corpus->num_nodes_.size() != corpus->num_edges_.size())
    refuse(file, "/graph", "num_nodes and num_edges differ in length");
  corpus->splits_ = read_splits(file, corpus->num_nodes_.size());
  corpus->read_shard_table(file);
  return corpus;
}

void Corpus::read_shard_table(const h5::File& index) {
  const auto table = index.read_table("/shards");
  if (table.size() < 3 || table[0].name != "file" || table[1].name != "content_sha256" || table[2].name != "num_graphs")
    refuse(index, "/shards", "its columns are not file, content_sha256, num_graphs");
  std::int64_t first = 0;
  for (std::size_t s = 0; s < table[0].text.size(); ++s) {
    const std::filesystem::path relative = table[0].text[s];
    if (relative.is_absolute() || relative.string().find("..") != std::string::npos)
      refuse(index, "/shards", "a shard lies outside the corpus: " + core::printable(relative.string()));
    const Shard shard{directory_ / relative, first, table[2].integers[s], table[1].text[s]};
    if (!std::filesystem::exists(shard.path))
      throw core::MissingInput(shard.path.string(), "the corpus is incomplete: import it again");
    const h5::File file = h5::open_artifact(shard.path, kShardFormat);
    if (h5::read_header(file).content_sha256 != shard.content_sha256)
      refuse(file, "/@content_sha256", "is not the shard the index lists");
    check_rows(file, "/graph/node_ptr", static_cast<std::uint64_t>(shard.count) + 1);
    if (shard.count < 0 || shard.count > num_graphs() - first)
      refuse(index, "/shards", "the shards' graphs do not add up to /graph/num_nodes");
    check_rows(file, "/node/feat", offsets(num_nodes_, first, first, shard.count).back());
    check_rows(file, "/edge/index", offsets(num_edges_, first, first, shard.count).back());
    shards_.push_back(shard);
    first += shard.count;
  }
  if (first != num_graphs()) refuse(index, "/shards", "the shards' graphs do not add up to /graph/num_nodes");
}

std::int64_t Corpus::total_nodes() const {
  return std::accumulate(num_nodes_.begin(), num_nodes_.end(), std::int64_t{0});
}

std::int64_t Corpus::decoded_bytes() const {
  const std::int64_t edges = std::accumulate(num_edges_.begin(), num_edges_.end(), std::int64_t{0});
  const auto node_bytes = static_cast<std::int64_t>(schema_.node.size() * sizeof(std::uint16_t));
  const auto edge_bytes =
      static_cast<std::int64_t>(2 * sizeof(std::int32_t) + schema_.edge.size() * sizeof(std::uint16_t));
  const auto label_bytes = static_cast<std::int64_t>(labels_.names.size() * (sizeof(float) + sizeof(std::uint8_t)));
  return total_nodes() * node_bytes + edges * edge_bytes +
         num_graphs() * (label_bytes + static_cast<std::int64_t>(sizeof(graph::Graph)));
}

std::vector<std::string> Corpus::split_names() const {
  std::vector<std::string> names;
  for (const auto& item : splits_) names.push_back(item.first);
  return names;
}

const Split& Corpus::split(const std::string& name) const {
  const auto found = splits_.find(name);
  if (found == splits_.end())
    throw core::DataError(directory_.string(), "/split",
                          "has no split '" + core::printable(name) + "'" + core::did_you_mean(name, split_names()) +
                              "; known: " + (splits_.empty() ? "none" : core::join(split_names(), ", ")));
  return found->second;
}

std::vector<core::Key128> Corpus::read_keys() const {
  std::vector<core::Key128> keys;
  keys.reserve(num_nodes_.size());
  for (const auto& shard : shards_) {
    const auto values = open_shards_->open(shard).read<std::uint64_t>("/graph/key");
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) keys.push_back({values[i], values[i + 1]});
  }
  return keys;
}

void Corpus::verify() const {
  static_cast<void>(h5::open_verified(directory_ / "index.h5", kCorpusFormat));
  for (const auto& shard : shards_) static_cast<void>(h5::open_verified(shard.path, kShardFormat));
}

std::vector<graph::Graph> Corpus::read(core::GraphId first, std::int64_t count) const {
  GRAFTAGE_CHECK(first.value >= 0 && count >= 0 && count <= num_graphs() - first.value, first.value, count,
                 num_graphs());
  std::vector<graph::Graph> graphs;
  graphs.reserve(static_cast<std::size_t>(count));
  for (const auto& shard : shards_) {
    const std::int64_t begin = std::max(first.value, shard.first);
    const std::int64_t end = std::min(first.value + count, shard.first + shard.count);
    if (begin >= end) continue;
    auto part = read_graphs(open_shards_->open(shard), begin - shard.first,
                            offsets(num_nodes_, shard.first, begin, end - begin),
                            offsets(num_edges_, shard.first, begin, end - begin));
    std::move(part.begin(), part.end(), std::back_inserter(graphs));
  }
  return graphs;
}

}  // namespace graftage::data
