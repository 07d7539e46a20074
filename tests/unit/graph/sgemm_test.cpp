// Own single precision products against float64 ones, for every shape of tail.

#include "graph/sgemm.hpp"

#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace graftage::graph {
namespace {

using support::hashed_values;

at::Tensor single(const std::vector<std::int64_t>& shape, std::uint32_t salt) {
  return hashed_values(shape, salt).to(at::kFloat);
}

/// Largest error in units of what rounding every term can cost.
double error(const at::Tensor& y, const at::Tensor& a, const at::Tensor& b, const at::Tensor& expected) {
  if (y.numel() == 0) return 0.0;
  const at::Tensor terms = a.to(at::kDouble).abs().mm(b.to(at::kDouble).abs()) + 1.0;
  const double rounding = std::numeric_limits<float>::epsilon() * std::max<double>(1.0, static_cast<double>(a.size(1)));
  return ((y.to(at::kDouble) - expected).abs() / terms).max().item<double>() / rounding;
}

class Sgemm : public testing::Test {
  void SetUp() override {
    if (!detail::has_sgemm()) GTEST_SKIP() << "no AVX-512 here";
  }
};

TEST_F(Sgemm, RowsEqualTheProductInDoubleForEveryTail) {
  for (const std::int64_t rows : {0, 1, 13, 14, 15, 197, 451})  // tiles of 14, blocks of 196 rows
    for (const std::int64_t depth : {1, 7, 64})
      for (const std::int64_t columns : {1, 15, 16, 17, 31, 32, 33, 48, 49, 96})  // panels of 32
        for (const bool transposed : {false, true}) {
          SCOPED_TRACE(testing::Message() << rows << " x " << depth << " x " << columns << ", " << transposed);
          const at::Tensor x = single({rows, depth}, 1);
          const at::Tensor b = transposed ? single({columns, depth}, 2).t() : single({depth, columns}, 2);
          const at::Tensor bias = single({columns}, 3);
          const at::Tensor product = x.to(at::kDouble).mm(b.to(at::kDouble));
          at::Tensor y = at::full({rows, columns}, std::numeric_limits<float>::quiet_NaN());

          detail::sgemm_rows(x, b, at::Tensor(), Activation::None, y);
          EXPECT_LT(error(y, x, b, product), 1.0);
          detail::sgemm_rows(x, b, bias, Activation::Relu, y);
          EXPECT_LT(error(y, x, b, at::relu(product + bias)), 1.0);
        }
}

TEST_F(Sgemm, ColumnsEqualTheProductInDoubleForEveryTail) {
  for (const std::int64_t rows : {0, 1, 391, 392, 393, 1000})  // sums of 392 rows
    for (const std::int64_t height : {1, 13, 14, 29})
      for (const std::int64_t columns : {1, 16, 33, 49}) {
        SCOPED_TRACE(testing::Message() << rows << " rows, " << height << " x " << columns);
        const at::Tensor a = single({rows, height}, 1);
        const at::Tensor b = single({rows, columns}, 2);

        const at::Tensor c = detail::sgemm_columns(a, b);

        EXPECT_LT(error(c, a.t(), b, a.to(at::kDouble).t().mm(b.to(at::kDouble))), 1.0);
      }
}

TEST_F(Sgemm, ARowHasTheSameBitsInAnyCompanyAndOnAnyNumberOfThreads) {
  const at::Tensor x = single({600, 70}, 1);
  const at::Tensor b = single({70, 45}, 2);
  at::Tensor all = at::empty({600, 45});
  at::Tensor some = at::empty({101, 45});

  detail::sgemm_rows(x, b, at::Tensor(), Activation::None, all);
  detail::sgemm_rows(x.narrow(0, 205, 101), b, at::Tensor(), Activation::None, some);
  EXPECT_TRUE(some.equal(all.narrow(0, 205, 101)));

  const at::Tensor alone = detail::sgemm_columns(x, all);
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  at::Tensor shared = at::empty({600, 45});
  detail::sgemm_rows(x, b, at::Tensor(), Activation::None, shared);
  const at::Tensor together = detail::sgemm_columns(x, all);
  at::set_num_threads(threads);
  EXPECT_TRUE(shared.equal(all));
  EXPECT_TRUE(together.equal(alone));
}

TEST_F(Sgemm, ANotANumberStaysOneBehindARelu) {
  at::Tensor x = single({20, 5}, 1);
  x[3][2] = std::numeric_limits<float>::quiet_NaN();
  at::Tensor y = at::empty({20, 40});

  detail::sgemm_rows(x, single({5, 40}, 2), at::Tensor(), Activation::Relu, y);

  EXPECT_TRUE(y[3].isnan().all().item<bool>());
  EXPECT_EQ(y.isnan().sum().item<std::int64_t>(), 40);
}

}  // namespace
}  // namespace graftage::graph
