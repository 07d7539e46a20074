#include "graftage/graph/linear_map.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/seed.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <thread>

namespace graftage::graph {
namespace {

using support::hashed_values;

struct Entries {
  std::int64_t columns;
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int64_t> column;
  std::vector<double> weight;
};

/// Rows of 0 to 6 entries with duplicates; every third row empty.
Entries random_entries(std::int64_t rows, std::int64_t columns, bool weighted, std::uint64_t seed) {
  core::RandomStream stream = core::SeedSequence(seed).stream();
  Entries entries{columns, {0}, {}, {}};
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::uint64_t count = r % 3 == 1 ? 0 : stream.below(7);
    for (std::uint64_t k = 0; k < count; ++k) {
      entries.column.push_back(static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(columns))));
      if (weighted) entries.weight.push_back(stream.normal());
    }
    entries.row_ptr.push_back(static_cast<std::int64_t>(entries.column.size()));
  }
  return entries;
}

LinearMap map_of(const Entries& e) { return LinearMap::from_csr(e.columns, e.row_ptr, e.column, e.weight); }

/// The dense matrix by a plain loop over the entries: the oracle.
at::Tensor dense_of(const Entries& e) {
  const auto rows = static_cast<std::int64_t>(e.row_ptr.size()) - 1;
  at::Tensor matrix = at::zeros({rows, e.columns}, at::kDouble);
  auto values = matrix.accessor<double, 2>();
  for (std::int64_t r = 0; r < rows; ++r)
    for (auto k = static_cast<std::size_t>(e.row_ptr[static_cast<std::size_t>(r)]);
         k < static_cast<std::size_t>(e.row_ptr[static_cast<std::size_t>(r) + 1]); ++k)
      values[r][e.column[k]] += e.weight.empty() ? 1.0 : e.weight[k];
  return matrix;
}

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.numel() == 0 ? 0.0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

TEST(LinearMap, AgreesWithALoopForEveryWidthAndType) {
  for (const bool weighted : {false, true}) {
    const Entries entries = random_entries(23, 17, weighted, 5);
    const LinearMap map = map_of(entries);
    const at::Tensor dense = dense_of(entries);
    for (const std::int64_t width : {1, 3, 15, 16, 17, 63, 64, 65, 100, 300}) {
      const at::Tensor x = hashed_values({17, width}, 9);
      const at::Tensor g = hashed_values({23, width}, 10);

      EXPECT_LT(max_difference(map.apply(x), dense.mm(x)), 1e-13) << width;
      EXPECT_LT(max_difference(map.apply(x.to(at::kFloat)), dense.mm(x)), 1e-5) << width;
      EXPECT_LT(max_difference(map.transposed().apply(g), dense.t().mm(g)), 1e-13) << width;
    }
  }
}

TEST(LinearMap, SumsARowInTheOrderOfItsEntries) {
  const LinearMap map = LinearMap::from_csr(3, {0, 3}, {2, 0, 1});
  const at::Tensor x = at::tensor({1.0f, 1e8f, -1e8f}).unsqueeze(1);

  EXPECT_EQ(map.apply(x).item<float>(), (-1e8f + 1.0f) + 1e8f);
}

TEST(LinearMap, TransposedOfTransposedIsTheOriginal) {
  const Entries entries = random_entries(11, 7, true, 3);
  const LinearMap map = map_of(entries);
  const LinearMap twice = map.transposed().transposed();

  EXPECT_EQ(&twice.column(), &map.column());
  EXPECT_EQ(map.transposed().rows(), 7);
  EXPECT_EQ(map.transposed().columns(), 11);
  EXPECT_EQ(&map.transposed().column(), &map.transposed().column());
}

TEST(LinearMap, TransposeOutlivesTheOriginal) {
  const Entries entries = random_entries(11, 7, true, 3);
  LinearMap transposed;
  {
    const LinearMap map = map_of(entries);
    transposed = map.transposed();
  }
  const at::Tensor x = hashed_values({7, 4}, 1);

  EXPECT_LT(max_difference(transposed.transposed().apply(x), dense_of(entries).mm(x)), 1e-13);
}

TEST(LinearMap, TransposeIsBuiltOnceByManyThreads) {
  const Entries entries = random_entries(200, 150, false, 8);
  const LinearMap map = map_of(entries);
  const at::Tensor x = hashed_values({200, 5}, 1);
  const at::Tensor expected = dense_of(entries).t().mm(x);
  std::vector<at::Tensor> results(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < results.size(); ++t)
    threads.emplace_back([&, t] { results[t] = map.transposed().apply(x); });
  for (std::thread& thread : threads) thread.join();

  for (const at::Tensor& result : results) EXPECT_LT(max_difference(result, expected), 1e-13);
}

TEST(LinearMap, ResultDoesNotDependOnThreads) {
  const Entries entries = random_entries(3000, 500, true, 8);
  const LinearMap map = map_of(entries);
  const at::Tensor x = hashed_values({500, 70}, 1).to(at::kFloat);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = map.apply(x);
  at::set_num_threads(2);
  const at::Tensor two = map.apply(x);
  at::set_num_threads(before);

  EXPECT_TRUE(one.equal(two));
}

TEST(LinearMap, GatherSelectsRows) {
  const std::vector<std::int64_t> index{3, 0, 3, 3, 1};
  const LinearMap map = LinearMap::gather(4, index);
  const at::Tensor x = hashed_values({4, 20}, 2);

  EXPECT_TRUE(map.apply(x).equal(x.index_select(0, at::tensor(index))));
  EXPECT_FALSE(map.is_identity());
}

TEST(LinearMap, SegmentsSumAndAverageUnorderedMembers) {
  const std::vector<std::int64_t> segment{2, 0, 2, 4, 0, 2};  // segments 1 and 3 are empty
  const at::Tensor x = hashed_values({6, 5}, 2);
  at::Tensor sum = at::zeros({5, 5}, at::kDouble);
  for (std::int64_t r = 0; r < 6; ++r) sum[segment[static_cast<std::size_t>(r)]] += x[r];
  const at::Tensor count = at::tensor({2.0, 1.0, 3.0, 1.0, 1.0}).unsqueeze(1);

  EXPECT_LT(max_difference(LinearMap::segment_sum(5, segment).apply(x), sum), 1e-15);
  EXPECT_LT(max_difference(LinearMap::segment_mean(5, segment).apply(x), sum / count.to(at::kDouble)), 1e-15);
}

TEST(LinearMap, IdentityReturnsItsArgument) {
  const LinearMap map = LinearMap::identity(6);
  const at::Tensor x = hashed_values({6, 5}, 2);

  EXPECT_TRUE(map.apply(x).is_same(x));
  EXPECT_TRUE(map.is_identity());
  EXPECT_TRUE(map.transposed().is_identity());
  EXPECT_EQ(map.column(), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(LinearMap, EmptyShapesWork) {
  const LinearMap no_rows = LinearMap::segment_sum(0, {});
  const LinearMap only_empty_rows = LinearMap::segment_mean(3, {});

  EXPECT_EQ(no_rows.apply(at::zeros({0, 4})).sizes(), (std::vector<std::int64_t>{0, 4}));
  EXPECT_TRUE(only_empty_rows.apply(at::zeros({0, 4})).equal(at::zeros({3, 4})));
  EXPECT_EQ(only_empty_rows.transposed().apply(at::ones({3, 4})).sizes(), (std::vector<std::int64_t>{0, 4}));
  EXPECT_EQ(LinearMap::gather(4, {1}).apply(at::zeros({4, 0})).sizes(), (std::vector<std::int64_t>{1, 0}));
}

TEST(LinearMap, StridedInputIsRead) {
  const Entries entries = random_entries(9, 7, false, 2);
  const at::Tensor x = hashed_values({12, 7}, 2).t();

  EXPECT_LT(max_difference(map_of(entries).apply(x), dense_of(entries).mm(x)), 1e-13);
}

TEST(LinearMap, FirstAndSecondDerivativesAgreeWithFiniteDifferences) {
  for (const bool weighted : {false, true}) {
    const LinearMap map = map_of(random_entries(8, 6, weighted, 4));
    const at::Tensor target = hashed_values({8, 5}, 77);
    const auto cubic = [&](const std::vector<at::Tensor>& x) {
      return (map.apply(x[0]) + target).pow(3).sum() + map.transposed().apply(map.apply(x[0]).tanh()).square().sum();
    };
    const support::GradcheckOptions options{.step = 1e-3, .max_elements = 64};

    EXPECT_LT(support::gradient_error(cubic, {hashed_values({6, 5}, 1)}, options), 1e-8);
    EXPECT_LT(support::second_gradient_error(cubic, {hashed_values({6, 5}, 1)}, options), 1e-8);
  }
}

TEST(LinearMap, SecondDerivativeEqualsTheDenseProduct) {
  const Entries entries = random_entries(8, 6, true, 4);
  const LinearMap map = map_of(entries);
  const at::Tensor dense = dense_of(entries);
  const auto hessian_product = [&](const std::function<at::Tensor(const at::Tensor&)>& product) {
    const at::Tensor x = hashed_values({6, 5}, 1).requires_grad_();
    const at::Tensor g = torch::autograd::grad({product(x).tanh().pow(3).sum()}, {x}, {}, true, true)[0];
    return torch::autograd::grad({g.square().sum()}, {x})[0];
  };

  const at::Tensor sparse = hessian_product([&](const at::Tensor& x) { return map.apply(x); });
  const at::Tensor reference = hessian_product([&](const at::Tensor& x) { return dense.mm(x); });
  EXPECT_LT(max_difference(sparse, reference), 1e-12);
}

TEST(LinearMap, MakesNoGraphWhereNoneIsWanted) {
  const LinearMap map = LinearMap::gather(4, {1, 2});
  const at::Tensor leaf = at::ones({4, 3}).requires_grad_();

  EXPECT_FALSE(map.apply(at::ones({4, 3})).requires_grad());
  EXPECT_TRUE(map.apply(leaf).requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(map.apply(leaf).requires_grad());
}

TEST(LinearMap, WrongUseIsNamed) {
  const LinearMap map = LinearMap::gather(4, {1, 2});

  EXPECT_THROW((void)map.apply(at::zeros({5, 3})), core::InternalError);
  EXPECT_THROW((void)map.apply(at::zeros({4})), core::InternalError);
  EXPECT_THROW((void)map.apply(at::zeros({4, 3}, at::kLong)), core::InternalError);
  EXPECT_THROW((void)LinearMap::gather(4, {4}), core::InternalError);
  EXPECT_THROW((void)LinearMap::gather(4, {-1}), core::InternalError);
  EXPECT_THROW((void)LinearMap::from_csr(4, {0, 2, 1}, {0, 0}), core::InternalError);
  EXPECT_THROW((void)LinearMap::from_csr(4, {0, 2}, {0, 0}, {1.0}), core::InternalError);
  EXPECT_THROW((void)LinearMap().rows(), core::InternalError);
}

}  // namespace
}  // namespace graftage::graph
