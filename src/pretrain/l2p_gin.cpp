#include "pretrain/l2p_gin.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/block_affine.hpp"
#include "graftage/graph/linear.hpp"
#include "graftage/graph/map_sum.hpp"
#include "graftage/graph/moments.hpp"
#include "graftage/nn/weights.hpp"

#include <ATen/ATen.h>

#include <string>
#include <utility>

namespace graftage::pretrain {

namespace {

at::Tensor row_ptr_of_one_block(std::int64_t rows) { return at::tensor({std::int64_t{0}, rows}, at::kLong); }

/// base - rate * change, a value for each block. @param base [H] @param change [B, H] or undefined @return [B, H]
at::Tensor moved(const at::Tensor& base, const at::Tensor& change, double rate, std::int64_t blocks) {
  if (change.defined()) return base.sub(change, rate);
  return base.expand({blocks, base.size(0)});
}

/// a + b, where undefined is zero.
at::Tensor added(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined()) return b;
  return b.defined() ? a + b : a;
}

/// activation(x W'^T + b'), with the weights of each row's graph.
at::Tensor adapted_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::vector<graph::LowRank>& steps, const at::Tensor& block_ptr,
                          const graph::BlockProductOptions& options, graph::MatmulPrecision precision) {
  if (steps.empty()) return graph::linear(x, weight, bias, options.activation, precision);
  const at::Tensor shared = graph::linear(x, weight, bias, graph::Activation::None, precision);
  return graph::add_block_products(shared, x, steps, block_ptr, options);
}

/// y W', the way back through the same layer. @param transposed  W^T [In, Out]
at::Tensor adapted_linear_transposed(const at::Tensor& y, const at::Tensor& transposed,
                                     const std::vector<graph::LowRank>& steps, const at::Tensor& block_ptr, double rate,
                                     graph::MatmulPrecision precision) {
  std::vector<graph::LowRank> swapped;
  for (const graph::LowRank& step : steps) swapped.push_back({step.right, step.left});
  return adapted_linear(y, transposed, at::Tensor(), swapped, block_ptr, {.factor = -rate}, precision);
}

}  // namespace

LayerStatistics statistics_of(const graph::ColumnMoments& moments) {
  return {moments.mean, (moments.variance + nn::kBatchNormEpsilon).rsqrt()};
}

GinWeights gin_weights(const nn::Encoder& encoder, const nn::Parameters& parameters, graph::MatmulPrecision precision) {
  GRAFTAGE_CHECK(encoder.config().layer == nn::LayerKind::Gin, "written for GIN");
  GinWeights weights;
  weights.precision = precision;
  for (std::size_t c = 1; c <= encoder.schema().node.size(); ++c)
    weights.tables.push_back(parameters["x_embedding" + std::to_string(c) + ".weight"]);
  for (std::int64_t l = 0; l < encoder.config().num_layers; ++l) {
    const std::string name = "gnns." + std::to_string(l);
    const std::string norm = "batch_norms." + std::to_string(l);
    GinWeights::Layer layer;
    layer.weight1 = parameters[name + ".mlp.0.weight"];
    layer.bias1 = parameters[name + ".mlp.0.bias"];
    layer.weight2 = parameters[name + ".mlp.2.weight"];
    layer.bias2 = parameters[name + ".mlp.2.bias"];
    layer.transposed1 = layer.weight1.t();
    layer.transposed2 = layer.weight2.t();
    for (std::size_t c = 1; c <= encoder.schema().edge.size(); ++c)
      layer.tables.push_back(parameters[name + ".edge_embedding" + std::to_string(c) + ".weight"]);
    layer.scale = parameters[norm + ".weight"];
    layer.shift = parameters[norm + ".bias"];
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

GinRows::GinRows(const nn::EncoderConfig& config, const graph::MessageFlow& flow) : config_(config), flow_(flow) {
  rows_.push_back({row_ptr_of_one_block(flow.input.size), graph::LinearMap()});
  for (const graph::FlowLayer& layer : flow.layers)
    rows_.push_back({row_ptr_of_one_block(layer.rows.size), graph::LinearMap()});
}

GinRows::GinRows(const nn::EncoderConfig& config, const graph::MessageFlow& flow, const std::vector<GraphRows>& rows)
    : config_(config), flow_(flow), rows_(rows) {
  GRAFTAGE_CHECK(rows.size() == flow.layers.size() + 1, rows.size(), flow.layers.size());
}

graph::Activation GinRows::activation(std::size_t layer) const {
  return layer + 1 < flow_.layers.size() ? graph::Activation::Relu : graph::Activation::None;
}

at::Tensor GinRows::embed(const GinWeights& weights, const Adaptation* adaptation) const {
  std::vector<graph::MapTerm> terms;
  for (std::size_t c = 0; c < weights.tables.size(); ++c) terms.push_back({flow_.input_codes[c], weights.tables[c]});
  if (adaptation != nullptr && adaptation->tables.defined())
    terms.push_back({rows_[0].changes, adaptation->tables * -adaptation->rate});
  return graph::sum_of_maps(terms);
}

/// Messages and MLP of one layer; `after` is left open.
GinPass::Layer GinRows::convolve(const GinWeights& all, std::size_t layer, const at::Tensor& h,
                                 const Adaptation* adaptation) const {
  const GinWeights::Layer& weights = all.layers[layer];
  const graph::FlowLayer& flow = flow_.layers[layer];
  const GraphRows& rows = rows_[layer + 1];
  const Adaptation::Layer none;
  const Adaptation::Layer& change = adaptation == nullptr ? none : adaptation->layers[layer];
  const double factor = adaptation == nullptr ? 0.0 : -adaptation->rate;
  std::vector<graph::MapTerm> terms{{flow.sources, h}};
  for (std::size_t c = 0; c < weights.tables.size(); ++c) terms.push_back({flow.edge_counts[c], weights.tables[c]});
  if (change.tables.defined()) terms.push_back({rows.changes, change.tables * factor});
  GinPass::Layer pass;
  pass.sum = graph::sum_of_maps(terms);
  if (adaptation == nullptr && nn::multiplies_before(flow.sources)) {
    for (graph::MapTerm& term : terms)
      term.x = graph::linear(term.x, weights.weight1, at::Tensor(), graph::Activation::None, all.precision);
    pass.hidden = graph::sum_of_maps(terms, weights.bias1, graph::Activation::Relu);
  } else {
    pass.hidden =
        adapted_linear(pass.sum, weights.weight1, weights.bias1, change.linear1, rows.block_ptr,
                       {.factor = factor, .offset = 1.0, .activation = graph::Activation::Relu}, all.precision);
  }
  pass.before = adapted_linear(pass.hidden, weights.weight2, weights.bias2, change.linear2, rows.block_ptr,
                               {.factor = factor, .offset = 1.0, .activation = graph::Activation::None}, all.precision);
  return pass;
}

/// Scale of each graph, the statistics' included. @return [B, H]
at::Tensor GinRows::scales(const GinWeights::Layer& weights, std::size_t layer, const LayerStatistics& statistics,
                           const Adaptation* adaptation) const {
  const std::int64_t blocks = rows_[layer + 1].block_ptr.numel() - 1;
  if (adaptation == nullptr || !adaptation->layers[layer].scale.defined())
    return (weights.scale * statistics.inverse).expand({blocks, weights.scale.size(0)});
  return moved(weights.scale, adaptation->layers[layer].scale, adaptation->rate, blocks) * statistics.inverse;
}

at::Tensor GinRows::normalize(const GinWeights::Layer& weights, std::size_t layer, const at::Tensor& h,
                              const LayerStatistics& statistics, const Adaptation* adaptation) const {
  const at::Tensor& block_ptr = rows_[layer + 1].block_ptr;
  const at::Tensor change = adaptation == nullptr ? at::Tensor() : adaptation->layers[layer].shift;
  const at::Tensor shift =
      moved(weights.shift, change, adaptation == nullptr ? 0.0 : adaptation->rate, block_ptr.numel() - 1);
  return graph::block_affine(
      h, {block_ptr, statistics.mean, scales(weights, layer, statistics, adaptation), shift, activation(layer)});
}

/// Joins the input and the outputs of all layers, each at its own rows.
void GinRows::finish(GinPass& pass, std::vector<at::Tensor> outputs) const {
  if (config_.jumping_knowledge == nn::JumpingKnowledge::Last) {
    pass.rows = outputs.back();
    return;
  }
  for (std::size_t l = 0; l < flow_.layers.size(); ++l)
    for (std::size_t k = 0; k <= l; ++k) outputs[k] = flow_.layers[l].below.apply(outputs[k]);
  switch (config_.jumping_knowledge) {
    case nn::JumpingKnowledge::Concat:
      pass.rows = at::cat(outputs, 1);
      break;
    case nn::JumpingKnowledge::Max:
      std::tie(pass.rows, pass.choice) = at::max(at::stack(outputs), 0);
      break;
    default:
      pass.rows = at::stack(outputs).sum(0);
  }
}

std::vector<at::Tensor> GinRows::split(const GinPass& pass, const at::Tensor& gradient) const {
  const std::size_t count = flow_.layers.size() + 1;
  std::vector<at::Tensor> parts(count);
  for (std::size_t k = 0; k < count; ++k) {
    const auto part = static_cast<std::int64_t>(k);
    switch (config_.jumping_knowledge) {
      case nn::JumpingKnowledge::Last:
        if (k + 1 == count) parts[k] = gradient;
        break;
      case nn::JumpingKnowledge::Concat:
        parts[k] = gradient.narrow(1, part * config_.width, config_.width);
        break;
      case nn::JumpingKnowledge::Max:
        parts[k] = gradient * pass.choice.eq(part).to(gradient.scalar_type());
        break;
      case nn::JumpingKnowledge::Sum:
        parts[k] = gradient;
        break;
    }
  }
  return parts;
}

GinPass GinRows::forward(const GinWeights& weights, std::vector<graph::ColumnMoments>& moments) const {
  GinPass pass;
  std::vector<at::Tensor> outputs{embed(weights, nullptr)};
  for (std::size_t l = 0; l < flow_.layers.size(); ++l) {
    pass.layers.push_back(convolve(weights, l, outputs.back(), nullptr));
    GinPass::Layer& layer = pass.layers.back();
    moments.push_back(graph::differentiable_moments(layer.before, flow_.layers[l].rows.multiplicity));
    const LayerStatistics statistics = statistics_of(moments.back());
    layer.after = normalize(weights.layers[l], l, layer.before, statistics, nullptr);
    outputs.push_back(layer.after);
  }
  finish(pass, std::move(outputs));
  return pass;
}

GinPass GinRows::forward(const GinWeights& weights, const std::vector<LayerStatistics>& statistics,
                         const Adaptation* adaptation) const {
  GinPass pass;
  std::vector<at::Tensor> outputs{embed(weights, adaptation)};
  for (std::size_t l = 0; l < flow_.layers.size(); ++l) {
    pass.layers.push_back(convolve(weights, l, outputs.back(), adaptation));
    GinPass::Layer& layer = pass.layers.back();
    layer.after = normalize(weights.layers[l], l, layer.before, statistics[l], adaptation);
    outputs.push_back(layer.after);
  }
  finish(pass, std::move(outputs));
  return pass;
}

void GinRows::step(const GinWeights& weights, const std::vector<LayerStatistics>& statistics, const GinPass& pass,
                   const at::Tensor& gradient, Adaptation& adaptation) const {
  std::vector<at::Tensor> outputs = split(pass, gradient);  // of the input and each layer
  std::vector<Adaptation::Layer> change(flow_.layers.size());
  for (std::size_t l = flow_.layers.size(); l-- > 0;) {
    const GraphRows& rows = rows_[l + 1];
    const GinPass::Layer& at = pass.layers[l];
    const Adaptation::Layer& before = adaptation.layers[l];
    const graph::BlockAffine affine{rows.block_ptr, statistics[l].mean,
                                    scales(weights.layers[l], l, statistics[l], &adaptation), at::Tensor(),
                                    activation(l)};
    const auto normalized = graph::block_affine_gradient(outputs[l + 1], at.after, at.before, affine);
    change[l].scale = normalized.scale * statistics[l].inverse;
    change[l].shift = normalized.shift;
    change[l].linear2.push_back({at.hidden, normalized.x});
    const at::Tensor hidden =
        at::threshold_backward(adapted_linear_transposed(normalized.x, weights.layers[l].transposed2, before.linear2,
                                                         rows.block_ptr, adaptation.rate, weights.precision),
                               at.hidden.detach(), 0);
    change[l].linear1.push_back({at.sum, hidden});
    const at::Tensor sum = adapted_linear_transposed(hidden, weights.layers[l].transposed1, before.linear1,
                                                     rows.block_ptr, adaptation.rate, weights.precision);
    change[l].tables = rows.changes.transposed().apply(sum);
    if (config_.jumping_knowledge != nn::JumpingKnowledge::Last)
      for (std::size_t k = 0; k <= l; ++k) outputs[k] = flow_.layers[l].below.transposed().apply(outputs[k]);
    outputs[l] = added(outputs[l], flow_.layers[l].sources.transposed().apply(sum));
  }
  adaptation.tables = added(adaptation.tables, rows_[0].changes.transposed().apply(outputs[0]));
  for (std::size_t l = 0; l < change.size(); ++l) {
    Adaptation::Layer& layer = adaptation.layers[l];
    layer.linear1.push_back(std::move(change[l].linear1.front()));
    layer.linear2.push_back(std::move(change[l].linear2.front()));
    layer.tables = added(layer.tables, change[l].tables);
    layer.scale = added(layer.scale, change[l].scale);
    layer.shift = added(layer.shift, change[l].shift);
  }
}

}  // namespace graftage::pretrain
