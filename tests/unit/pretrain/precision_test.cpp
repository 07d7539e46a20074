// Every objective in bfloat16 products against itself in float32: near, and not the same.

#include "graftage/pretrain/objective.hpp"
#include "pretrain/attribute_masking.hpp"
#include "pretrain/l2p.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::pretrain {
namespace {

struct Result {
  double loss = 0;
  at::Tensor gradient;  ///< float64, of everything trained
};

template <class Objective>
Result compute(graph::MatmulPrecision precision) {
  const nn::Encoder encoder({.num_layers = 3, .width = 32}, graph::chem_schema());
  Objective objective({}, ObjectiveContext{encoder, core::SeedSequence(3), graph::FlowKind::Merged, precision});
  std::vector<graph::Graph> graphs;
  for (std::uint64_t s = 1; s <= 24; ++s)
    graphs.push_back(support::molecule_like_graph(8 + static_cast<std::int64_t>(s), 2, s));
  const auto loss = objective.loss(support::batch_of(graphs), core::SeedSequence(5));
  torch::autograd::variable_list inputs = objective.trainable().parameters.tensors();
  std::vector<at::Tensor> flat;
  for (const at::Tensor& gradient : torch::autograd::grad({loss.loss.sum}, inputs, {}, false, false, true))
    if (gradient.defined()) flat.push_back(gradient.reshape({-1}).to(at::kDouble));
  return {loss.loss.sum.template item<double>(), at::cat(flat)};
}

template <class Objective>
class Precision : public testing::Test {};
using Objectives = testing::Types<AttributeMasking, L2p>;
TYPED_TEST_SUITE(Precision, Objectives);

TYPED_TEST(Precision, BFloat16IsNearFloat32AndNotTheSame) {
  const Result exact = compute<TypeParam>(graph::MatmulPrecision::Float32);
  const Result rounded = compute<TypeParam>(graph::MatmulPrecision::BFloat16);

  EXPECT_NE(rounded.loss, exact.loss);
  EXPECT_NEAR(rounded.loss, exact.loss, 0.02 * std::abs(exact.loss));
  const double cosine = (rounded.gradient.dot(exact.gradient) / (rounded.gradient.norm() * exact.gradient.norm()))
                            .template item<double>();
  EXPECT_GT(cosine, 0.99);
  EXPECT_LT(cosine, 1.0 - 1e-9);
}

}  // namespace
}  // namespace graftage::pretrain
