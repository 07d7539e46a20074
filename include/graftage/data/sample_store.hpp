#pragma once

#include "graftage/core/index.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/graph/graph_batch.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace graftage::data {

/// Bounded cache of decoded blocks of consecutive graphs over a corpus: what a rank keeps in memory.
///
/// Samples follow one global order, so a rank needs graphs from everywhere; it reads the block a graph lies in from the
/// shard and drops the least recently used block when `capacity_bytes` (corpus / ranks + cache) would be exceeded.
class SampleStore {
 public:
  struct Options {
    std::int64_t capacity_bytes = 0;  ///< decoded bytes kept at most; at least one block always fits
    std::int64_t block_graphs = 64;   ///< graphs read at once
  };
  SampleStore(std::shared_ptr<const Corpus> corpus, Options options);
  /// Capacity by the rule corpus/R + cache.
  static Options options_for(const Corpus& corpus, int num_ranks, std::int64_t cache_bytes);

  [[nodiscard]] const Corpus& corpus() const { return *corpus_; }
  /// Joined batch of the graphs, in the order given.
  [[nodiscard]] graph::GraphBatch batch(std::span<const core::GraphId> ids);
  [[nodiscard]] std::int64_t peak_bytes() const { return peak_bytes_; }
  [[nodiscard]] std::int64_t blocks_read() const { return blocks_read_; }

 private:
  struct Block {
    std::vector<graph::Graph> graphs;
    std::int64_t bytes = 0;
    std::list<std::int64_t>::iterator recency;
  };
  const Block& block(std::int64_t index);
  std::shared_ptr<const Corpus> corpus_;
  Options options_;
  std::unordered_map<std::int64_t, Block> blocks_;
  std::list<std::int64_t> recency_;  ///< most recent first
  std::int64_t bytes_ = 0;
  std::int64_t peak_bytes_ = 0;
  std::int64_t blocks_read_ = 0;
};

}  // namespace graftage::data
