#pragma once

#include "graftage/core/seed.hpp"
#include "graftage/nn/parameters.hpp"
#include "graftage/nn/weights.hpp"

#include <cstdint>
#include <string>

namespace graftage::nn {

/// Multi-layer perceptron "name.0", "name.2", ...: (num_layers - 1) x [Linear(in, in), ReLU], then Linear(in, out).
/// num_layers 1 is a linear head. Torch's default initialisation (methods 5.2).
struct HeadShape {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t num_layers = 1;
};
[[nodiscard]] Parameters initialize_head(const std::string& name, const HeadShape& shape,
                                         const core::SeedSequence& seed);
/// @param x [R, in] @return [R, out]
[[nodiscard]] at::Tensor apply_head(const Weights& weights, const std::string& name, const HeadShape& shape,
                                    const at::Tensor& x);

/// Torch's default Linear initialisation, U(+-1/sqrt(in)), as "name.weight" [out, in] and "name.bias" [out].
void add_linear(Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
                const core::SeedSequence& seed, bool bias = true);
/// Xavier (Glorot) uniform table "name.weight" [rows, width].
void add_table(Parameters& parameters, const std::string& name, std::int64_t rows, std::int64_t width,
               const core::SeedSequence& seed);

}  // namespace graftage::nn
