#pragma once

#include "graftage/graph/feature_schema.hpp"
#include "graftage/train/learning_task.hpp"

namespace graftage::adapt {

/// Loss of predictions over the labelled cells: sum of binary cross-entropy with logits (Binary; Hu et al. 2020,
/// methods 2.1) or of squared errors (Real), and the number of those cells. Cells without a label give no gradient,
/// whatever value stands in them (NaN too).
///
/// @param predictions  [B, T]
/// @param labels       [B, T]
/// @param mask         [B, T] bool, true where there is a label
[[nodiscard]] train::LossTerm label_loss(graph::LabelKind kind, const at::Tensor& predictions, const at::Tensor& labels,
                                         const at::Tensor& mask);

}  // namespace graftage::adapt
