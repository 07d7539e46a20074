#include "graftage/graph/block_product.hpp"

#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::graph {
namespace {

using support::hashed_values;
using Tensors = std::vector<at::Tensor>;

struct Problem {
  std::vector<std::int64_t> ptr;
  std::int64_t in;
  std::int64_t out;
  std::size_t terms;
  BlockProductOptions options;
};

/// y, x, then left and right of each term.
Tensors inputs(const Problem& problem) {
  const std::int64_t rows = problem.ptr.back();
  Tensors result{hashed_values({rows, problem.out}, 1), hashed_values({rows, problem.in}, 2)};
  for (std::size_t t = 0; t < problem.terms; ++t) {
    result.push_back(hashed_values({rows, problem.in}, static_cast<std::uint32_t>(3 + 2 * t)));
    result.push_back(hashed_values({rows, problem.out}, static_cast<std::uint32_t>(4 + 2 * t)));
  }
  return result;
}

at::Tensor evaluate(const Problem& problem, const Tensors& x) {
  std::vector<LowRank> terms;
  for (std::size_t t = 0; t < problem.terms; ++t) terms.push_back({x[2 + 2 * t], x[3 + 2 * t]});
  return add_block_products(x[0] * 1.0, x[1], terms, at::tensor(problem.ptr, at::kLong), problem.options);
}

/// The definition with the matrix of each block formed.
at::Tensor formed(const Problem& problem, const Tensors& x) {
  Tensors blocks;
  for (std::size_t b = 0; b + 1 < problem.ptr.size(); ++b) {
    const auto rows = [&](const at::Tensor& all) {
      return all.narrow(0, problem.ptr[b], problem.ptr[b + 1] - problem.ptr[b]);
    };
    at::Tensor y = rows(x[0]);
    for (std::size_t t = 0; t < problem.terms; ++t) {
      const at::Tensor matrix = rows(x[2 + 2 * t]).t().mm(rows(x[3 + 2 * t]));  // [In, Out]
      y = y +
          problem.options.factor * (rows(x[1]).mm(matrix) + problem.options.offset * rows(x[3 + 2 * t]).sum(0, true));
    }
    blocks.push_back(problem.options.activation == Activation::Relu ? at::relu(y) : y);
  }
  return at::cat(blocks);
}

std::vector<Problem> problems() {
  return {{{0, 3, 3, 4, 9}, 7, 5, 1, {-0.3, 1.0, Activation::Relu}},
          {{0, 3, 3, 4, 9}, 7, 5, 2, {0.2, 1.0, Activation::None}},
          {{0, 21, 39}, 37, 70, 1, {0.01, 0.0, Activation::None}},
          {{0, 8, 25}, 64, 16, 3, {-0.01, 1.0, Activation::Relu}},
          {{0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55}, 33, 50, 1, {0.1, 1.0, Activation::None}},
          {{0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55}, 16, 5, 1, {0.1, 1.0, Activation::None}}};
}

Tensors to_type(const Tensors& x, at::ScalarType type) {
  Tensors result;
  for (const at::Tensor& tensor : x) result.push_back(tensor.detach().to(type));
  return result;
}

Tensors gradient_of(const Problem& problem, Tensors x, at::Tensor (*function)(const Problem&, const Tensors&)) {
  for (at::Tensor& tensor : x) tensor.requires_grad_();
  const at::Tensor outer = hashed_values({problem.ptr.back(), problem.out}, 99).to(x[0].scalar_type());
  return torch::autograd::grad({function(problem, x)}, x, {outer});
}

TEST(BlockProduct, EqualsFormedMatrices) {
  for (const Problem& problem : problems()) {
    const Tensors x = inputs(problem);
    EXPECT_TRUE(at::allclose(evaluate(problem, x), formed(problem, x), 1e-12, 1e-12));
    const Tensors single = to_type(x, at::kFloat);
    EXPECT_TRUE(at::allclose(evaluate(problem, single).to(at::kDouble), formed(problem, x), 1e-5, 1e-5));
  }
}

TEST(BlockProduct, GradientEqualsThatOfFormedMatrices) {
  for (const Problem& problem : problems()) {
    const Tensors x = inputs(problem);
    const Tensors expected = gradient_of(problem, x, formed);
    const Tensors gradient = gradient_of(problem, x, evaluate);
    const Tensors single = gradient_of(problem, to_type(x, at::kFloat), evaluate);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_TRUE(at::allclose(gradient[i], expected[i], 1e-12, 1e-12)) << i;
      EXPECT_TRUE(at::allclose(single[i].to(at::kDouble), expected[i], 1e-4, 1e-4)) << i;
    }
  }
}

TEST(BlockProduct, WithoutTermsOnlyTheActivationIsLeft) {
  const Problem problem{{0, 4}, 3, 5, 0, {1.0, 0.0, Activation::Relu}};
  const Tensors x = inputs(problem);
  EXPECT_TRUE(evaluate(problem, x).equal(at::relu(x[0])));
}

}  // namespace
}  // namespace graftage::graph
