#pragma once

#include "contender.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/graph/message_flow.hpp"

#include <memory>
#include <vector>

namespace graftage::bench {

/// Part of a corpus as training finds it after its first epoch: decoded, in the store of a rank.
struct BenchCorpus {
  /// spec: "corpus", and "graphs", how many from the start (default all).
  BenchCorpus(const Json& spec, const mpi::Communicator& ranks);
  std::shared_ptr<const data::Corpus> corpus;
  data::SampleStore store;
  std::vector<core::GraphId> members;
  [[nodiscard]] Json facts() const;
};

/// Rows that each layer of a flow computes, as a part of the nodes: [input, layer 1, …].
[[nodiscard]] std::vector<double> rows_left(const graph::MessageFlow& flow);
/// Merged, unless spec.flow says plain.
[[nodiscard]] graph::FlowKind flow_kind(const Json& spec);

}  // namespace graftage::bench
