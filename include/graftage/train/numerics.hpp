#pragma once

#include "graftage/train/precision.hpp"

#include <string>

namespace graftage::train {

/// Fixes LibTorch's thread counts before the first operator (never from affinity or environment) and MKL's code path;
/// returns a line for the log ("1 thread, AVX-512, MKL 2024.2"). Call once, first thing in a command that computes.
std::string configure_numerics(int num_threads);
/// Instruction set and library versions that decide bits: part of a run's reproducibility class.
[[nodiscard]] std::string reproducibility_class(Precision precision = Precision::Fp32);

}  // namespace graftage::train
