#pragma once

#include "graftage/graph/linear_map.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graftage::pretrain {

/// Two rows that should have a large product (positive) or a small one, and how much that counts.
struct RowPair {
  std::int64_t left;
  std::int64_t right;
  bool positive;
  double weight;
};

/// Sum over pairs of weight * -ln sigma(+-left . right): both losses of L2P-GNN (Lu et al. 2021), and their gradient as
/// a formula, so that adaptation needs no graph of a backward pass.
class PairLoss {
 public:
  PairLoss(std::int64_t num_rows, const std::vector<RowPair>& pairs);
  [[nodiscard]] bool empty() const { return weight_.numel() == 0; }
  /// @param rows [R, D] @return scalar, differentiable
  [[nodiscard]] at::Tensor value(const at::Tensor& rows) const;
  /// Of value() with respect to `rows`; itself differentiable. @return [R, D]
  [[nodiscard]] at::Tensor gradient(const at::Tensor& rows) const;

 private:
  graph::LinearMap ends_;  ///< [2 P, R] left ends of all pairs, then right ends
  at::Tensor sign_;        ///< [P, 1] double, 1 or -1
  at::Tensor weight_;      ///< [P, 1] double
};

}  // namespace graftage::pretrain
