#include "graftage/nn/encoder.hpp"

#include "graftage/core/error.hpp"
#include "graftage/nn/head.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <utility>

namespace graftage::nn {

namespace {

std::string layer_name(std::int64_t layer) { return "gnns." + std::to_string(layer); }
std::string norm_name(std::int64_t layer) { return "batch_norms." + std::to_string(layer); }
/// Tables are numbered from one, as in the published files.
std::string table_name(const std::string& prefix, std::size_t column) { return prefix + std::to_string(column + 1); }

/// What a layer's first product is of.
struct Neighbourhood {
  std::vector<graph::MapTerm> rows;
  std::vector<Lookup> edges;
};

/// GIN (Xu et al. 2019, Eq. 4.1, eps = 0): MLP(sum over neighbours and v itself of (h_u + e_uv)). The edge part is a
/// product of code counts with the tables, so no message is ever formed (Hu et al. 2020 for edge embeddings).
Neighbourhood gin_neighbourhood(const std::string& name, const graph::FlowLayer& layer, const at::Tensor& h) {
  Neighbourhood sum{{{layer.sources, h}}, {}};
  for (std::size_t c = 0; c < layer.edge_counts.size(); ++c)
    sum.edges.push_back({table_name(name + ".edge_embedding", c), layer.edge_counts[c]});
  return sum;
}

/// Statistics that are not those of the rows.
BatchStatistics given_statistics(const Parameters& buffers, const ForwardOptions& options, std::int64_t layer) {
  if (options.normalization == Normalization::Running)
    return {buffers[norm_name(layer) + ".running_mean"], buffers[norm_name(layer) + ".running_var"], 0.0};
  GRAFTAGE_CHECK(options.given != nullptr && layer < static_cast<std::int64_t>(options.given->size()), layer);
  return (*options.given)[static_cast<std::size_t>(layer)];
}

at::Tensor drop_out(const at::Tensor& h, const ForwardOptions& options, std::int64_t layer,
                    const graph::FlowLayer& flow_layer) {
  if (options.dropout == 0.0) return h;
  GRAFTAGE_CHECK(options.dropout > 0.0 && options.dropout < 1.0 && options.dropout_seed != nullptr, options.dropout);
  GRAFTAGE_CHECK(flow_layer.rows.multiplicity.empty() || flow_layer.expand.is_defined(),
                 "dropout on merged rows would drop whole groups of nodes alike");
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.dropout_seed->child(layer).value());
  const double keep = 1.0 - options.dropout;
  const at::Tensor mask = at::empty(h.sizes(), h.options().requires_grad(false)).bernoulli_(keep, generator);
  return h * mask.div_(keep);
}

/// Brings the outputs of earlier layers to the rows of this one.
void follow_rows(std::vector<at::Tensor>& layers, const graph::FlowLayer& flow_layer) {
  GRAFTAGE_CHECK(flow_layer.below.is_defined(), "jumping knowledge needs a flow made with keep_below");
  for (at::Tensor& h : layers) {
    h = flow_layer.below.apply(h);
    if (flow_layer.expand.is_defined()) h = flow_layer.expand.apply(h);
  }
}

at::Tensor join_layers(JumpingKnowledge how, const std::vector<at::Tensor>& layers) {
  if (how == JumpingKnowledge::Last) return layers.back();
  switch (how) {
    case JumpingKnowledge::Concat:
      return at::cat(layers, 1);
    case JumpingKnowledge::Max:
      return std::get<0>(at::max(at::stack(layers), 0));
    default:
      return at::stack(layers).sum(0);
  }
}

/// Whether a readout may come before the last layer's second product: all after it is the same affine map of each row.
bool reads_out_early(const EncoderConfig& config, const graph::MessageFlow& flow, const ForwardOptions& options,
                     Readout readout) {
  return config.jumping_knowledge == JumpingKnowledge::Last && options.normalization != Normalization::Batch &&
         options.dropout == 0.0 && readout != Readout::Max && !flow.layers.back().expand.is_defined();
}

/// Nodes of each graph. @return [B, 1]
at::Tensor graph_sizes(const graph::MessageFlow& flow, const at::Tensor& like) {
  return flow.graph_sum.apply(at::ones({flow.graph_sum.columns(), 1}, like.options().requires_grad(false)));
}

}  // namespace

std::vector<std::string> enum_names(const LayerKind*) { return {"gin"}; }
std::vector<std::string> enum_names(const JumpingKnowledge*) { return {"last", "concat", "max", "sum"}; }

Encoder::Encoder(EncoderConfig config, graph::FeatureSchema schema)
    : config_(std::move(config)), schema_(std::move(schema)) {
  GRAFTAGE_CHECK(config_.num_layers >= 2 && config_.width >= 1, config_.num_layers, config_.width);
  GRAFTAGE_CHECK(!schema_.node.empty(), schema_.name);
}

std::int64_t Encoder::output_width() const {
  return config_.jumping_knowledge == JumpingKnowledge::Concat ? (config_.num_layers + 1) * config_.width
                                                               : config_.width;
}

Parameters Encoder::initialize(const core::SeedSequence& seed) const {
  Parameters parameters;
  for (std::size_t c = 0; c < schema_.node.size(); ++c)
    add_table(parameters, table_name("x_embedding", c), schema_.node[c].cardinality, config_.width, seed);
  for (std::int64_t layer = 0; layer < config_.num_layers; ++layer) {
    const std::string name = layer_name(layer);
    add_linear(parameters, name + ".mlp.0", config_.width, 2 * config_.width, seed);
    add_linear(parameters, name + ".mlp.2", 2 * config_.width, config_.width, seed);
    for (std::size_t c = 0; c < schema_.edge.size(); ++c)
      add_table(parameters, table_name(name + ".edge_embedding", c), schema_.edge[c].cardinality, config_.width, seed);
  }
  for (std::int64_t layer = 0; layer < config_.num_layers; ++layer) {
    parameters.add(norm_name(layer) + ".weight", at::ones({config_.width}, at::kFloat));
    parameters.add(norm_name(layer) + ".bias", at::zeros({config_.width}, at::kFloat));
  }
  return parameters;
}

Parameters Encoder::initial_buffers() const {
  Parameters buffers;
  for (std::int64_t layer = 0; layer < config_.num_layers; ++layer) {
    buffers.add(norm_name(layer) + ".running_mean", at::zeros({config_.width}, at::kFloat));
    buffers.add(norm_name(layer) + ".running_var", at::ones({config_.width}, at::kFloat));
    buffers.add(norm_name(layer) + ".num_batches_tracked", at::zeros({}, at::kLong));
  }
  return buffers;
}

graph::FlowOptions Encoder::flow_options(graph::FlowKind kind, double dropout) const {
  return {.num_layers = config_.num_layers,
          .kind = kind,
          .scope = graph::MergeScope::Batch,
          .merged_layers = dropout > 0.0 ? 1 : -1,
          .keep_below = config_.jumping_knowledge != JumpingKnowledge::Last};
}

at::Tensor Encoder::embed_input(const Weights& weights, const graph::MessageFlow& flow) const {
  GRAFTAGE_CHECK(flow.input_codes.size() == schema_.node.size(), flow.input_codes.size(), schema_.node.size());
  std::vector<Lookup> columns;
  for (std::size_t c = 0; c < flow.input_codes.size(); ++c)
    columns.push_back({table_name("x_embedding", c), flow.input_codes[c]});
  return weights.gather_sum({}, columns);
}

at::Tensor Encoder::convolve(const Weights& weights, const graph::MessageFlow& flow, std::int64_t layer,
                             const at::Tensor& h) const {
  GRAFTAGE_CHECK(layer >= 0 && layer < static_cast<std::int64_t>(flow.layers.size()), layer, flow.layers.size());
  const std::string name = layer_name(layer);
  const Neighbourhood sum = gin_neighbourhood(name, flow.layers[static_cast<std::size_t>(layer)], h);
  return weights.gather_mlp(name + ".mlp.0", name + ".mlp.2", sum.rows, sum.edges);
}

/// The last layer with the readout before its second product. @return [B, H]
at::Tensor Encoder::convolve_means(const Weights& weights, const graph::MessageFlow& flow, const at::Tensor& h) const {
  const std::string name = layer_name(config_.num_layers - 1);
  const Neighbourhood sum = gin_neighbourhood(name, flow.layers.back(), h);
  return weights.linear(name + ".mlp.2",
                        flow.graph_mean.apply(weights.gather_linear_relu(name + ".mlp.0", sum.rows, sum.edges)));
}

at::Tensor Encoder::activate(const Weights& weights, std::int64_t layer, const at::Tensor& h,
                             const BatchStatistics& statistics) const {
  return weights.normalize(norm_name(layer), h, statistics, activation_of(layer));
}

graph::Activation Encoder::activation_of(std::int64_t layer) const {
  return layer + 1 < config_.num_layers ? graph::Activation::Relu : graph::Activation::None;
}

NormalizedRows Encoder::normalize_layer(const Weights& weights, const Parameters& buffers,
                                        const ForwardOptions& options, std::int64_t layer,
                                        const graph::FlowLayer& flow_layer, const at::Tensor& h) const {
  if (options.normalization == Normalization::Batch)
    return weights.batch_normalize(norm_name(layer), h, flow_layer.rows.multiplicity, activation_of(layer));
  BatchStatistics statistics = given_statistics(buffers, options, layer);
  at::Tensor rows = activate(weights, layer, h, statistics);
  return {std::move(rows), std::move(statistics)};
}

EncoderOutput Encoder::forward(const Weights& weights, const Parameters& buffers, const graph::MessageFlow& flow,
                               const at::Tensor& h0, const ForwardOptions& options) const {
  GRAFTAGE_CHECK(static_cast<std::int64_t>(flow.layers.size()) == config_.num_layers, flow.layers.size(),
                 config_.num_layers);
  GRAFTAGE_CHECK(h0.dim() == 2 && h0.size(1) == config_.width, h0.dim(), config_.width);
  const bool joins = config_.jumping_knowledge != JumpingKnowledge::Last;
  EncoderOutput output;
  std::vector<at::Tensor> layers;
  at::Tensor h = h0;
  for (std::int64_t l = 0; l < config_.num_layers; ++l) {
    if (joins) layers.push_back(h);
    const graph::FlowLayer& flow_layer = flow.layers[static_cast<std::size_t>(l)];
    h = convolve(weights, flow, l, h);
    NormalizedRows normalized = normalize_layer(weights, buffers, options, l, flow_layer, h);
    h = std::move(normalized.rows);
    output.statistics.push_back(std::move(normalized.statistics));
    if (flow_layer.expand.is_defined()) h = flow_layer.expand.apply(h);
    h = drop_out(h, options, l, flow_layer);
    if (joins) follow_rows(layers, flow_layer);
  }
  layers.push_back(h);
  output.rows = join_layers(config_.jumping_knowledge, layers);
  return output;
}

EncodedGraphs Encoder::encode_graphs(const Weights& weights, const Parameters& buffers, const graph::MessageFlow& flow,
                                     const at::Tensor& h0, const ForwardOptions& options, Readout readout) const {
  if (!reads_out_early(config_, flow, options, readout)) {
    EncoderOutput output = forward(weights, buffers, flow, h0, options);
    return {read_out(readout, flow, output.rows), std::move(output.statistics)};
  }
  EncodedGraphs output{h0, {}};
  for (std::int64_t l = 0; l < config_.num_layers; ++l) {
    const graph::FlowLayer& flow_layer = flow.layers[static_cast<std::size_t>(l)];
    const at::Tensor h = l + 1 < config_.num_layers ? convolve(weights, flow, l, output.graphs)
                                                    : convolve_means(weights, flow, output.graphs);
    NormalizedRows normalized = normalize_layer(weights, buffers, options, l, flow_layer, h);
    output.graphs = std::move(normalized.rows);
    output.statistics.push_back(std::move(normalized.statistics));
  }
  if (readout == Readout::Sum) output.graphs = output.graphs * graph_sizes(flow, output.graphs);
  return output;
}

}  // namespace graftage::nn
