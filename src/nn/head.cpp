#include "graftage/nn/head.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace graftage::nn {

namespace {

/// U(-bound, bound), drawn from the stream of this parameter's name.
at::Tensor uniform(const std::vector<std::int64_t>& shape, double bound, const core::SeedSequence& seed) {
  at::Tensor values = at::empty(shape, at::kFloat);
  core::RandomStream stream = seed.stream();
  float* out = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) out[i] = static_cast<float>((2.0 * stream.uniform() - 1.0) * bound);
  return values;
}

std::string layer_name(const std::string& name, std::int64_t layer) { return name + "." + std::to_string(2 * layer); }

}  // namespace

void add_linear(Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
                const core::SeedSequence& seed, bool bias) {
  GRAFTAGE_CHECK(in > 0 && out > 0, name, in, out);
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  const std::string weight = name + ".weight";
  parameters.add(weight, uniform({out, in}, bound, seed.child(weight)));
  if (bias) parameters.add(name + ".bias", uniform({out}, bound, seed.child(name + ".bias")));
}

void add_table(Parameters& parameters, const std::string& name, std::int64_t rows, std::int64_t width,
               const core::SeedSequence& seed) {
  GRAFTAGE_CHECK(rows > 0 && width > 0, name, rows, width);
  const std::string weight = name + ".weight";
  const double bound = std::sqrt(6.0 / static_cast<double>(rows + width));
  parameters.add(weight, uniform({rows, width}, bound, seed.child(weight)));
}

Parameters initialize_head(const std::string& name, const HeadShape& shape, const core::SeedSequence& seed) {
  GRAFTAGE_CHECK(shape.num_layers >= 1, shape.num_layers);
  Parameters parameters;
  for (std::int64_t layer = 0; layer < shape.num_layers; ++layer)
    add_linear(parameters, layer_name(name, layer), shape.input,
               layer + 1 < shape.num_layers ? shape.input : shape.output, seed);
  return parameters;
}

at::Tensor apply_head(const Weights& weights, const std::string& name, const HeadShape& shape, const at::Tensor& x) {
  GRAFTAGE_CHECK(x.dim() == 2 && x.size(1) == shape.input, x.dim(), shape.input);
  at::Tensor h = x;
  for (std::int64_t layer = 0; layer < shape.num_layers; ++layer) {
    const bool last = layer + 1 == shape.num_layers;
    h = last ? weights.linear(layer_name(name, layer), h) : weights.linear_relu(layer_name(name, layer), h);
  }
  return h;
}

}  // namespace graftage::nn
