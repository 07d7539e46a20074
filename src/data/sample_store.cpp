#include "graftage/data/sample_store.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>

namespace graftage::data {
namespace {

std::int64_t decoded_bytes(const graph::Graph& graph) {
  const auto bytes = [](const auto& values) { return values.capacity() * sizeof(values[0]); };
  return static_cast<std::int64_t>(sizeof(graph::Graph) + bytes(graph.node_features) + bytes(graph.edge_index) +
                                   bytes(graph.edge_features) + bytes(graph.labels) + bytes(graph.label_mask));
}

}  // namespace

SampleStore::SampleStore(std::shared_ptr<const Corpus> corpus, Options options)
    : corpus_(std::move(corpus)), options_(options) {
  GRAFTAGE_CHECK(options_.block_graphs > 0, options_.block_graphs);
}

SampleStore::Options SampleStore::options_for(const Corpus& corpus, int num_ranks, std::int64_t cache_bytes) {
  GRAFTAGE_CHECK(num_ranks > 0, num_ranks);
  Options options;
  options.capacity_bytes = (corpus.decoded_bytes() + num_ranks - 1) / num_ranks + cache_bytes;
  return options;
}

const SampleStore::Block& SampleStore::block(std::int64_t index) {
  const auto found = blocks_.find(index);
  if (found != blocks_.end()) {
    recency_.splice(recency_.begin(), recency_, found->second.recency);
    return found->second;
  }
  Block block;
  const std::int64_t first = index * options_.block_graphs;
  block.graphs = corpus_->read(core::GraphId(first), std::min(options_.block_graphs, corpus_->num_graphs() - first));
  for (const auto& graph : block.graphs) block.bytes += decoded_bytes(graph);
  while (!blocks_.empty() && bytes_ + block.bytes > options_.capacity_bytes) {
    const auto oldest = blocks_.find(recency_.back());
    bytes_ -= oldest->second.bytes;
    blocks_.erase(oldest);
    recency_.pop_back();
  }
  recency_.push_front(index);
  block.recency = recency_.begin();
  bytes_ += block.bytes;
  peak_bytes_ = std::max(peak_bytes_, bytes_);
  ++blocks_read_;
  return blocks_.emplace(index, std::move(block)).first->second;
}

graph::GraphBatch SampleStore::batch(std::span<const core::GraphId> ids) {
  // A block may be dropped while the batch is still being gathered, so graphs of a batch are copied; in block order,
  // so that each block is read at most once for it.
  std::vector<std::size_t> order(ids.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ids[a] < ids[b]; });
  std::vector<graph::Graph> graphs(ids.size());
  for (const std::size_t i : order) {
    const std::int64_t id = ids[i].value;
    GRAFTAGE_CHECK(id >= 0 && id < corpus_->num_graphs(), id, corpus_->num_graphs());
    graphs[i] = block(id / options_.block_graphs).graphs[static_cast<std::size_t>(id % options_.block_graphs)];
  }
  const std::vector<graph::GraphView> views(graphs.begin(), graphs.end());
  return graph::collate(views, ids, corpus_->schema());
}

}  // namespace graftage::data
