#include "pretrain/l2p_loss.hpp"

#include "graftage/graph/known_gradient.hpp"
#include "graftage/graph/linear.hpp"
#include "graftage/nn/flops.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

namespace graftage::pretrain {

namespace {

at::Tensor leaf(const at::Tensor& x) { return x.detach().requires_grad_(); }

/// Tensors of the shared part, a leaf for each that pieces are computed from, and their gradients added up.
class Leaves {
 public:
  at::Tensor add(const at::Tensor& shared) {
    shared_.push_back(shared);
    leaves_.push_back(leaf(shared));
    gradients_.emplace_back();
    return leaves_.back();
  }
  /// @return the gradients of `others`; those of the leaves are kept
  std::vector<at::Tensor> add_gradient(const at::Tensor& loss, const std::vector<at::Tensor>& others) {
    std::vector<at::Tensor> inputs = leaves_;
    inputs.insert(inputs.end(), others.begin(), others.end());
    auto gradients = torch::autograd::grad({loss}, inputs, {}, /*retain_graph=*/false, /*create_graph=*/false,
                                           /*allow_unused=*/true);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      if (gradients_[i].defined())
        gradients_[i].add_(gradients[i]);
      else
        gradients_[i] = gradients[i];
    }
    return {gradients.begin() + static_cast<std::ptrdiff_t>(leaves_.size()), gradients.end()};
  }
  [[nodiscard]] const std::vector<at::Tensor>& shared() const { return shared_; }
  [[nodiscard]] const std::vector<at::Tensor>& gradients() const { return gradients_; }

 private:
  std::vector<at::Tensor> shared_;
  std::vector<at::Tensor> leaves_;
  std::vector<at::Tensor> gradients_;
};

/// The first pass, as the pieces see it: its rows once for each graph that they occur in.
struct SharedPass {
  GinPass rows;
  std::vector<LayerStatistics> statistics;
  std::vector<graph::ColumnMoments> moments;
  at::Tensor others;  ///< [B, D] mean over the nodes of the next graph
};

SharedPass first_pass(const nn::Encoder& encoder, const GinWeights& weights, const L2pShard& shard) {
  SharedPass result;
  const GinRows rows(encoder.config(), shard.flow);
  GinPass pass = rows.forward(weights, result.moments);
  for (const graph::ColumnMoments& moments : result.moments) result.statistics.push_back(statistics_of(moments));
  result.others = shard.others.apply(shard.flow.graph_mean.apply(pass.rows));
  for (std::size_t l = 0; l < pass.layers.size(); ++l) {
    const graph::LinearMap& spread = shard.piece_rows[l];
    GinPass::Layer& layer = pass.layers[l];
    result.rows.layers.push_back({spread.apply(layer.sum), spread.apply(layer.hidden), spread.apply(layer.before),
                                  spread.apply(layer.after.detach())});
  }
  const graph::LinearMap& last = shard.piece_rows.back();
  result.rows.rows = last.apply(pass.rows);
  if (pass.choice.defined()) result.rows.choice = pass.choice.index_select(0, at::tensor(last.column(), at::kLong));
  return result;
}

/// A piece's part of the shared pass, in leaves.
struct PieceInput {
  GinPass pass;
  at::Tensor others;
  [[nodiscard]] std::vector<at::Tensor> leaves() const {
    std::vector<at::Tensor> result{others, pass.rows};
    for (const GinPass::Layer& layer : pass.layers)
      result.insert(result.end(), {layer.sum, layer.hidden, layer.before});
    return result;
  }
};

PieceInput input_of(const SharedPass& shared, const L2pPiece& piece) {
  PieceInput input;
  input.others = leaf(shared.others.narrow(0, piece.first_graph, piece.num_graphs));
  for (std::size_t l = 0; l < shared.rows.layers.size(); ++l) {
    const GinPass::Layer& all = shared.rows.layers[l];
    const auto rows = [&](const at::Tensor& x) {
      return x.narrow(0, piece.first_row[l], piece.flow.layers[l].rows.size);
    };
    input.pass.layers.push_back(
        {leaf(rows(all.sum)), leaf(rows(all.hidden)), leaf(rows(all.before)), rows(all.after).detach()});
  }
  const std::int64_t first = piece.first_row.back();
  const std::int64_t count = piece.flow.layers.back().rows.size;
  input.pass.rows = leaf(shared.rows.rows.narrow(0, first, count));
  if (shared.rows.choice.defined()) input.pass.choice = shared.rows.choice.narrow(0, first, count);
  return input;
}

/// The steps that a piece's graphs have taken no longer depend on anything.
void detach(Adaptation& adaptation) {
  const auto cut = [](at::Tensor& x) {
    if (x.defined()) x = x.detach();
  };
  const auto cut_terms = [&](std::vector<graph::LowRank>& terms) {
    for (graph::LowRank& term : terms) {
      cut(term.left);
      cut(term.right);
    }
  };
  cut(adaptation.tables);
  for (Adaptation::Layer& layer : adaptation.layers) {
    cut_terms(layer.linear1);
    cut_terms(layer.linear2);
    cut(layer.tables);
    cut(layer.scale);
    cut(layer.shift);
  }
}

struct PieceLoss {
  at::Tensor node;          ///< query, undefined without one
  double support_node = 0;  ///< before adaptation
  at::Tensor graph;         ///< query
};

/// Node level: rows of the last layer with every graph's own psi'. @return [U_L, D]
at::Tensor adapt_nodes(const GinRows& rows, const GinWeights& weights, const std::vector<LayerStatistics>& statistics,
                       const L2pPiece& piece, const GinPass& before, const L2pSteps& steps) {
  Adaptation adaptation;
  adaptation.rate = steps.rate_node;
  adaptation.layers.resize(before.layers.size());
  GinPass pass = before;
  for (std::int64_t step = 0; step < steps.count; ++step) {
    {
      const at::AutoGradMode second(steps.order == MetaOrder::Second);
      rows.step(weights, statistics, pass, piece.support.gradient(pass.rows), adaptation);
    }
    if (steps.order == MetaOrder::First) detach(adaptation);
    pass = rows.forward(weights, statistics, &adaptation);
  }
  return pass.rows;
}

/// Graph level: L_graph(query) with every graph's own omega'.
at::Tensor graph_loss(const at::Tensor& pooling, const L2pPiece& piece, const PieceInput& input,
                      const at::Tensor& after, const L2pSteps& steps, graph::MatmulPrecision precision) {
  std::vector<graph::LowRank> changes;
  const auto pool = [&](const at::Tensor& x) {
    const at::Tensor y = graph::linear(x, pooling, at::Tensor(), graph::Activation::None, precision);
    if (changes.empty()) return y;
    return graph::add_block_products(y, x, changes, piece.graph_ptr, {.factor = -steps.rate_graph});
  };
  const at::Tensor support = piece.support_rows.apply(at::cat({input.pass.rows, input.others}));
  for (std::int64_t step = 0; step < steps.count; ++step) {
    const at::AutoGradMode second(steps.order == MetaOrder::Second);
    const at::Tensor gradient = piece.agreement.gradient(pool(support));
    const bool constant = steps.order == MetaOrder::First;
    changes.push_back({constant ? support.detach() : support, gradient});
  }
  return piece.agreement.value(pool(piece.query_rows.apply(at::cat({after, input.others}))));
}

PieceLoss piece_loss(const nn::Encoder& encoder, const GinWeights& weights, const at::Tensor& pooling,
                     const std::vector<LayerStatistics>& statistics, const L2pPiece& piece, const PieceInput& input,
                     const L2pSteps& steps) {
  PieceLoss loss;
  at::Tensor after = input.pass.rows;
  if (!piece.support.empty()) {
    const GinRows rows(encoder.config(), piece.flow, piece.rows);
    after = adapt_nodes(rows, weights, statistics, piece, input.pass, steps);
    loss.node = piece.query.value(after);
    loss.support_node = piece.support.value(input.pass.rows.detach()).item<double>();
  }
  loss.graph = graph_loss(pooling, piece, input, after, steps, weights.precision);
  return loss;
}

/// Of the products with shared matrices; those of a graph's rows with each other are a tenth of it at 20 nodes a graph.
double flops_of(const nn::EncoderConfig& config, const L2pShard& shard, const L2pSteps& steps) {
  double flops = nn::kTrainingOverForward * nn::encoder_flops(config, shard.flow);
  // Per step: the inner gradient with respect to rows, the pass after it, and what differentiates them.
  const double passes = steps.order == MetaOrder::Second ? 2 * nn::kTrainingOverForward : 1 + nn::kTrainingOverForward;
  for (const L2pPiece& piece : shard.pieces)
    if (!piece.support.empty())
      flops += static_cast<double>(steps.count) * passes *
               nn::encoder_flops(config, piece.flow, {.multiplies_before = false});
  return flops;
}

/// Weights of the encoder as leaves; the transposed ones too, because a gradient in its own layout adds up faster.
GinWeights weight_leaves(const nn::Encoder& encoder, const GinWeights& shared, const L2pWeights& parameters,
                         Leaves& leaves) {
  nn::Parameters copies;
  for (const auto& [name, tensor] : parameters.encoder.entries()) copies.add(name, leaves.add(tensor));
  GinWeights weights = gin_weights(encoder, copies, parameters.precision);
  for (std::size_t l = 0; l < weights.layers.size(); ++l) {
    weights.layers[l].transposed1 = leaves.add(shared.layers[l].transposed1);
    weights.layers[l].transposed2 = leaves.add(shared.layers[l].transposed2);
  }
  return weights;
}

/// What pieces took from the shared pass, and the gradients they found. @param pieces  [tensors of a piece][pieces]
void add_piece_gradients(const SharedPass& shared, const std::vector<std::vector<at::Tensor>>& pieces,
                         std::vector<at::Tensor>& tensors, std::vector<at::Tensor>& gradients) {
  tensors.insert(tensors.end(), {shared.others, shared.rows.rows});
  for (const GinPass::Layer& layer : shared.rows.layers)
    tensors.insert(tensors.end(), {layer.sum, layer.hidden, layer.before});
  for (const auto& parts : pieces) gradients.push_back(parts.size() == 1 ? parts.front() : at::cat(parts));
}

}  // namespace

std::vector<std::string> enum_names(const MetaOrder*) { return {"second", "first"}; }

train::ShardLoss l2p_loss(const nn::Encoder& encoder, const L2pWeights& weights, const L2pShard& shard,
                          const L2pSteps& steps) {
  const GinWeights originals = gin_weights(encoder, weights.encoder, weights.precision);
  SharedPass shared = first_pass(encoder, originals, shard);
  Leaves leaves;
  const GinWeights copies = weight_leaves(encoder, originals, weights, leaves);
  const at::Tensor pooling = leaves.add(weights.pooling["pool.weight"]);
  std::vector<LayerStatistics> statistics;
  for (const LayerStatistics& layer : shared.statistics)
    statistics.push_back({leaves.add(layer.mean), leaves.add(layer.inverse)});

  double node_sum = 0;
  double support_sum = 0;
  double graph_sum = 0;
  std::vector<std::vector<at::Tensor>> row_gradients;  // [tensors of a piece][pieces]
  for (const L2pPiece& piece : shard.pieces) {
    const PieceInput input = input_of(shared, piece);
    const PieceLoss loss = piece_loss(encoder, copies, pooling, statistics, piece, input, steps);
    graph_sum += loss.graph.item<double>();
    if (loss.node.defined()) node_sum += loss.node.item<double>();
    support_sum += loss.support_node;
    const auto inputs = input.leaves();
    const auto gradients = leaves.add_gradient(loss.node.defined() ? loss.node + loss.graph : loss.graph, inputs);
    row_gradients.resize(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      row_gradients[i].push_back(gradients[i].defined() ? gradients[i] : at::zeros_like(inputs[i]));
  }
  std::vector<at::Tensor> tensors = leaves.shared();
  std::vector<at::Tensor> gradients = leaves.gradients();
  add_piece_gradients(shared, row_gradients, tensors, gradients);

  const auto count = static_cast<double>(shard.num_graphs);
  const auto with_nodes = static_cast<double>(shard.num_with_node_loss);
  train::ShardLoss result;
  result.loss = {graph::with_known_gradient(node_sum + graph_sum, tensors, gradients), count};
  result.metrics = {{"node_loss", node_sum, with_nodes},
                    {"support_node_loss", support_sum, with_nodes},
                    {"graph_loss", graph_sum, count}};
  result.flops = flops_of(encoder.config(), shard, steps);
  for (const graph::ColumnMoments& moments : shared.moments)
    result.statistics.push_back(
        {moments.mean.detach(), moments.variance.detach(), static_cast<double>(shard.flow.num_nodes)});
  return result;
}

}  // namespace graftage::pretrain
