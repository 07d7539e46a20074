#include "adapt/frozen_encoder.hpp"

#include "graftage/core/error.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace graftage::adapt {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

nn::Encoder small_encoder() {
  return {{.layer = nn::LayerKind::Gin, .num_layers = 3, .width = 6}, graph::chem_schema()};
}

/// Four graphs in batches of two, one and one; the last is a single atom.
std::vector<graph::Graph> some_graphs() {
  return {support::molecule_like_graph(9, 1, 1), support::cycle_graph(5, 2), support::star_graph(6, 3),
          support::path_graph(1, 4)};
}

EvaluationBatch batch_of(const std::vector<graph::Graph>& graphs, std::int64_t first_id) {
  EvaluationBatch batch;
  batch.flow = graph::plain_flow(support::batch_of(graphs), graph::chem_schema(), 3);
  for (std::size_t g = 0; g < graphs.size(); ++g) batch.ids.emplace_back(first_id + static_cast<std::int64_t>(g));
  return batch;
}

std::vector<EvaluationBatch> uneven_batches() {
  const auto graphs = some_graphs();
  std::vector<EvaluationBatch> batches;
  batches.push_back(batch_of({graphs[0], graphs[1]}, 10));
  batches.push_back(batch_of({graphs[2]}, 12));
  batches.push_back(batch_of({graphs[3]}, 13));
  return batches;
}

double value(const at::Tensor& t, std::size_t i) { return t[static_cast<std::int64_t>(i)].item<double>(); }

Row linear(const at::Tensor& weight, const at::Tensor& bias, const Row& x) {
  Row y;
  for (std::size_t o = 0; o < static_cast<std::size_t>(weight.size(0)); ++o) {
    const at::Tensor row = weight[static_cast<std::int64_t>(o)];
    double sum = value(bias, o);
    for (std::size_t i = 0; i < x.size(); ++i) sum += value(row, i) * x[i];
    y.push_back(sum);
  }
  return y;
}

void add_table_row(Row& to, const at::Tensor& table, std::int64_t code) {
  for (std::size_t c = 0; c < to.size(); ++c) to[c] += value(table[code], c);
}

struct Moments {
  Row mean, variance;
};

/// Methods 1.2 node by node and edge by edge in double, all graphs as one batch: mean and biased variance per layer.
std::vector<Moments> moments_by_loop(const nn::Parameters& p, const std::vector<graph::Graph>& graphs) {
  const std::size_t width = 6;
  std::vector<Moments> result;
  std::vector<Rows> h;  // per graph
  for (const auto& g : graphs) {
    Rows rows;
    for (std::size_t v = 0; v < static_cast<std::size_t>(g.num_nodes); ++v) {
      rows.emplace_back(width, 0.0);
      add_table_row(rows.back(), p["x_embedding1.weight"], g.node_features[2 * v]);
      add_table_row(rows.back(), p["x_embedding2.weight"], g.node_features[2 * v + 1]);
    }
    h.push_back(rows);
  }
  for (int layer = 0; layer < 3; ++layer) {
    const std::string name = "gnns." + std::to_string(layer);
    double count = 0;
    Moments m{Row(width, 0.0), Row(width, 0.0)};
    for (std::size_t g = 0; g < graphs.size(); ++g) {
      Rows sums = h[g];
      for (Row& row : sums) {
        add_table_row(row, p[name + ".edge_embedding1.weight"], 4);
        add_table_row(row, p[name + ".edge_embedding2.weight"], 0);
      }
      for (std::size_t e = 0; e < static_cast<std::size_t>(graphs[g].num_edges()); ++e) {
        const auto source = static_cast<std::size_t>(graphs[g].edge_index[2 * e]);
        Row& target = sums[static_cast<std::size_t>(graphs[g].edge_index[2 * e + 1])];
        for (std::size_t c = 0; c < width; ++c) target[c] += h[g][source][c];
        add_table_row(target, p[name + ".edge_embedding1.weight"], graphs[g].edge_features[2 * e]);
        add_table_row(target, p[name + ".edge_embedding2.weight"], graphs[g].edge_features[2 * e + 1]);
      }
      for (std::size_t v = 0; v < sums.size(); ++v) {
        Row hidden = linear(p[name + ".mlp.0.weight"], p[name + ".mlp.0.bias"], sums[v]);
        for (double& x : hidden) x = std::max(x, 0.0);
        h[g][v] = linear(p[name + ".mlp.2.weight"], p[name + ".mlp.2.bias"], hidden);
        for (std::size_t c = 0; c < width; ++c) m.mean[c] += h[g][v][c];
        ++count;
      }
    }
    for (double& x : m.mean) x /= count;
    for (const Rows& rows : h)
      for (const Row& row : rows)
        for (std::size_t c = 0; c < width; ++c) m.variance[c] += std::pow(row[c] - m.mean[c], 2) / count;
    for (Rows& rows : h)
      for (Row& row : rows)
        for (std::size_t c = 0; c < width; ++c) {
          row[c] = (row[c] - m.mean[c]) / std::sqrt(m.variance[c] + 1e-5);  // affine part is still 1 and 0
          if (layer < 2) row[c] = std::max(row[c], 0.0);
        }
    result.push_back(m);
  }
  return result;
}

TEST(EstimateStatistics, EqualsALoopOverAllNodes) {
  const nn::Encoder encoder = small_encoder();
  const nn::Parameters parameters = encoder.initialize(core::SeedSequence(3));
  const auto expected = moments_by_loop(nn::to_double(parameters), some_graphs());

  const nn::Parameters buffers =
      estimate_statistics(encoder, nn::SharedWeights(parameters), encoder.initial_buffers(), uneven_batches());

  for (std::size_t layer = 0; layer < 3; ++layer)
    for (std::size_t c = 0; c < 6; ++c) {
      const std::string name = "batch_norms." + std::to_string(layer);
      EXPECT_NEAR(value(buffers[name + ".running_mean"], c), expected[layer].mean[c], 2e-6) << layer;
      EXPECT_NEAR(value(buffers[name + ".running_var"], c), expected[layer].variance[c], 2e-5) << layer;
    }
}

TEST(EstimateStatistics, IsTheTrainingForwardOfOneHugeBatch) {
  const nn::Encoder encoder = small_encoder();
  const nn::Parameters parameters = encoder.initialize(core::SeedSequence(4));
  const nn::SharedWeights weights(parameters);
  const EvaluationBatch all = batch_of(some_graphs(), 0);
  const nn::Parameters stale = encoder.initial_buffers();

  const nn::Parameters buffers = estimate_statistics(encoder, nn::SharedWeights(parameters), stale, uneven_batches());
  nn::ForwardOptions running;
  running.normalization = nn::Normalization::Running;
  const at::Tensor h0 = encoder.embed_input(weights, all.flow);
  const at::Tensor evaluated = encoder.forward(weights, buffers, all.flow, h0, running).rows;
  const at::Tensor trained = encoder.forward(weights, stale, all.flow, h0, {}).rows;

  EXPECT_LT((evaluated - trained).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(stale["batch_norms.0.running_mean"].abs().max().item<double>(), 0.0);  // the input is left alone
}

TEST(EmbeddingTable, HoldsTheReadoutOfEachGraph) {
  const nn::Encoder encoder = small_encoder();
  const nn::Parameters parameters = encoder.initialize(core::SeedSequence(5));
  const nn::Parameters buffers =
      estimate_statistics(encoder, nn::SharedWeights(parameters), encoder.initial_buffers(), uneven_batches());
  auto parts = uneven_batches();
  EvaluationBatches batches;
  batches.train.push_back(std::move(parts[0]));
  batches.valid.push_back(std::move(parts[1]));
  batches.test.push_back(std::move(parts[2]));

  const EmbeddingTable table(encoder, nn::SharedWeights(parameters), buffers, nn::Readout::Sum, batches);
  const at::Tensor rows = table.rows({core::GraphId(13), core::GraphId(10), core::GraphId(12)});

  const nn::SharedWeights weights(parameters);
  nn::ForwardOptions running;
  running.normalization = nn::Normalization::Running;
  const auto graphs = some_graphs();
  const EvaluationBatch same = batch_of({graphs[3], graphs[0], graphs[2]}, 0);
  const at::Tensor nodes =
      encoder.forward(weights, buffers, same.flow, encoder.embed_input(weights, same.flow), running).rows;
  EXPECT_LT((rows - nn::read_out(nn::Readout::Sum, same.flow, nodes)).abs().max().item<double>(), 1e-5);
  EXPECT_THROW((void)table.rows({core::GraphId(99)}), core::InternalError);
}

}  // namespace
}  // namespace graftage::adapt
