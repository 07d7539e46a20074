#include "pretrain/l2p.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/gradient_gate.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/head.hpp"
#include "pretrain/adapted_weights.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

namespace graftage::pretrain {

namespace {

constexpr const char* kPool = "pool";

/// One row's dot product each. @param x [R, D] @param y [R, D] @return [R]
at::Tensor dots(const at::Tensor& x, const at::Tensor& y) { return (x * y).sum(1); }

/// -ln sigma(positive) - ln sigma(-negative), element by element.
at::Tensor contrast(const at::Tensor& positive, const at::Tensor& negative) {
  return -(at::log_sigmoid(positive) + at::log_sigmoid(-negative));
}

/// Sum over graphs of L_node on a set of pairs (children averaged). @param nodes [N, D]
at::Tensor link_loss(const at::Tensor& nodes, const LinkSet& links) {
  const auto select = [&](const std::vector<std::int64_t>& index) {
    return graph::LinearMap::gather(nodes.size(0), index).apply(nodes);
  };
  const at::Tensor weight = at::tensor(links.weight, at::kDouble).to(nodes.scalar_type());
  return (contrast(dots(select(links.first), select(links.second)),
                   dots(select(links.negative_first), select(links.negative_second))) *
          weight)
      .sum();
}

/// The graph level: pooled vectors of child tasks, graphs and other graphs, as rows [children * B | B | B].
class GraphLevel {
 public:
  GraphLevel(std::int64_t num_graphs, std::int64_t children)
      : num_graphs_(num_graphs), children_(children), groups_(row_graphs(), num_graphs) {
    std::vector<std::int64_t> next;
    for (std::int64_t g = 0; g < num_graphs; ++g) next.push_back((g + 1) % num_graphs);
    next_ = graph::LinearMap::gather(num_graphs, next);
    std::vector<std::int64_t> parent;
    for (std::int64_t c = 0; c < num_graphs * children; ++c) parent.push_back(c / children);
    parent_ = graph::LinearMap::gather(num_graphs, parent);
  }
  [[nodiscard]] const RowGroups& groups() const { return groups_; }
  /// The next graph of the shard stands for "another graph". @param graphs [B, D]
  [[nodiscard]] at::Tensor others(const at::Tensor& graphs) const { return next_.apply(graphs); }
  /// Sum over graphs of L_graph, children averaged. @param tasks [children * B, D]
  [[nodiscard]] at::Tensor loss(const AdaptedWeights& omega, const at::Tensor& tasks, const at::Tensor& graphs,
                                const at::Tensor& others) const {
    const at::Tensor pooled = omega.linear(kPool, at::cat({tasks, graphs, others}));
    const std::int64_t num_tasks = num_graphs_ * children_;
    const at::Tensor h_task = pooled.narrow(0, 0, num_tasks);
    const at::Tensor h_graph = parent_.apply(pooled.narrow(0, num_tasks, num_graphs_));
    const at::Tensor h_other = parent_.apply(pooled.narrow(0, num_tasks + num_graphs_, num_graphs_));
    return contrast(dots(h_task, h_graph), dots(h_task, h_other)).sum() / static_cast<double>(children_);
  }

 private:
  [[nodiscard]] std::vector<std::int64_t> row_graphs() const {
    std::vector<std::int64_t> graphs;
    for (std::int64_t c = 0; c < num_graphs_ * children_; ++c) graphs.push_back(c / children_);
    for (int part = 0; part < 2; ++part)
      for (std::int64_t g = 0; g < num_graphs_; ++g) graphs.push_back(g);
    return graphs;
  }
  std::int64_t num_graphs_;
  std::int64_t children_;
  RowGroups groups_;
  graph::LinearMap next_;
  graph::LinearMap parent_;
};

/// Moves `weights` by one step on a loss whose evaluations were recorded. Graphs share no row, so the gradient of the
/// sum of their losses with respect to a row is that of its own graph's loss.
void adapt(AdaptedWeights& weights, std::vector<nn::Site> sites, const at::Tensor& loss, MetaOrder order) {
  std::vector<at::Tensor> outputs;
  for (const nn::Site& site : sites) outputs.push_back(site.output);
  const bool second = order == MetaOrder::Second;
  const auto gradients = torch::autograd::grad({loss}, outputs, {}, /*retain_graph=*/true, /*create_graph=*/second,
                                               /*allow_unused=*/true);
  if (!second)
    for (nn::Site& site : sites)
      if (site.input.defined()) site.input = site.input.detach();
  weights.add_step(sites, gradients);
}

/// Node level: the pass with psi, and the one with every graph's own psi'.
struct NodeLevel {
  nn::EncoderOutput before;
  at::Tensor nodes_before;  ///< [N, D]
  at::Tensor nodes_after;   ///< [N, D]
  at::Tensor support_loss;  ///< before adaptation, sum over graphs
};

NodeLevel adapt_nodes(const nn::Encoder& encoder, const nn::Parameters& parameters, const graph::MessageFlow& flow,
                      const LinkSet& support, const L2pConfig& config) {
  GRAFTAGE_CHECK(static_cast<std::int64_t>(flow.row_graph.size()) == flow.num_nodes, flow.row_graph.size());
  const RowGroups groups(flow.row_graph, flow.num_graphs);
  const nn::Parameters no_buffers;
  AdaptedWeights psi(parameters, groups, config.inner_lr_node);
  graph::GradientGate gate;
  NodeLevel level;
  std::vector<nn::Site> sites;
  psi.record_to(&sites);
  nn::ForwardOptions options;
  options.statistics_gate = &gate;
  level.before = encoder.forward(psi, no_buffers, flow, encoder.embed_input(psi, flow), options);
  level.nodes_before = flow.node_rows.apply(level.before.rows);
  level.nodes_after = level.nodes_before;
  options.normalization = nn::Normalization::Given;
  options.given = &level.before.statistics;
  if (support.first.empty()) return level;  // no graph of this shard has a node loss
  for (std::int64_t step = 0; step < config.inner_steps; ++step) {
    const at::Tensor loss = link_loss(level.nodes_after, support);
    if (step == 0) level.support_loss = loss;
    {
      const graph::GradientGate::Closed constants(gate);
      adapt(psi, std::exchange(sites, {}), loss, config.order);
    }
    if (step + 1 == config.inner_steps) psi.record_to(nullptr);
    const auto after = encoder.forward(psi, no_buffers, flow, encoder.embed_input(psi, flow), options);
    level.nodes_after = flow.node_rows.apply(after.rows);
  }
  return level;
}

/// Graph level: L_graph(query) with every graph's own omega', sum over graphs.
at::Tensor adapt_graphs(const nn::Parameters& pooling, const graph::GraphBatch& shard, const graph::MessageFlow& flow,
                        const NodeLevel& nodes, const Links& links, const L2pConfig& config) {
  const GraphLevel level(shard.num_graphs(), config.children);
  const auto all_nodes = graph::LinearMap::segment_mean(shard.num_graphs(), shard.node_to_graph());
  const at::Tensor graphs = all_nodes.apply(nodes.nodes_before);
  const at::Tensor others = level.others(graphs);
  const at::Tensor support = endpoint_mean(shard, links.support, config.children).apply(nodes.nodes_before);
  GRAFTAGE_CHECK(flow.num_graphs == shard.num_graphs(), flow.num_graphs, shard.num_graphs());
  AdaptedWeights omega(pooling, level.groups(), config.inner_lr_graph);
  for (std::int64_t step = 0; step < config.inner_steps; ++step) {
    std::vector<nn::Site> sites;
    omega.record_to(&sites);
    const at::Tensor loss = level.loss(omega, support, graphs, others);
    omega.record_to(nullptr);
    adapt(omega, std::move(sites), loss, config.order);
  }
  const at::Tensor query = endpoint_mean(shard, links.query, config.children).apply(nodes.nodes_after);
  return level.loss(omega, query, all_nodes.apply(nodes.nodes_after), others);
}

}  // namespace

std::vector<std::string> enum_names(const MetaOrder*) { return {"second", "first"}; }
std::vector<std::string> enum_names(const MetaBatchNorm*) { return {"shard", "per_graph"}; }

train::ShardLoss l2p_loss(const nn::Encoder& encoder, const L2pWeights& weights, const graph::GraphBatch& shard,
                          const Links& links, const L2pConfig& config) {
  GRAFTAGE_CHECK(shard.num_graphs() >= 2, "another graph is needed", shard.num_graphs());
  const graph::MessageFlow flow = graph::plain_flow(shard, encoder.schema(), encoder.config().num_layers);
  NodeLevel nodes = adapt_nodes(encoder, weights.encoder, flow, links.support, config);
  const at::Tensor graph_loss = adapt_graphs(weights.pooling, shard, flow, nodes, links, config);
  const auto count = static_cast<double>(shard.num_graphs());
  train::ShardLoss result;
  result.loss = {graph_loss, count};
  double with_nodes = 0;
  for (const bool has : links.has_node_loss) with_nodes += has ? 1 : 0;
  double query_sum = 0;
  double support_sum = 0;
  if (with_nodes > 0) {
    const at::Tensor node_loss = link_loss(nodes.nodes_after, links.query);
    result.loss.sum = graph_loss + node_loss;
    query_sum = node_loss.item<double>();
    support_sum = nodes.support_loss.item<double>();
  }
  result.metrics = {{"node_loss", query_sum, with_nodes},
                    {"support_node_loss", support_sum, with_nodes},
                    {"graph_loss", graph_loss.item<double>(), count}};
  result.statistics = std::move(nodes.before.statistics);
  return result;
}

namespace {

nn::Parameters initial_pooling(const ObjectiveContext& context) {
  nn::Parameters parameters;
  const std::int64_t width = context.encoder.output_width();
  nn::add_linear(parameters, kPool, width, width, context.seed.child("objective"), /*bias=*/false);
  return parameters;
}

}  // namespace

L2p::L2p(const Config& config, const ObjectiveContext& context)
    : EncoderObjective(context, initial_pooling(context)), config_(config) {
  if (config.batch_norm == MetaBatchNorm::PerGraph)
    throw core::ConfigError(
        "",
        "objective.batch_norm: per_graph is refused: the encoder ends in a BatchNorm without ReLU, so "
        "every mean-pooled graph would be the same vector and the graph-level loss void; use shard");
}

train::ShardLoss L2p::loss(const graph::GraphBatch& shard, const core::SeedSequence& seed) {
  const Links links = draw_links(shard, {config_.children, config_.support_pairs, config_.query_pairs}, seed);
  return l2p_loss(encoder(), {encoder_parameters(), own_parameters()}, shard, links, config_);
}

}  // namespace graftage::pretrain
