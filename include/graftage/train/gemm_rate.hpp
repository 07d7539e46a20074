#pragma once

#include "graftage/graph/linear.hpp"

namespace graftage::train {

/// Rate of this machine's matrix products as training computes them (graph::linear), GFLOP/s, on the threads
/// that LibTorch has now: [1024, 300] x [300, 600] and back, the products of a layer of 300. The fastest block counts:
/// on a busy machine the others tell of its other programs.
/// @param seconds  spent on it, at least one block
[[nodiscard]] double measure_gemm_rate(double seconds,
                                       graph::MatmulPrecision precision = graph::MatmulPrecision::Float32);

/// measure_gemm_rate of 0.1 s at the first call in this process for each precision; the same number afterwards. One
/// thread at a time.
[[nodiscard]] double gemm_rate(graph::MatmulPrecision precision = graph::MatmulPrecision::Float32);

}  // namespace graftage::train
