#include "graftage/train/numerics.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace graftage::train {
namespace {

TEST(Numerics, ThreadsAreThoseAskedForAndTheClassNamesWhatDecidesBits) {
  const std::string line = configure_numerics(1);

  EXPECT_EQ(at::get_num_threads(), 1);
  EXPECT_EQ(at::get_num_interop_threads(), 1);
  EXPECT_EQ(line.find("1 thread, "), 0u);
  for (const char* part : {"cpu ", "libtorch 2.1", "mkl ", "compiler "})
    EXPECT_NE(reproducibility_class().find(part), std::string::npos) << part;
}

/// The bits of a product depend on its operands' values and shapes, not on where they lie in memory.
TEST(Numerics, ProductsHaveTheSameBitsAtAnyAddress) {
  (void)configure_numerics(1);
  const at::Tensor x = (at::arange(37 * 300, at::kFloat) * 0.37).sin().reshape({37, 300});
  const at::Tensor w = (at::arange(600 * 300, at::kFloat) * 0.11).cos().reshape({600, 300});
  const at::Tensor product = at::linear(x, w);

  for (const std::int64_t offset : {1, 3, 8, 17}) {
    const at::Tensor moved = at::empty({offset + x.numel()}).narrow(0, offset, x.numel()).view({37, 300});
    moved.copy_(x);
    EXPECT_TRUE(at::equal(at::linear(moved, w), product)) << offset;
  }
}

}  // namespace
}  // namespace graftage::train
