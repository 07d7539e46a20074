// L2P-GNN in paper mode against explicit per-graph weights, one graph and one pair at a time, in float64.

#include "pretrain/l2p.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/message_flow.hpp"
#include "pretrain/link_pairs.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace graftage::pretrain {
namespace {

nn::EncoderConfig small_encoder() {
  nn::EncoderConfig config;
  config.num_layers = 3;
  config.width = 6;
  return config;
}

L2pConfig strong_adaptation() {
  L2pConfig config;
  config.inner_lr_node = 0.002;
  config.inner_lr_graph = 0.02;
  config.children = 2;
  return config;
}

/// Molecules of several sizes, and every shape that has no node loss: two bonds, a triangle, a single atom.
std::vector<graph::Graph> varied_graphs() {
  return {support::molecule_like_graph(14, 2, 1),
          support::path_graph(3, 2),
          support::molecule_like_graph(9, 1, 3),
          support::cycle_graph(3, 4),
          support::path_graph(1, 5),
          support::path_graph(4, 6),
          support::molecule_like_graph(22, 3, 7),
          support::star_graph(8, 8)};
}

nn::Parameters leaves(const nn::Parameters& parameters) {
  nn::Parameters result;
  for (const auto& [name, tensor] : nn::to_double(parameters).entries())
    result.add(name, tensor.clone().requires_grad_());
  return result;
}

L2pWeights double_weights(const nn::Encoder& encoder) {
  ObjectiveContext context{encoder, core::SeedSequence(11)};
  L2p objective({}, context);
  L2pWeights weights{leaves(objective.encoder_parameters()),
                     leaves(objective.trainable().parameters.with_prefix("objective."))};
  // Scales and shifts other than one and zero, so that a mistake in them shows.
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : weights.encoder.entries())
    if (name.starts_with("batch_norms.")) tensor.add_(at::arange(tensor.numel(), at::kDouble).sin(), 0.3);
  return weights;
}

std::vector<at::Tensor> all_tensors(const L2pWeights& weights) {
  std::vector<at::Tensor> tensors = weights.encoder.tensors();
  for (const auto& tensor : weights.pooling.tensors()) tensors.push_back(tensor);
  return tensors;
}

train::ShardLoss drawn_loss(const nn::Encoder& encoder, const L2pWeights& weights, const graph::GraphBatch& shard,
                            const L2pConfig& config, const core::SeedSequence& seed,
                            graph::FlowKind flow = graph::FlowKind::Merged) {
  const Links links = draw_links(shard, {config.children, config.support_pairs, config.query_pairs}, seed);
  const L2pShard prepared = prepare_l2p(encoder, shard, links, shard_options(config, flow));
  return l2p_loss(encoder, weights, prepared, inner_steps(config));
}

/// One row per node, for the definition.
graph::MessageFlow plain(const nn::Encoder& encoder, const graph::GraphBatch& batch) {
  return graph::make_flow(batch, encoder.schema(), encoder.flow_options(graph::FlowKind::Plain));
}

nn::Parameters stepped(const nn::Parameters& parameters, const at::Tensor& loss, double rate, MetaOrder order) {
  const auto gradients =
      torch::autograd::grad({loss}, parameters.tensors(), {}, true, order == MetaOrder::Second, true);
  nn::Parameters result;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [name, tensor] = parameters.entries()[i];
    result.add(name, gradients[i].defined() ? tensor - rate * gradients[i] : tensor);
  }
  return result;
}

/// The same values behind one more operation: gradients with respect to them stop here.
nn::Parameters aliases(const nn::Parameters& parameters) {
  nn::Parameters result;
  for (const auto& [name, tensor] : parameters.entries()) result.add(name, tensor * 1.0);
  return result;
}

/// ln sigma(x) for scores of any size.
at::Tensor log_sigma(const at::Tensor& x) { return -at::relu(-x) - at::log1p(at::exp(-x.abs())); }

/// The definition, read off methods 3.5a without any batching over graphs.
class Explicit {
 public:
  Explicit(const nn::Encoder& encoder, const L2pWeights& weights, std::vector<graph::Graph> graphs, L2pConfig config,
           const core::SeedSequence& seed)
      : encoder_(encoder), weights_(weights), graphs_(std::move(graphs)), config_(config) {
    batch_ = support::batch_of(graphs_);
    links_ = draw_links(batch_, {config.children, config.support_pairs, config.query_pairs}, seed);
    const auto flow = plain(encoder, batch_);
    const nn::SharedWeights shared(weights_.encoder);
    const auto output = encoder.forward(shared, {}, flow, encoder.embed_input(shared, flow), {});
    statistics_ = output.statistics;
    for (std::size_t g = 0; g < graphs_.size(); ++g)
      nodes_.push_back(output.rows.narrow(0, batch_.node_ptr[g], graphs_[g].num_nodes));
  }

  at::Tensor loss() const {
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (std::size_t g = 0; g < graphs_.size(); ++g) sum = sum + graph_loss(g);
    return sum;
  }

 private:
  at::Tensor embed(std::size_t g, const nn::Parameters& fast) const {
    const auto flow = plain(encoder_, support::batch_of({graphs_[g]}));
    nn::ForwardOptions options;
    options.normalization = nn::Normalization::Given;
    options.given = &statistics_;
    const nn::SharedWeights weights(fast);
    return encoder_.forward(weights, {}, flow, encoder_.embed_input(weights, flow), options).rows;
  }

  std::vector<std::size_t> pairs(const LinkSet& set, std::size_t g, std::int64_t child) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < set.child.size(); ++i)
      if (set.child[i] == static_cast<std::int64_t>(g) * config_.children + child) found.push_back(i);
    return found;
  }

  at::Tensor node_loss(std::size_t g, const at::Tensor& h, const LinkSet& set) const {
    at::Tensor sum = at::zeros({}, at::kDouble);
    const auto row = [&](std::int64_t node) { return h[node - batch_.node_ptr[g]]; };
    for (std::int64_t c = 0; c < config_.children; ++c) {
      const auto chosen = pairs(set, g, c);
      for (const std::size_t i : chosen)
        sum = sum - (log_sigma(row(set.first[i]).dot(row(set.second[i]))) +
                     log_sigma(-row(set.negative_first[i]).dot(row(set.negative_second[i])))) /
                        static_cast<double>(chosen.size());
    }
    return sum / static_cast<double>(config_.children);
  }

  at::Tensor task(std::size_t g, std::int64_t child, const at::Tensor& h, const LinkSet& set) const {
    const auto chosen = pairs(set, g, child);
    if (chosen.empty()) return h.mean(0);
    at::Tensor sum = at::zeros({h.size(1)}, at::kDouble);
    for (const std::size_t i : chosen)
      sum = sum + h[set.first[i] - batch_.node_ptr[g]] + h[set.second[i] - batch_.node_ptr[g]];
    return sum / (2.0 * static_cast<double>(chosen.size()));
  }

  at::Tensor pooled_loss(std::size_t g, const nn::Parameters& omega, const at::Tensor& h, const LinkSet& set) const {
    const at::Tensor w = omega["pool.weight"].t();
    const at::Tensor graph = h.mean(0).matmul(w);
    const at::Tensor other = nodes_[(g + 1) % graphs_.size()].mean(0).matmul(w);
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (std::int64_t c = 0; c < config_.children; ++c) {
      const at::Tensor t = task(g, c, h, set).matmul(w);
      sum = sum - log_sigma(t.dot(graph)) - log_sigma(-t.dot(other));
    }
    return sum / static_cast<double>(config_.children);
  }

  at::Tensor graph_loss(std::size_t g) const {
    nn::Parameters psi = aliases(weights_.encoder);
    nn::Parameters omega = aliases(weights_.pooling);
    const bool has_node_loss = !pairs(links_.support, g, 0).empty();
    for (std::int64_t step = 0; step < config_.inner_steps; ++step) {
      if (has_node_loss)
        psi = stepped(psi, node_loss(g, embed(g, psi), links_.support), config_.inner_lr_node, config_.order);
      omega = stepped(omega, pooled_loss(g, omega, nodes_[g], links_.support), config_.inner_lr_graph, config_.order);
    }
    const at::Tensor h = embed(g, psi);
    const at::Tensor level = pooled_loss(g, omega, h, links_.query);
    return has_node_loss ? level + node_loss(g, h, links_.query) : level;
  }

  const nn::Encoder& encoder_;
  const L2pWeights& weights_;
  std::vector<graph::Graph> graphs_;
  L2pConfig config_;
  graph::GraphBatch batch_;
  Links links_;
  std::vector<nn::BatchStatistics> statistics_;
  std::vector<at::Tensor> nodes_;
};

/// A loss and its gradient with respect to all weights; undefined where it has none.
struct Expected {
  Expected(const at::Tensor& loss, const L2pWeights& weights)
      : value(loss.item<double>()),
        gradient(torch::autograd::grad({loss}, all_tensors(weights), {}, false, false, true)) {}
  double value;
  std::vector<at::Tensor> gradient;
};

/// @param tolerance  relative
void expect_equal(const Expected& found, const Expected& expected, double tolerance) {
  EXPECT_NEAR(found.value, expected.value, tolerance * std::abs(expected.value));
  for (std::size_t i = 0; i < expected.gradient.size(); ++i) {
    ASSERT_EQ(found.gradient[i].defined(), expected.gradient[i].defined()) << i;
    if (!expected.gradient[i].defined()) continue;
    const double scale = std::max(1.0, expected.gradient[i].abs().max().item<double>());
    EXPECT_LT((found.gradient[i] - expected.gradient[i]).abs().max().item<double>(), tolerance * scale) << i;
  }
}

/// Merged and plain flow, all graphs at once, one at a time and two or three together.
void expect_equal_to_explicit(L2pConfig config, const nn::EncoderConfig& architecture = small_encoder()) {
  const nn::Encoder encoder(architecture, graph::chem_schema());
  const L2pWeights weights = double_weights(encoder);
  const core::SeedSequence seed(5);
  const auto graphs = varied_graphs();
  const Expected expected(Explicit(encoder, weights, graphs, config, seed).loss(), weights);
  EXPECT_LT(expected.value / 8, 20.0) << "scores so large that the logistic is saturated test little";

  for (const graph::FlowKind flow : {graph::FlowKind::Merged, graph::FlowKind::Plain})
    for (const std::int64_t budget : {1000, 1, 26}) {
      SCOPED_TRACE("budget " + std::to_string(budget) + (flow == graph::FlowKind::Plain ? ", plain" : ", merged"));
      config.node_budget = budget;
      const auto fast = drawn_loss(encoder, weights, support::batch_of(graphs), config, seed, flow);
      EXPECT_EQ(fast.loss.count, 8.0);
      expect_equal(Expected(fast.loss.sum, weights), expected, 1e-10);
    }
}

TEST(L2p, SecondOrderEqualsExplicitWeightsPerGraph) { expect_equal_to_explicit(strong_adaptation()); }

TEST(L2p, FirstOrderEqualsExplicitWeightsPerGraph) {
  L2pConfig config = strong_adaptation();
  config.order = MetaOrder::First;
  expect_equal_to_explicit(config);
}

TEST(L2p, TwoInnerStepsEqualExplicitWeightsPerGraph) {
  L2pConfig config = strong_adaptation();
  config.inner_steps = 2;
  expect_equal_to_explicit(config);
  config.order = MetaOrder::First;
  expect_equal_to_explicit(config);
}

TEST(L2p, JumpingKnowledgeEqualsExplicitWeightsPerGraph) {
  nn::EncoderConfig architecture = small_encoder();
  L2pConfig config = strong_adaptation();
  config.inner_lr_node = 0.0002;
  for (const auto how : {nn::JumpingKnowledge::Sum, nn::JumpingKnowledge::Concat, nn::JumpingKnowledge::Max}) {
    SCOPED_TRACE(static_cast<int>(how));
    architecture.jumping_knowledge = how;
    expect_equal_to_explicit(config, architecture);
  }
}

TEST(L2p, BudgetAndFlowLeaveLossAndGradientAlone) {
  const nn::Encoder encoder(small_encoder(), graph::chem_schema());
  const L2pWeights weights = double_weights(encoder);
  const auto batch = support::batch_of(varied_graphs());
  L2pConfig config = strong_adaptation();
  config.node_budget = 1000;
  const core::SeedSequence seed(5);
  const Expected whole(drawn_loss(encoder, weights, batch, config, seed, graph::FlowKind::Plain).loss.sum, weights);

  for (const graph::FlowKind flow : {graph::FlowKind::Merged, graph::FlowKind::Plain})
    for (const std::int64_t budget : {1, 20, 40, 1000}) {
      SCOPED_TRACE(budget);
      config.node_budget = budget;
      expect_equal(Expected(drawn_loss(encoder, weights, batch, config, seed, flow).loss.sum, weights), whole, 1e-12);
    }
}

/// Directional derivatives of the whole outer loss, five-point stencil. Not differentiating through the statistics, or
/// through the inner gradient, fails here.
TEST(L2p, OuterGradientEqualsFiniteDifferences) {
  const nn::Encoder encoder(small_encoder(), graph::chem_schema());
  const L2pWeights weights = double_weights(encoder);
  const auto batch = support::batch_of(varied_graphs());
  const core::SeedSequence seed(5);
  const auto tensors = all_tensors(weights);
  const auto value = [&] { return drawn_loss(encoder, weights, batch, strong_adaptation(), seed).loss.sum; };
  const auto gradient = torch::autograd::grad({value()}, tensors, {}, false, false, true);
  core::RandomStream stream = core::SeedSequence(3).stream();

  for (int direction = 0; direction < 6; ++direction) {
    std::vector<at::Tensor> along;
    double analytic = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      along.push_back(at::empty_like(tensors[i], at::kDouble).detach());
      for (std::int64_t k = 0; k < tensors[i].numel(); ++k)
        along[i].mutable_data_ptr<double>()[k] = 2.0 * stream.uniform() - 1.0;
      if (gradient[i].defined()) analytic += (gradient[i] * along[i]).sum().item<double>();
    }
    const double step = 1e-6;
    const auto shifted = [&](double by) {
      const at::NoGradGuard no_grad;
      for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].add_(along[i], by);
      at::Tensor result;
      {
        const at::AutoGradMode with_grad(true);
        result = value();
      }
      for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].sub_(along[i], by);
      return result.item<double>();
    };
    const double numeric =
        (8 * (shifted(step) - shifted(-step)) - (shifted(2 * step) - shifted(-2 * step))) / (12 * step);
    EXPECT_NEAR(analytic, numeric, 1e-6 * std::max(1.0, std::abs(numeric))) << direction;
  }
}

TEST(L2p, ShardWithoutAnyNodeLossKeepsItsGraphLoss) {
  const nn::Encoder encoder(small_encoder(), graph::chem_schema());
  const L2pWeights weights = double_weights(encoder);
  const std::vector<graph::Graph> graphs = {support::path_graph(3, 2), support::cycle_graph(3, 4),
                                            support::path_graph(2, 9)};
  const auto fast = drawn_loss(encoder, weights, support::batch_of(graphs), strong_adaptation(), core::SeedSequence(5));
  const at::Tensor slow = Explicit(encoder, weights, graphs, strong_adaptation(), core::SeedSequence(5)).loss();

  EXPECT_NEAR(fast.loss.sum.item<double>(), slow.item<double>(), 1e-10);
  EXPECT_EQ(fast.metrics[0].count, 0.0);
  EXPECT_GT(fast.loss.sum.item<double>(), 0.0);
}

TEST(L2p, ReportsTheStatisticsOfTheFirstPass) {
  const nn::Encoder encoder(small_encoder(), graph::chem_schema());
  const L2pWeights weights = double_weights(encoder);
  const auto batch = support::batch_of(varied_graphs());
  const auto flow = plain(encoder, batch);
  const nn::SharedWeights shared(weights.encoder);

  const auto result = drawn_loss(encoder, weights, batch, strong_adaptation(), core::SeedSequence(5));
  const auto plain = encoder.forward(shared, {}, flow, encoder.embed_input(shared, flow), {});

  ASSERT_EQ(result.statistics.size(), 3u);
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_LT((result.statistics[l].mean - plain.statistics[l].mean).abs().max().item<double>(), 1e-12);
    EXPECT_LT((result.statistics[l].variance - plain.statistics[l].variance).abs().max().item<double>(), 1e-12);
    EXPECT_EQ(result.statistics[l].count, static_cast<double>(batch.num_nodes()));
  }
}

TEST(L2p, StatisticsPerGraphAreRefusedByName) {
  const nn::Encoder encoder(small_encoder(), graph::chem_schema());
  L2pConfig config;
  config.batch_norm = MetaBatchNorm::PerGraph;
  try {
    L2p objective(config, ObjectiveContext{encoder, core::SeedSequence(1)});
    FAIL() << "accepted";
  } catch (const core::ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("objective.batch_norm: per_graph is refused"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("use shard"), std::string::npos);
  }
}

}  // namespace
}  // namespace graftage::pretrain
