#include "pretrain/row_groups.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace graftage::pretrain {

namespace {

/// A graph joins a bucket if it fills at least this part of the largest graph's places.
constexpr double kLeastFill = 0.75;

}  // namespace

RowGroups::RowGroups(const std::vector<std::int64_t>& row_graph, std::int64_t num_graphs)
    : row_graph_(row_graph), by_graph_(graph::LinearMap::segment_sum(num_graphs, row_graph)) {
  const std::vector<std::int64_t>& row_ptr = by_graph_.row_ptr();
  const auto size = [&](std::int64_t g) {
    return row_ptr[static_cast<std::size_t>(g) + 1] - row_ptr[static_cast<std::size_t>(g)];
  };
  std::vector<std::int64_t> order(static_cast<std::size_t>(num_graphs));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return size(a) > size(b); });
  std::vector<std::int64_t> padded_ptr{0};
  std::vector<std::int64_t> padded_row;
  for (const std::int64_t g : order) {
    if (size(g) == 0) break;
    if (buckets_.empty() || static_cast<double>(size(g)) < kLeastFill * static_cast<double>(buckets_.back().places))
      buckets_.push_back({static_cast<std::int64_t>(padded_ptr.size()) - 1, 0, size(g)});
    ++buckets_.back().graphs;
    for (std::int64_t place = 0; place < buckets_.back().places; ++place) {
      if (place < size(g))
        padded_row.push_back(
            by_graph_.column()[static_cast<std::size_t>(row_ptr[static_cast<std::size_t>(g)] + place)]);
      padded_ptr.push_back(static_cast<std::int64_t>(padded_row.size()));
    }
  }
  padding_ = graph::LinearMap::from_csr(num_rows(), std::move(padded_ptr), std::move(padded_row));
}

at::Tensor RowGroups::pad(const at::Tensor& x) const { return padding_.apply(x); }

at::Tensor RowGroups::product(const at::Tensor& x, const at::Tensor& padded_y, const at::Tensor& padded_z,
                              double offset) const {
  const at::Tensor padded_x = pad(x);
  std::vector<at::Tensor> pieces;
  for (const Bucket& bucket : buckets_) {
    const auto cut = [&](const at::Tensor& padded) {
      return padded.narrow(0, bucket.first, bucket.graphs * bucket.places)
          .view({bucket.graphs, bucket.places, padded.size(1)});
    };
    at::Tensor kernel = at::bmm(cut(padded_x), cut(padded_y).transpose(1, 2));  // [graphs, places, places]
    if (offset != 0.0) kernel = kernel + offset;                                // places without a row meet zeros of z
    pieces.push_back(at::bmm(kernel, cut(padded_z)).view({bucket.graphs * bucket.places, padded_z.size(1)}));
  }
  return padding_.transposed().apply(pieces.size() == 1 ? pieces.front() : at::cat(pieces));
}

}  // namespace graftage::pretrain
