// Reading graphs from a corpus and joining them to batches, in random order.
//
// spec: corpus, graphs, batch, dump (optional: the same graphs as int64 arrays). request: pass: "cold" (new corpus and
// store: everything is read from the file and decoded) or "warm" (the store of the block before); flow: make the
// message flow as well.

#include "corpus.hpp"
#include "dump.hpp"
#include "graftage/graph/message_flow.hpp"

namespace graftage::bench {

namespace {

class Feeding final : public Contender {
 public:
  Feeding(const Json& spec, const mpi::Communicator& ranks)
      : spec_(spec),
        ranks_(ranks),
        corpus_(std::make_unique<BenchCorpus>(spec, ranks)),
        sampler_(corpus_->members, {.batch_size = spec.at("batch"), .virtual_shards = 1, .minimum_shard = 1},
                 core::SeedSequence(1)) {}

  Json first() override {
    if (spec_.contains("dump")) {
      auto file = h5::File::create(spec_.at("dump").get<std::string>());
      // Contiguous: a reader of single graphs would otherwise decompress a chunk for each.
      write_graphs(file, "/", corpus_->store.batch(corpus_->members), {.deflate = 0, .checksum = false});
      file.close();
    }
    return corpus_->facts();
  }

  Json block(const Json& request) override {
    const bool cold = request.value("pass", "warm") == "cold";
    const bool with_flow = request.value("flow", false);
    const std::int64_t epoch = epoch_++;
    const Stopwatch watch;
    std::unique_ptr<data::SampleStore> fresh;
    if (cold) {
      const auto corpus = data::Corpus::open(spec_.at("corpus").get<std::string>());
      fresh = std::make_unique<data::SampleStore>(
          corpus, data::SampleStore::options_for(*corpus, ranks_.size(), std::int64_t{64} << 20));
    }
    data::SampleStore& store = cold ? *fresh : corpus_->store;
    double graphs = 0;
    std::int64_t rows = 0;
    for (std::int64_t step = 0; step < sampler_.steps_per_epoch(); ++step) {
      const graph::GraphBatch batch = store.batch(sampler_.shards(epoch, step).front());
      graphs += static_cast<double>(batch.num_graphs());
      if (!with_flow) continue;
      const graph::MessageFlow flow = graph::make_flow(batch, corpus_->corpus->schema(), graph::FlowOptions{});
      graph::prepare_gradients(flow);
      rows += flow.layers.back().rows.size;
    }
    Json answer = watch.block(graphs);
    answer["rows"] = rows;
    return answer;
  }

 private:
  Json spec_;
  const mpi::Communicator& ranks_;
  std::unique_ptr<BenchCorpus> corpus_;
  data::Sampler sampler_;
  std::int64_t epoch_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_feeding(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Feeding>(spec, ranks);
}

}  // namespace graftage::bench
