#include "graftage/nn/weights.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

namespace graftage::nn {
namespace {

using support::hashed_values;

Parameters some_parameters() {
  Parameters parameters;
  parameters.add("table.weight", hashed_values({5, 3}, 1));
  parameters.add("layer.weight", hashed_values({4, 3}, 2));
  parameters.add("layer.bias", hashed_values({4}, 3));
  parameters.add("pool.weight", hashed_values({2, 4}, 4));
  parameters.add("norm.weight", hashed_values({4}, 5));
  parameters.add("norm.bias", hashed_values({4}, 6));
  return parameters;
}

TEST(SharedWeights, EvaluatesEachOperation) {
  const Parameters parameters = some_parameters();
  const SharedWeights weights(parameters);
  const graph::LinearMap map = graph::LinearMap::gather(5, {4, 0, 4});

  const at::Tensor rows = weights.lookup("table", map);
  const at::Tensor y = weights.linear("layer", rows);
  const at::Tensor z = weights.scale_shift("norm", y);

  EXPECT_TRUE(rows[2].equal(parameters["table.weight"][4]));
  EXPECT_TRUE(y.allclose(rows.mm(parameters["layer.weight"].t()) + parameters["layer.bias"], 0, 1e-14));
  EXPECT_TRUE(z.allclose(y * parameters["norm.weight"] + parameters["norm.bias"], 0, 1e-14));
  EXPECT_TRUE(weights.linear("pool", z).allclose(z.mm(parameters["pool.weight"].t()), 0, 1e-14)) << "without bias";
  EXPECT_THROW((void)weights.linear("absent", z), core::InternalError);
}

TEST(SharedWeights, SecondDerivativesAgreeWithFiniteDifferences) {
  const Parameters parameters = some_parameters();
  const auto function = [&](const std::vector<at::Tensor>& x) {
    Parameters p;
    for (std::size_t i = 0; i < x.size(); ++i) p.add(parameters.entries()[i].name, x[i]);
    const SharedWeights weights(p);
    const at::Tensor rows = weights.lookup("table", graph::LinearMap::gather(5, {4, 0, 4, 1}));
    const at::Tensor y = weights.scale_shift("norm", weights.linear("layer", rows).tanh());
    return weights.linear("pool", y).pow(3).sum();
  };
  const support::GradcheckOptions options{.step = 1e-3, .max_elements = 24};

  EXPECT_LT(support::gradient_error(function, parameters.tensors(), options), 1e-8);
  EXPECT_LT(support::second_gradient_error(function, parameters.tensors(), options), 1e-8);
}

TEST(SharedWeights, MultiplyBeforeOrAfterASumToTheSameValues) {
  Parameters parameters = some_parameters();
  const at::Tensor x = hashed_values({3, 3}, 8).requires_grad_();
  const graph::LinearMap wide = graph::LinearMap::from_csr(3, {0, 2, 3, 6, 7}, {0, 1, 2, 0, 1, 2, 1});
  const graph::LinearMap codes = graph::LinearMap::from_csr(5, {0, 1, 1, 3, 4}, {4, 2, 0, 4}, {2.0, 1.0, 3.0, 1.0});
  ASSERT_TRUE(multiplies_before(wide));
  std::vector<at::Tensor> inputs{x};
  for (const char* name : {"table.weight", "layer.weight", "layer.bias", "pool.weight"})
    inputs.push_back(parameters[name].requires_grad_());
  const SharedWeights weights(parameters);

  const at::Tensor y = weights.gather_linear_relu("layer", {{wide, x}}, {{"table", codes}});
  const at::Tensor sum = wide.apply(x) + codes.apply(parameters["table.weight"]);
  const at::Tensor expected = at::relu(sum.mm(parameters["layer.weight"].t()) + parameters["layer.bias"]);

  EXPECT_TRUE(y.allclose(expected, 0, 1e-13));
  EXPECT_TRUE(y.eq(0).any().item<bool>());
  const at::Tensor z = weights.gather_mlp("layer", "pool", {{wide, x}}, {{"table", codes}});
  const at::Tensor expected_z = expected.mm(parameters["pool.weight"].t());
  EXPECT_TRUE(z.allclose(expected_z, 0, 1e-13));
  const at::Tensor of_rows = y.pow(3).sum() + parameters["pool.weight"].sum();
  const at::Tensor expected_of_rows = expected.pow(3).sum() + parameters["pool.weight"].sum();
  for (const auto& [ours, theirs] : {std::pair(of_rows, expected_of_rows), {z.pow(3).sum(), expected_z.pow(3).sum()}}) {
    const auto gradients = torch::autograd::grad({ours}, inputs, {}, true);
    const auto expected_gradients = torch::autograd::grad({theirs}, inputs, {}, true);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      EXPECT_TRUE(gradients[i].allclose(expected_gradients[i], 0, 1e-12)) << i;
  }
}

}  // namespace
}  // namespace graftage::nn
