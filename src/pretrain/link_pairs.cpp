#include "pretrain/link_pairs.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>
#include <utility>

namespace graftage::pretrain {

namespace {

using Pair = std::pair<std::int64_t, std::int64_t>;  // first < second, batch-wide

/// Distinct undirected bonds of one graph, sorted. A loop on a node is no bond.
std::vector<Pair> bonds_of(const graph::GraphBatch& batch, std::size_t graph) {
  std::vector<Pair> bonds;
  for (auto e = static_cast<std::size_t>(batch.edge_ptr[graph]);
       e < static_cast<std::size_t>(batch.edge_ptr[graph + 1]); ++e)
    if (batch.edge_source[e] != batch.edge_target[e])
      bonds.push_back(std::minmax({batch.edge_source[e], batch.edge_target[e]}));
  std::sort(bonds.begin(), bonds.end());
  bonds.erase(std::unique(bonds.begin(), bonds.end()), bonds.end());
  return bonds;
}

/// Uniform source of node pairs that are not bonds.
class NonEdges {
 public:
  NonEdges(std::int64_t first_node, std::int64_t num_nodes, const std::vector<Pair>& bonds)
      : first_node_(first_node), num_nodes_(num_nodes), bonds_(bonds) {
    const std::int64_t pairs = num_nodes * (num_nodes - 1) / 2;
    count_ = pairs - static_cast<std::int64_t>(bonds.size());
    if (2 * count_ >= pairs) return;  // rejection takes two draws at most, on average
    for (std::int64_t u = first_node; u < first_node + num_nodes; ++u)
      for (std::int64_t v = u + 1; v < first_node + num_nodes; ++v)
        if (!is_bond({u, v})) listed_.push_back({u, v});
  }
  [[nodiscard]] bool empty() const { return count_ <= 0; }
  Pair draw(core::RandomStream& stream) const {
    if (!listed_.empty()) return listed_[stream.below(listed_.size())];
    while (true) {
      const std::int64_t u =
          first_node_ + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(num_nodes_)));
      const std::int64_t v =
          first_node_ + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(num_nodes_)));
      const Pair pair = std::minmax(u, v);
      if (u != v && !is_bond(pair)) return pair;
    }
  }

 private:
  [[nodiscard]] bool is_bond(const Pair& pair) const { return std::binary_search(bonds_.begin(), bonds_.end(), pair); }
  std::int64_t first_node_;
  std::int64_t num_nodes_;
  const std::vector<Pair>& bonds_;
  std::int64_t count_ = 0;
  std::vector<Pair> listed_;
};

/// Support and query sizes for a graph with n bonds: proportionally fewer where there are not enough.
std::pair<std::int64_t, std::int64_t> sizes_for(std::int64_t num_bonds, const LinkCounts& counts) {
  const std::int64_t wanted = counts.support + counts.query;
  if (num_bonds >= wanted) return {counts.support, counts.query};
  const std::int64_t support = std::clamp<std::int64_t>(num_bonds * counts.support / wanted, 1, num_bonds - 1);
  return {support, num_bonds - support};
}

void append(LinkSet& set, const Pair& bond, const Pair& negative, std::int64_t child, double weight) {
  set.first.push_back(bond.first);
  set.second.push_back(bond.second);
  set.negative_first.push_back(negative.first);
  set.negative_second.push_back(negative.second);
  set.child.push_back(child);
  set.weight.push_back(weight);
}

}  // namespace

Links draw_links(const graph::GraphBatch& batch, const LinkCounts& counts, const core::SeedSequence& seed) {
  GRAFTAGE_CHECK(counts.children >= 1 && counts.support >= 1 && counts.query >= 1, counts.children, counts.support,
                 counts.query);
  Links links;
  for (std::size_t g = 0; g < static_cast<std::size_t>(batch.num_graphs()); ++g) {
    const std::vector<Pair> bonds = bonds_of(batch, g);
    const NonEdges non_edges(batch.node_ptr[g], batch.node_ptr[g + 1] - batch.node_ptr[g], bonds);
    links.has_node_loss.push_back(bonds.size() >= 3 && !non_edges.empty());
    if (!links.has_node_loss.back()) continue;
    const auto [support, query] = sizes_for(static_cast<std::int64_t>(bonds.size()), counts);
    const double children = static_cast<double>(counts.children);
    for (std::int64_t c = 0; c < counts.children; ++c) {
      core::RandomStream stream = seed.child("links").child(batch.ids[g].value).child(c).stream();
      const std::int64_t child = static_cast<std::int64_t>(g) * counts.children + c;
      std::vector<Pair> drawn = bonds;
      for (std::int64_t i = 0; i < support + query; ++i) {
        const auto at = static_cast<std::size_t>(i);
        std::swap(drawn[at], drawn[at + stream.below(drawn.size() - at)]);
        const bool is_support = i < support;
        append(is_support ? links.support : links.query, drawn[at], non_edges.draw(stream), child,
               1.0 / (children * static_cast<double>(is_support ? support : query)));
      }
    }
  }
  return links;
}

graph::LinearMap endpoint_mean(const graph::GraphBatch& batch, const LinkSet& links, std::int64_t children) {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  std::vector<double> weight;
  std::size_t pair = 0;  // pairs come in the order of their children
  for (std::int64_t child = 0; child < batch.num_graphs() * children; ++child) {
    const std::size_t begin = column.size();
    for (; pair < links.child.size() && links.child[pair] == child; ++pair) {
      column.push_back(links.first[pair]);
      column.push_back(links.second[pair]);
    }
    const auto g = static_cast<std::size_t>(child / children);
    if (column.size() == begin)
      for (std::int64_t v = batch.node_ptr[g]; v < batch.node_ptr[g + 1]; ++v) column.push_back(v);
    weight.resize(column.size(), 1.0 / static_cast<double>(column.size() - begin));
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  return graph::LinearMap::from_csr(batch.num_nodes(), std::move(row_ptr), std::move(column), std::move(weight));
}

}  // namespace graftage::pretrain
