#include "graph/neighbourhoods.hpp"

#include "graftage/core/error.hpp"

namespace graftage::graph::detail {

namespace {

/// For each node the positions of its incoming edges, in input order: row_ptr [N + 1] and edge numbers.
Csr incoming_edges(const GraphBatch& batch) {
  Csr incoming;
  incoming.row_ptr.assign(static_cast<std::size_t>(batch.num_nodes()) + 1, 0);
  for (const std::int64_t target : batch.edge_target) ++incoming.row_ptr[static_cast<std::size_t>(target) + 1];
  for (std::size_t v = 1; v < incoming.row_ptr.size(); ++v) incoming.row_ptr[v] += incoming.row_ptr[v - 1];
  std::vector<std::int64_t> next(incoming.row_ptr.begin(), incoming.row_ptr.end() - 1);
  incoming.column.resize(batch.edge_target.size());
  for (std::size_t e = 0; e < batch.edge_target.size(); ++e)
    incoming.column[static_cast<std::size_t>(next[static_cast<std::size_t>(batch.edge_target[e])]++)] =
        static_cast<std::int64_t>(e);
  return incoming;
}

Csr neighbours_and_self(const GraphBatch& batch, const Csr& incoming) {
  Csr rows;
  rows.columns = batch.num_nodes();
  rows.row_ptr.reserve(incoming.row_ptr.size());
  rows.column.reserve(incoming.column.size() + incoming.row_ptr.size());
  for (std::int64_t v = 0; v < batch.num_nodes(); ++v) {
    for (const std::int64_t edge : incoming.columns_of(v))
      rows.column.push_back(batch.edge_source[static_cast<std::size_t>(edge)]);
    rows.column.push_back(v);
    rows.end_row();
  }
  return rows;
}

/// How often each code of an edge column occurs around each node, self-loop included.
Csr count_codes(const GraphBatch& batch, const Csr& incoming, const FeatureSchema& schema, std::size_t column) {
  const std::size_t width = schema.edge.size();
  Csr rows;
  rows.columns = schema.edge[column].cardinality;
  rows.row_ptr.reserve(incoming.row_ptr.size());
  std::vector<int> count(static_cast<std::size_t>(schema.edge[column].cardinality));
  for (std::int64_t v = 0; v < batch.num_nodes(); ++v) {
    for (const std::int64_t edge : incoming.columns_of(v))
      ++count[static_cast<std::size_t>(batch.edge_features[static_cast<std::size_t>(edge) * width + column])];
    ++count[static_cast<std::size_t>(schema.self_loop[column])];
    for (std::size_t code = 0; code < count.size(); ++code) {
      if (count[code] == 0) continue;
      rows.column.push_back(static_cast<std::int64_t>(code));
      rows.weight.push_back(count[code]);
      count[code] = 0;
    }
    rows.end_row();
  }
  return rows;
}

}  // namespace

Neighbourhoods neighbourhoods(const GraphBatch& batch, const FeatureSchema& schema) {
  GRAFTAGE_CHECK(schema.self_loop.size() == schema.edge.size(), schema.self_loop.size(), schema.edge.size());
  const Csr incoming = incoming_edges(batch);
  Neighbourhoods result;
  result.members = neighbours_and_self(batch, incoming);
  for (std::size_t c = 0; c < schema.edge.size(); ++c)
    result.edge_counts.push_back(count_codes(batch, incoming, schema, c));
  return result;
}

}  // namespace graftage::graph::detail
