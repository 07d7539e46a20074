#include "graftage/nn/head.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::nn {
namespace {

using support::hashed_values;

TEST(Head, LinearHeadHasOneLayer) {
  const HeadShape shape{.input = 300, .output = 12, .num_layers = 1};
  const Parameters parameters = initialize_head("head", shape, core::SeedSequence(1));
  const at::Tensor x = hashed_values({5, 300}, 1).to(at::kFloat);

  ASSERT_EQ(parameters.entries().size(), 2u);
  EXPECT_EQ(parameters.num_values(), 301 * 12);
  EXPECT_TRUE(apply_head(SharedWeights(parameters), "head", shape, x)
                  .allclose(x.mm(parameters["head.0.weight"].t()) + parameters["head.0.bias"], 0, 1e-5));
}

TEST(Head, DeepHeadHasReluBetweenLayers) {
  const HeadShape shape{.input = 6, .output = 2, .num_layers = 3};
  const Parameters p = to_double(initialize_head("h", shape, core::SeedSequence(1)));
  const at::Tensor x = hashed_values({5, 6}, 1);
  at::Tensor expected = x;
  for (const char* layer : {"h.0", "h.2", "h.4"}) {
    if (std::string(layer) != "h.0") expected = expected.clamp_min(0);
    expected = expected.mm(p[std::string(layer) + ".weight"].t()) + p[std::string(layer) + ".bias"];
  }

  EXPECT_EQ(p["h.4.weight"].sizes(), (std::vector<std::int64_t>{2, 6}));
  EXPECT_TRUE(apply_head(SharedWeights(p), "h", shape, x).allclose(expected, 0, 1e-13));
  EXPECT_THROW((void)apply_head(SharedWeights(p), "h", shape, at::zeros({5, 7})), core::InternalError);
}

TEST(Initialization, FillsItsInterval) {
  Parameters parameters;
  add_linear(parameters, "layer", 400, 50, core::SeedSequence(3));
  add_table(parameters, "table", 120, 300, core::SeedSequence(3));
  const double linear_bound = 1.0 / 20.0;
  const double table_bound = std::sqrt(6.0 / 420.0);
  const at::Tensor weight = parameters["layer.weight"];
  const at::Tensor table = parameters["table.weight"];

  EXPECT_LE(weight.abs().max().item<double>(), linear_bound * (1 + 1e-7));
  EXPECT_GT(weight.abs().max().item<double>(), linear_bound * 0.999);
  EXPECT_NEAR(weight.mean().item<double>(), 0.0, 4 * linear_bound / std::sqrt(3.0 * 20000));
  EXPECT_NEAR(weight.var().item<double>(), linear_bound * linear_bound / 3, 0.02 * linear_bound * linear_bound);
  EXPECT_LE(parameters["layer.bias"].abs().max().item<double>(), linear_bound * (1 + 1e-7));
  EXPECT_LE(table.abs().max().item<double>(), table_bound * (1 + 1e-7));
  EXPECT_NEAR(table.var().item<double>(), table_bound * table_bound / 3, 0.02 * table_bound * table_bound);
}

TEST(Initialization, DependsOnNameAndSeedOnly) {
  Parameters one;
  add_linear(one, "a", 8, 4, core::SeedSequence(3));
  add_linear(one, "b", 8, 4, core::SeedSequence(3), false);
  Parameters other_order;
  add_linear(other_order, "b", 8, 4, core::SeedSequence(3));
  add_linear(other_order, "a", 8, 4, core::SeedSequence(3));
  Parameters other_seed;
  add_linear(other_seed, "a", 8, 4, core::SeedSequence(4));

  EXPECT_TRUE(one["a.weight"].equal(other_order["a.weight"]));
  EXPECT_TRUE(one["b.weight"].equal(other_order["b.weight"]));
  EXPECT_FALSE(one.contains("b.bias"));
  EXPECT_FALSE(one["a.weight"].equal(one["b.weight"]));
  EXPECT_FALSE(one["a.weight"].equal(other_seed["a.weight"]));
}

}  // namespace
}  // namespace graftage::nn
