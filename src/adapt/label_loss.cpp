#include "adapt/label_loss.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

namespace graftage::adapt {

train::LossTerm label_loss(graph::LabelKind kind, const at::Tensor& predictions, const at::Tensor& labels,
                           const at::Tensor& mask) {
  GRAFTAGE_CHECK(predictions.sizes() == labels.sizes() && labels.sizes() == mask.sizes(), predictions.sizes(),
                 labels.sizes(), mask.sizes());
  GRAFTAGE_CHECK(kind != graph::LabelKind::None, "labels without a kind");
  const at::Tensor weight = mask.to(predictions.scalar_type());
  const at::Tensor target = labels.to(predictions.scalar_type()).masked_fill(mask.logical_not(), 0.0);
  const at::Tensor cells = kind == graph::LabelKind::Binary ? at::binary_cross_entropy_with_logits(
                                                                  predictions, target, weight, {}, at::Reduction::None)
                                                            : (predictions - target).square() * weight;
  return {cells.sum(), static_cast<double>(mask.sum().item<std::int64_t>())};
}

}  // namespace graftage::adapt
