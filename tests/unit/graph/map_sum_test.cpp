#include "graftage/graph/map_sum.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::graph {
namespace {

using support::hashed_values;

/// `rows` rows of 0 to `most` entries, columns and weights scattered.
LinearMap scattered_map(std::int64_t rows, std::int64_t columns, std::int64_t most, bool weighted, std::int64_t salt) {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  std::vector<double> weight;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t entries = (r * 7 + salt) % (most + 1);
    for (std::int64_t k = 0; k < entries; ++k) {
      column.push_back((r * 31 + k * 17 + salt) % columns);
      if (weighted) weight.push_back(static_cast<double>((r + k + salt) % 5) - 1.5);
    }
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  return LinearMap::from_csr(columns, row_ptr, column, weight);
}

at::Tensor dense(const LinearMap& map) {
  at::Tensor matrix = at::zeros({map.rows(), map.columns()}, at::kDouble);
  for (std::int64_t r = 0; r < map.rows(); ++r)
    for (auto k = static_cast<std::size_t>(map.row_ptr()[static_cast<std::size_t>(r)]);
         k < static_cast<std::size_t>(map.row_ptr()[static_cast<std::size_t>(r) + 1]); ++k)
      matrix[r][map.column()[k]] += map.weight().empty() ? 1.0 : map.weight()[k];
  return matrix;
}

struct Terms {
  std::vector<LinearMap> maps;
  std::vector<at::Tensor> tables;
  [[nodiscard]] at::Tensor sum() const {
    std::vector<MapTerm> terms;
    for (std::size_t i = 0; i < maps.size(); ++i) terms.push_back({maps[i], tables[i]});
    return sum_of_maps(terms);
  }
  [[nodiscard]] at::Tensor expected() const {
    at::Tensor y = dense(maps[0]).mm(tables[0]);
    for (std::size_t i = 1; i < maps.size(); ++i) y = y + dense(maps[i]).mm(tables[i]);
    return y;
  }
};

/// Neighbours (more columns than a small table), two tables, a lookup.
Terms four_terms(std::int64_t rows, std::int64_t width) {
  std::vector<std::int64_t> codes;
  for (std::int64_t r = 0; r < rows; ++r) codes.push_back((r * r) % 9);
  Terms terms;
  terms.maps = {scattered_map(rows, 300, 6, false, 1), scattered_map(rows, 6, 3, true, 2),
                scattered_map(rows, 3, 1, true, 3), LinearMap::gather(9, codes)};
  for (std::size_t i = 0; i < terms.maps.size(); ++i)
    terms.tables.push_back(
        hashed_values({terms.maps[i].columns(), width}, static_cast<std::uint32_t>(i + 1)).requires_grad_());
  return terms;
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(SumOfMaps, EqualsDenseProductsAndTheirGradients) {
  for (const std::int64_t rows : {1, 40, 2500})  // tables are scattered into copies of 1024 rows
    for (const std::int64_t width : {1, 16, 21}) {
      SCOPED_TRACE(testing::Message() << rows << " rows of " << width);
      const Terms terms = four_terms(rows, width);
      const at::Tensor direction = hashed_values({rows, width}, 9);

      const at::Tensor y = terms.sum();
      const at::Tensor expected = terms.expected();
      const auto gradients = torch::autograd::grad({y}, terms.tables, {direction}, false, false);
      const auto expected_gradients = torch::autograd::grad({expected}, terms.tables, {direction}, false, false);

      EXPECT_LT(difference(y, expected), 1e-13);
      for (std::size_t i = 0; i < gradients.size(); ++i)
        EXPECT_LT(difference(gradients[i], expected_gradients[i]), 1e-11) << i;
    }
}

TEST(SumOfMaps, AddsABiasAndActivates) {
  const at::Tensor bias = hashed_values({21}, 5).requires_grad_();
  for (const auto activation : {Activation::None, Activation::Relu}) {
    const Terms terms = four_terms(700, 21);
    std::vector<MapTerm> pairs;
    for (std::size_t i = 0; i < terms.maps.size(); ++i) pairs.push_back({terms.maps[i], terms.tables[i]});
    std::vector<at::Tensor> inputs = terms.tables;
    inputs.push_back(bias);
    const at::Tensor direction = hashed_values({700, 21}, 9);

    const at::Tensor y = sum_of_maps(pairs, bias, activation);
    const at::Tensor shifted = terms.expected() + bias;
    const at::Tensor expected = activation == Activation::Relu ? at::relu(shifted) : shifted;
    const auto gradients = torch::autograd::grad({y}, inputs, {direction}, true, false);
    const auto expected_gradients = torch::autograd::grad({expected}, inputs, {direction}, false, false);
    const auto differentiable = torch::autograd::grad({y}, inputs, {direction}, false, true);

    EXPECT_LT(difference(y, expected), 1e-13);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_LT(difference(gradients[i], expected_gradients[i]), 1e-11) << i;
      EXPECT_LT(difference(differentiable[i], expected_gradients[i]), 1e-11) << i;
    }
  }
}

TEST(SumOfMaps, AddsEntriesFromLeftToRight) {
  // 1e8 + 1 - 1e8 is 0 in float32 from the left, and 1 in any other order.
  const LinearMap first = LinearMap::from_csr(3, {0, 2}, {0, 1});
  const LinearMap second = LinearMap::from_csr(1, {0, 1}, {0}, {-1.0});
  const at::Tensor x = at::tensor({1e8f, 1.0f, 0.0f}).unsqueeze(1);

  const at::Tensor y = sum_of_maps({{first, x}, {second, at::tensor({1e8f}).unsqueeze(1)}});

  EXPECT_EQ(y.item<float>(), 0.0f);
}

TEST(SumOfMaps, AgreesWithFiniteDifferencesToSecondOrder) {
  const Terms shapes = four_terms(8, 3);
  const auto function = [&](const std::vector<at::Tensor>& x) {
    return Terms{shapes.maps, x}.sum().tanh().pow(3).sum();
  };
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& table : shapes.tables) inputs.push_back(table.detach());

  EXPECT_LT(support::gradient_error(function, inputs), 1e-9);
  EXPECT_LT(support::second_gradient_error(function, inputs), 1e-8);
}

TEST(SumOfMaps, RowsWithoutEntriesAreZero) {
  const LinearMap none = LinearMap::from_csr(2, {0, 0, 0}, {});
  const LinearMap one = LinearMap::from_csr(2, {0, 0, 1}, {1});

  const at::Tensor y = sum_of_maps({{none, hashed_values({2, 4}, 1)}, {one, hashed_values({2, 4}, 2)}});

  EXPECT_TRUE(y[0].eq(0).all().item<bool>());
  EXPECT_TRUE(y[1].equal(hashed_values({2, 4}, 2)[1]));
}

TEST(SumOfMaps, ConstantTablesGetNoGradient) {
  Terms terms = four_terms(40, 5);
  terms.tables[1] = terms.tables[1].detach();
  const std::vector<at::Tensor> wanted = {terms.tables[0], terms.tables[2], terms.tables[3]};

  const auto ours = torch::autograd::grad({terms.sum().square().sum()}, wanted, {}, false, false);
  const auto theirs = torch::autograd::grad({terms.expected().square().sum()}, wanted, {}, false, false);

  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_LT(difference(ours[i], theirs[i]), 1e-11) << i;
}

TEST(SumOfMaps, ThreadsChangeNoBit) {
  Terms terms = four_terms(3000, 20);
  for (at::Tensor& table : terms.tables) table = table.detach().to(at::kFloat).requires_grad_();
  const at::Tensor direction = hashed_values({3000, 20}, 9).to(at::kFloat);
  const auto run = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    const at::Tensor y = terms.sum();
    auto tensors = torch::autograd::grad({y}, terms.tables, {direction}, false, false);
    tensors.push_back(y.detach());
    at::set_num_threads(before);
    return tensors;
  };

  const auto one = run(1);
  const auto three = run(3);

  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

TEST(SumOfMaps, RefusesTermsThatDoNotFit) {
  const LinearMap map = LinearMap::from_csr(2, {0, 1}, {1});
  EXPECT_THROW((void)sum_of_maps({}), core::InternalError);
  EXPECT_THROW((void)sum_of_maps({{map, hashed_values({3, 4}, 1)}}), core::InternalError);
  EXPECT_THROW((void)sum_of_maps({{map, hashed_values({2, 4}, 1)}, {map, hashed_values({2, 3}, 1)}}),
               core::InternalError);
  EXPECT_THROW((void)sum_of_maps({{map, hashed_values({2, 4}, 1)}, {LinearMap::identity(2), hashed_values({2, 4}, 1)}}),
               core::InternalError);
}

}  // namespace
}  // namespace graftage::graph
