#include "support/tiny_task.hpp"

#include "graftage/data/corpus_writer.hpp"
#include "support/graphs.hpp"

#include <unistd.h>

namespace graftage::support {

namespace {
constexpr std::uint16_t kTellingAtom = 33;  // graphs of support draw atom types below 20
}

TinyTask visible_task(std::int64_t count, std::uint64_t seed) {
  TinyTask task;
  for (std::int64_t g = 0; g < count; ++g) {
    graph::Graph graph = molecule_like_graph(5 + g % 4, 1, seed * 1000 + static_cast<std::uint64_t>(g));
    const bool active = g % 2 == 0;
    if (active)
      for (std::int64_t v = 0; v < graph.num_nodes; v += 2)
        graph.node_features[static_cast<std::size_t>(2 * v)] = kTellingAtom;
    graph.labels = {active ? 1.0F : 0.0F};
    graph.label_mask = {1};
    task.graphs.push_back(std::move(graph));
    auto& part = g < 3 * count / 5 ? task.split.train : g < 4 * count / 5 ? task.split.valid : task.split.test;
    part.push_back(core::GraphId(g));
  }
  return task;
}

void write_task(const std::filesystem::path& directory, const TinyTask& task) {
  data::ShardContent content;
  content.graphs = task.graphs;
  for (std::size_t g = 0; g < task.graphs.size(); ++g) {
    content.ids.push_back("graph-" + std::to_string(g));
    content.texts.emplace_back();
    content.keys.push_back(core::key_of(content.ids.back()));
  }
  data::IndexContent index;
  index.name = task.name;
  index.schema = graph::chem_schema();
  index.labels = task.labels;
  index.splits["scaffold"] = task.split;
  data::write_corpus(directory, index, content, 16);
}

ScratchDirectory::ScratchDirectory(const std::string& name)
    : path_(std::filesystem::temp_directory_path() / ("graftage-" + name + "-" + std::to_string(::getpid()))) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace graftage::support
