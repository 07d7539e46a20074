#include "graftage/train/gemm_rate.hpp"

#include <gtest/gtest.h>

namespace graftage::train {
namespace {

TEST(GemmRate, IsAPositiveRateMeasuredOnce) {
  EXPECT_GT(measure_gemm_rate(0.0), 0.0);
  EXPECT_LT(measure_gemm_rate(0.0), 1e6) << "no machine does 1,000 TFLOP/s on one core";
  const double rate = gemm_rate();
  EXPECT_GT(rate, 0.0);
  EXPECT_EQ(gemm_rate(), rate);
}

}  // namespace
}  // namespace graftage::train
