// The dense and sparse operators of a GIN layer of width 300 on 6,400 rows, each beside what LibTorch alone would do.

#include "graftage/graph/linear.hpp"
#include "graftage/graph/map_sum.hpp"
#include "graftage/graph/normalization.hpp"
#include "kernels.hpp"

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::bench {

namespace {

constexpr std::int64_t kRows = 6400;
constexpr std::int64_t kWidth = 300;

at::Tensor random(at::IntArrayRef shape) {
  at::Tensor values = at::empty(shape, at::kFloat);
  auto stream = core::SeedSequence(1).child("kernel").child(values.numel()).stream();
  auto* out = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) out[i] = static_cast<float>(stream.normal());
  return values;
}

/// Products per second, as Google Benchmark shows rates.
void count_flops(benchmark::State& state, double flops) {
  state.counters["GFLOP/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

using Linear = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const at::Tensor&);
at::Tensor plain_linear_relu(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  return at::relu(at::linear(x, w, b));
}
at::Tensor our_linear_relu(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  return graph::linear(x, w, b, graph::Activation::Relu);
}

void linear_relu(benchmark::State& state, Linear apply, std::int64_t in, std::int64_t out, bool backward) {
  const at::Tensor x = random({kRows, in}).requires_grad_(backward);
  const at::Tensor weight = random({out, in}).mul_(0.05).requires_grad_(backward);
  const at::Tensor bias = random({out}).requires_grad_(backward);
  const at::Tensor outer = random({kRows, out});
  for (auto _ : state) {
    const at::Tensor y = apply(x, weight, bias);
    if (backward) benchmark::DoNotOptimize(torch::autograd::grad({y}, {x, weight, bias}, {outer}));
    benchmark::DoNotOptimize(y.const_data_ptr<float>());
  }
  count_flops(state, (backward ? 3.0 : 1.0) * 2.0 * static_cast<double>(kRows * in * out));
}

using Normalize = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const at::Tensor&);
at::Tensor plain_batch_norm_relu(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift) {
  return at::relu(at::batch_norm(x, scale, shift, {}, {}, /*training=*/true, 0.1, 1e-5, false));
}
at::Tensor our_batch_norm_relu(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift) {
  return graph::normalize_by_own_moments(x, {}, {scale, shift, graph::Activation::Relu}).rows;
}

void batch_norm_relu(benchmark::State& state, Normalize apply) {
  const at::Tensor x = random({kRows, kWidth}).requires_grad_();
  const at::Tensor scale = random({kWidth}).requires_grad_();
  const at::Tensor shift = random({kWidth}).requires_grad_();
  const at::Tensor outer = random({kRows, kWidth});
  for (auto _ : state) {
    const at::Tensor y = apply(x, scale, shift);
    benchmark::DoNotOptimize(torch::autograd::grad({y}, {x, scale, shift}, {outer}));
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

/// Neighbours and bond tables of a layer: ours in one pass, and gather, add, index_add.
void aggregation(benchmark::State& state, bool ours) {
  const graph::GraphBatch batch = synthetic_batch(256);
  const graph::MessageFlow flow = graph::plain_flow(batch, graph::chem_schema(), 1);
  const graph::FlowLayer& layer = flow.layers.front();
  const at::Tensor x = random({flow.num_nodes, kWidth});
  std::vector<graph::MapTerm> terms = {{layer.sources, x}};
  std::vector<at::Tensor> tables;
  for (const graph::LinearMap& counts : layer.edge_counts) {
    tables.push_back(random({counts.columns(), kWidth}));
    terms.push_back({counts, tables.back()});
  }
  const at::Tensor source = at::tensor(batch.edge_source, at::kLong);
  const at::Tensor target = at::tensor(batch.edge_target, at::kLong);
  const at::Tensor codes = at::tensor(batch.edge_features, at::kLong).view({-1, 2}).t().contiguous();
  for (auto _ : state) {
    at::Tensor y;
    if (ours) {
      y = graph::sum_of_maps(terms);
    } else {
      const at::Tensor bonds = tables[0].index_select(0, codes[0]) + tables[1].index_select(0, codes[1]);
      y = x.clone().index_add_(0, target, x.index_select(0, source) + bonds);
    }
    benchmark::DoNotOptimize(y.const_data_ptr<float>());
  }
  state.SetItemsProcessed(state.iterations() * flow.num_nodes);
}

void linear_map_apply(benchmark::State& state) {
  const graph::MessageFlow flow = graph::plain_flow(synthetic_batch(256), graph::chem_schema(), 1);
  const at::Tensor x = random({flow.num_nodes, kWidth});
  for (auto _ : state) benchmark::DoNotOptimize(flow.layers.front().sources.apply(x));
  state.SetItemsProcessed(state.iterations() * flow.num_nodes);
}

}  // namespace

void register_operators() {
  const auto add = [](const std::string& name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name.c_str(), function, arguments...)->Unit(benchmark::kMicrosecond);
  };
  add("linear+ReLU 300->600 forward, graph::linear", linear_relu, our_linear_relu, 300, 600, false);
  add("linear+ReLU 300->600 forward, LibTorch", linear_relu, plain_linear_relu, 300, 600, false);
  add("linear+ReLU 600->300 forward, graph::linear", linear_relu, our_linear_relu, 600, 300, false);
  add("linear+ReLU 600->300 forward, LibTorch", linear_relu, plain_linear_relu, 600, 300, false);
  add("linear+ReLU 300->600 with gradients, graph::linear", linear_relu, our_linear_relu, 300, 600, true);
  add("linear+ReLU 300->600 with gradients, LibTorch", linear_relu, plain_linear_relu, 300, 600, true);
  add("linear+ReLU 600->300 with gradients, graph::linear", linear_relu, our_linear_relu, 600, 300, true);
  add("linear+ReLU 600->300 with gradients, LibTorch", linear_relu, plain_linear_relu, 600, 300, true);
  add("BatchNorm+ReLU with gradients, fused", batch_norm_relu, our_batch_norm_relu);
  add("BatchNorm+ReLU with gradients, LibTorch", batch_norm_relu, plain_batch_norm_relu);
  add("aggregation of 256 graphs, one operator", aggregation, true);
  add("aggregation of 256 graphs, gather and index_add", aggregation, false);
  add("LinearMap::apply, neighbours of 256 graphs", linear_map_apply);
}

}  // namespace graftage::bench
