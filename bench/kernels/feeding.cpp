// What the loader does per batch: joining graphs, and making flows with their transposes.

#include "kernels.hpp"

#include <benchmark/benchmark.h>

namespace graftage::bench {

namespace {

void add_bond(graph::Graph& g, std::int64_t a, std::int64_t b, std::uint16_t type) {
  for (const auto& [source, target] : {std::pair{a, b}, std::pair{b, a}}) {
    g.edge_index.push_back(static_cast<std::int32_t>(source));
    g.edge_index.push_back(static_cast<std::int32_t>(target));
    g.edge_features.insert(g.edge_features.end(), {type, std::uint16_t{0}});
  }
}

std::vector<core::GraphId> ids_of(std::int64_t count) {
  std::vector<core::GraphId> ids;
  for (std::int64_t g = 0; g < count; ++g) ids.emplace_back(g);
  return ids;
}

void collate(benchmark::State& state) {
  const std::vector<graph::Graph> graphs = synthetic_graphs(256);
  const std::vector<graph::GraphView> views(graphs.begin(), graphs.end());
  const auto ids = ids_of(256);
  const graph::FeatureSchema schema = graph::chem_schema();
  for (auto _ : state) benchmark::DoNotOptimize(graph::collate(views, ids, schema));
  state.SetItemsProcessed(state.iterations() * 256);
}

void make_flow(benchmark::State& state, graph::FlowKind kind) {
  const graph::GraphBatch batch = synthetic_batch(256);
  const graph::FeatureSchema schema = graph::chem_schema();
  graph::FlowOptions options;
  options.kind = kind;
  for (auto _ : state) {
    const graph::MessageFlow flow = graph::make_flow(batch, schema, options);
    graph::prepare_gradients(flow);
    benchmark::DoNotOptimize(flow.layers.data());
  }
  state.SetItemsProcessed(state.iterations() * 256);
}

}  // namespace

std::vector<graph::Graph> synthetic_graphs(std::int64_t count) {
  constexpr std::uint16_t kTypes[] = {5, 5, 5,
                                      6, 7, 15};  // carbon, nitrogen, oxygen, sulfur, as the featuriser codes them
  auto stream = core::SeedSequence(0).child("synthetic").stream();
  std::vector<graph::Graph> graphs(static_cast<std::size_t>(count));
  for (graph::Graph& g : graphs) {
    for (std::uint64_t piece = 0, pieces = 2 + stream.below(4); piece < pieces; ++piece) {
      const std::int64_t first = g.num_nodes;
      const bool ring = stream.below(2) == 0;
      const std::int64_t size = ring ? 6 : 2 + static_cast<std::int64_t>(stream.below(5));
      g.num_nodes += size;
      for (std::int64_t node = first; node < g.num_nodes; ++node) {
        g.node_features.insert(g.node_features.end(), {kTypes[stream.below(6)], std::uint16_t{0}});
        if (node > first) add_bond(g, node - 1, node, ring ? 3 : 0);
      }
      if (ring) add_bond(g, first, g.num_nodes - 1, 3);
      if (first > 0) add_bond(g, static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(first))), first, 0);
    }
  }
  return graphs;
}

graph::GraphBatch synthetic_batch(std::int64_t count) {
  const std::vector<graph::Graph> graphs = synthetic_graphs(count);
  const std::vector<graph::GraphView> views(graphs.begin(), graphs.end());
  return graph::collate(views, ids_of(count), graph::chem_schema());
}

void register_feeding() {
  benchmark::RegisterBenchmark("collate 256 graphs", collate)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("merged flow of 256 graphs", make_flow, graph::FlowKind::Merged)
      ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("plain flow of 256 graphs", make_flow, graph::FlowKind::Plain)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace graftage::bench
