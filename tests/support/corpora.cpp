#include "support/corpora.hpp"

#include "graftage/data/corpus_writer.hpp"
#include "support/graphs.hpp"

#include <fstream>
#include <limits>

namespace graftage::testing {

std::filesystem::path write_small_corpus(const std::filesystem::path& directory, std::int64_t num_graphs,
                                         std::int64_t graphs_per_shard) {
  data::IndexContent index;
  index.name = "small";
  index.schema = graph::chem_schema();
  index.labels = {graph::LabelKind::Binary, {"first", "second"}, "computed"};
  data::ShardContent content;
  data::Split& split = index.splits["scaffold"];
  for (std::int64_t i = 0; i < num_graphs; ++i) {
    graph::Graph graph = support::molecule_like_graph(3 + i % 9, i % 3, static_cast<std::uint64_t>(i));
    for (std::int64_t t = 0; t < 2; ++t) {
      const bool known = (i + t) % 5 != 0;
      graph.labels.push_back(known ? static_cast<float>((i / (t + 1)) % 2) : std::numeric_limits<float>::quiet_NaN());
      graph.label_mask.push_back(known ? 1 : 0);
    }
    content.graphs.push_back(std::move(graph));
    content.ids.push_back("graph-" + std::to_string(i));
    content.texts.emplace_back("C");
    content.keys.push_back(core::key_of(content.ids.back()));
    auto& part = i % 10 < 8 ? split.train : i % 10 == 8 ? split.valid : split.test;
    part.emplace_back(i);
  }
  data::write_corpus(directory, index, content, graphs_per_shard);
  return directory;
}

std::filesystem::path write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace graftage::testing
