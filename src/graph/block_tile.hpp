#pragma once

#include <cstdint>

namespace graftage::graph::detail {

// block_dots and block_combine of block_kernels.hpp for float with AVX-512 (sgemm.hpp: has_sgemm): fused multiply-adds
// on tiles that stay in registers. Without AVX-512 they must not be called.

void block_dots_avx512(const float* a, const float* b, float factor, float offset, float* k, float* k_transposed,
                       std::int64_t rows, std::int64_t width);

void block_combine_avx512(const float* k, const float* z, bool accumulate, float* out, std::int64_t rows,
                          std::int64_t width);

}  // namespace graftage::graph::detail
