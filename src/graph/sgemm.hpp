#pragma once

#include "graftage/graph/activation.hpp"

#include <ATen/core/Tensor.h>

namespace graftage::graph::detail {

// Single precision products of tall row-major matrices [R, hundreds] with small ones: all the products that training
// consists of. Own code because LibTorch's MKL takes AVX2 kernels on AMD's AVX-512 processors and packs its operands
// anew for every block of rows: 88 to 92 of 115 GFLOP/s there, these 104 to 108 [measured, Zen 4]. Bits depend neither
// on threads nor on the processor. See Goto and van de Geijn 2008, doi:10.1145/1356052.1356053, for the structure.

/// Whether this processor has AVX-512 and LibTorch was not told to do without (ATEN_CPU_CAPABILITY); otherwise the
/// functions below must not be called.
[[nodiscard]] bool has_sgemm();

/// y = activation(x b + bias), every element one chain of fused multiply-adds.
/// @param x  [R, K] contiguous @param b [K, N], one of its strides 1 @param bias [N] contiguous, or undefined
/// @param y  [R, N] contiguous, written
void sgemm_rows(const at::Tensor& x, const at::Tensor& b, const at::Tensor& bias, Activation activation, at::Tensor& y);

/// y = a b where x is positive, else 0: the gradient of z, where x = max(z, 0) was multiplied by b^T.
/// @param a  [R, K] contiguous @param b [K, N], one of its strides 1 @param x [R, N] contiguous
/// @param y  [R, N] contiguous, written; may be x
void sgemm_rows_where(const at::Tensor& a, const at::Tensor& b, const at::Tensor& x, at::Tensor& y);

/// a^T b, the gradient of a weight: rows are summed in blocks of fixed size.
/// @param a  [R, M] contiguous @param b [R, N] contiguous @return [M, N]
[[nodiscard]] at::Tensor sgemm_columns(const at::Tensor& a, const at::Tensor& b);

}  // namespace graftage::graph::detail
