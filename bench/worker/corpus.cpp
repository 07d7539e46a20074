#include "corpus.hpp"

#include <algorithm>

namespace graftage::bench {

BenchCorpus::BenchCorpus(const Json& spec, const mpi::Communicator& ranks)
    : corpus(data::Corpus::open(spec.at("corpus").get<std::string>())),
      store(corpus, data::SampleStore::options_for(*corpus, ranks.size(), std::int64_t{64} << 20)) {
  const auto count = std::min(corpus->num_graphs(), spec.value("graphs", corpus->num_graphs()));
  for (std::int64_t g = 0; g < count; ++g) members.emplace_back(g);
  const auto step = static_cast<std::size_t>(64);
  for (std::size_t g = 0; g < members.size(); g += step) (void)store.batch({&members[g], 1});
}

Json BenchCorpus::facts() const {
  return {{"corpus", corpus->name()},
          {"corpus_sha256", corpus->content_sha256()},
          {"corpus_graphs", corpus->num_graphs()},
          {"graphs_used", members.size()},
          {"mean_nodes", static_cast<double>(corpus->total_nodes()) / static_cast<double>(corpus->num_graphs())}};
}

std::vector<double> rows_left(const graph::MessageFlow& flow) {
  const auto nodes = static_cast<double>(flow.num_nodes);
  std::vector<double> left = {static_cast<double>(flow.input.size) / nodes};
  for (const graph::FlowLayer& layer : flow.layers) left.push_back(static_cast<double>(layer.rows.size) / nodes);
  return left;
}

graph::FlowKind flow_kind(const Json& spec) {
  return spec.value("flow", "merged") == "plain" ? graph::FlowKind::Plain : graph::FlowKind::Merged;
}

}  // namespace graftage::bench
