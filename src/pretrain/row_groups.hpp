#pragma once

#include "graftage/graph/linear_map.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graftage::pretrain {

/// Rows grouped by graph, for products that stay within a graph: batched matrix products on rows padded to the largest
/// graph of a bucket of graphs of like size. Differentiable any number of times.
class RowGroups {
 public:
  /// @param row_graph  [R] graph of each row, in any order
  RowGroups(const std::vector<std::int64_t>& row_graph, std::int64_t num_graphs);
  [[nodiscard]] std::int64_t num_rows() const { return static_cast<std::int64_t>(row_graph_.size()); }
  [[nodiscard]] const std::vector<std::int64_t>& row_graph() const { return row_graph_; }

  /// Rows arranged by bucket, graph and place, with zeros between. @param x [R, H] @return [P, H]
  [[nodiscard]] at::Tensor pad(const at::Tensor& x) const;
  /// out_r = sum over rows s of r's graph of (x_r . y_s + offset) z_s.
  /// @param x [R, D] @param padded_y [P, D] @param padded_z [P, H], both from pad() @return [R, H]
  [[nodiscard]] at::Tensor product(const at::Tensor& x, const at::Tensor& padded_y, const at::Tensor& padded_z,
                                   double offset) const;
  /// Sum over the rows of each graph. @param x [R, H] @return [B, H]
  [[nodiscard]] at::Tensor sum(const at::Tensor& x) const { return by_graph_.apply(x); }
  /// The value of each row's graph. @param x [B, H] @return [R, H]
  [[nodiscard]] at::Tensor spread(const at::Tensor& x) const { return by_graph_.transposed().apply(x); }

 private:
  struct Bucket {
    std::int64_t first = 0;  ///< row of the padded arrangement
    std::int64_t graphs = 0;
    std::int64_t places = 0;  ///< rows per graph, padding included
  };
  std::vector<std::int64_t> row_graph_;
  graph::LinearMap by_graph_;  ///< [B, R]
  graph::LinearMap padding_;   ///< [P, R]
  std::vector<Bucket> buckets_;
};

}  // namespace graftage::pretrain
