#pragma once

#include "graftage/graph/normalization.hpp"

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::graph {

/// column_moments, differentiated (once) through mean and variance: for statistics that more than one pass uses, and
/// whose rounding all of them share.
[[nodiscard]] ColumnMoments differentiable_moments(const at::Tensor& x, const std::vector<double>& multiplicity);

}  // namespace graftage::graph
