#pragma once

#include "graftage/graph/activation.hpp"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace graftage::graph {

/// Operands of matrix products. BFloat16 rounds them to bfloat16 (8 bits) and the product too; bias, activation,
/// weights, gradients and every sum outside the product stay in the tensors' own type. Relative error of a product of
/// K terms about sqrt(K) * 2^-8 of the norm of its terms.
enum class MatmulPrecision { Float32, BFloat16 };

/// What x is. Rectified: max(z, 0) of some z, made with Activation::ReluOfNext; the gradient passed on is that of z.
enum class LinearInput { Any, Rectified };

/// activation(x W^T + b) with nothing but the products touching memory twice: blocks of rows small enough to stay in
/// the cache get bias and activation at once, and so does the gradient (performance 2.4).
///
/// Differentiable any number of times; the first derivative computes only what is asked for, so a frozen weight or a
/// constant x costs nothing, and the gradient of an x that nobody else holds takes its memory. Blocks are fixed, so
/// threads change no bit of y and dx.
/// @param x       [R, In] float32 or float64
/// @param weight  [Out, In], same type
/// @param bias    [Out], or undefined
/// @return        [R, Out]
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                Activation activation = Activation::None,
                                MatmulPrecision precision = MatmulPrecision::Float32,
                                LinearInput input = LinearInput::Any);

/// What computes float32 products on this processor, for the record of what decides bits: "AVX-512" of our own, "MKL".
[[nodiscard]] std::string product_kernels();

}  // namespace graftage::graph
