#include "graftage/train/gemm_rate.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

namespace graftage::train {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kRows = 4096;
constexpr std::int64_t kBlock = 1024;
constexpr std::int64_t kWidth = 300;
constexpr double kBlockFlops = 2.0 * 2.0 * kBlock * kWidth * (2 * kWidth);

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

double measure_gemm_rate(double seconds, graph::MatmulPrecision precision) {
  const at::NoGradGuard no_grad;
  const at::Tensor narrow = at::ones({kRows, kWidth}, at::kFloat);
  const at::Tensor up = at::full({2 * kWidth, kWidth}, 1e-3, at::kFloat);
  const at::Tensor down = at::full({kWidth, 2 * kWidth}, 1e-3, at::kFloat);
  const auto product = [&](const at::Tensor& x, const at::Tensor& weight) {
    return graph::linear(x, weight, at::Tensor(), graph::Activation::None, precision);
  };
  double fastest = std::numeric_limits<double>::infinity();
  const Clock::time_point start = Clock::now();
  // The first pair of products pays for the library's start; it counts only if there is no time for another.
  for (std::int64_t block = 0; block < 2 || seconds_since(start) < seconds; ++block) {
    const std::int64_t row = block * kBlock % kRows;
    const at::Tensor in = narrow.narrow(0, row, kBlock);
    const Clock::time_point block_start = Clock::now();
    (void)product(product(in, up), down);
    fastest = std::min(fastest, seconds_since(block_start));
  }
  return 1e-9 * kBlockFlops / fastest;
}

double gemm_rate(graph::MatmulPrecision precision) {
  static std::map<graph::MatmulPrecision, double> rates;
  const auto found = rates.find(precision);
  if (found != rates.end()) return found->second;
  return rates.emplace(precision, measure_gemm_rate(0.1, precision)).first->second;
}

}  // namespace graftage::train
