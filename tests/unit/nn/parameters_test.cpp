#include "graftage/nn/parameters.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::nn {
namespace {

Parameters two_tensors() {
  Parameters parameters;
  parameters.add("a.weight", at::arange(6, at::kFloat).view({2, 3}));
  parameters.add("a.bias", at::tensor({10.0f, 20.0f}));
  return parameters;
}

TEST(Parameters, KeepOrderAndFindNames) {
  Parameters parameters = two_tensors();
  parameters.add_all(two_tensors(), "head.");

  EXPECT_EQ(parameters.entries()[0].name, "a.weight");
  EXPECT_EQ(parameters.entries()[3].name, "head.a.bias");
  EXPECT_EQ(parameters.num_values(), 16);
  EXPECT_TRUE(parameters.contains("head.a.weight"));
  EXPECT_FALSE(parameters.contains("a"));
  EXPECT_EQ(parameters.with_prefix("head.").entries()[1].name, "a.bias");
  EXPECT_TRUE(parameters.with_prefix("head.")["a.bias"].is_same(parameters["head.a.bias"]));
  EXPECT_EQ(parameters.tensors().size(), 4u);
}

TEST(Parameters, WrongNamesAreRefused) {
  Parameters parameters = two_tensors();

  EXPECT_THROW(parameters.add("a.bias", at::ones({1})), core::InternalError);
  EXPECT_THROW((void)parameters["b"], core::InternalError);
  EXPECT_THROW(parameters.set("b", at::ones({1})), core::InternalError);
}

TEST(Flatten, LeavesAreViewsOfOneBuffer) {
  const Parameters source = two_tensors();

  FlatParameters flat = flatten(source);
  (flat.parameters["a.weight"] * 2).sum().backward();
  flat.values.mul_(10);

  EXPECT_EQ(flat.values.numel(), 8);
  EXPECT_EQ(flat.parameters["a.weight"][1][2].item<float>(), 50.0f);
  EXPECT_EQ(flat.parameters["a.bias"][1].item<float>(), 200.0f);
  EXPECT_EQ(source["a.bias"][1].item<float>(), 20.0f) << "the source is copied";
  for (const auto& [name, tensor] : flat.parameters.entries()) {
    EXPECT_TRUE(tensor.is_leaf() && tensor.requires_grad()) << name;
    EXPECT_TRUE(tensor.storage().is_alias_of(flat.values.storage())) << name;
  }
  EXPECT_TRUE(flat.parameters["a.weight"].grad().equal(at::full({2, 3}, 2.0f)));
  EXPECT_FALSE(flat.values.requires_grad());
}

TEST(Flatten, ChangingTheBufferDuringDifferentiationIsNoticed) {
  FlatParameters flat = flatten(two_tensors());
  const at::Tensor loss = flat.parameters["a.weight"].square().sum();
  flat.values.add_(1);

  EXPECT_ANY_THROW(loss.backward()) << "the leaves share the buffer's version counter";
}

TEST(Flatten, MixedTypesAreRefusedAndNothingIsEmpty) {
  Parameters mixed = two_tensors();
  mixed.add("count", at::zeros({}, at::kLong));

  EXPECT_THROW((void)flatten(mixed), core::InternalError);
  EXPECT_EQ(flatten(Parameters()).values.numel(), 0);
}

TEST(Concatenate, UndefinedGradientsAreZeros) {
  const Parameters shapes = two_tensors();

  const at::Tensor joined = concatenate({at::Tensor(), at::tensor({1.0f, 2.0f})}, shapes);

  EXPECT_TRUE(joined.equal(at::tensor({0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 1.f, 2.f})));
  EXPECT_THROW((void)concatenate({at::Tensor()}, shapes), core::InternalError);
  EXPECT_THROW((void)concatenate({at::Tensor(), at::ones({3})}, shapes), core::InternalError);
}

TEST(Parameters, CopiesAreIndependent) {
  Parameters source = two_tensors();
  source.add("count", at::zeros({}, at::kLong));
  source["a.bias"].requires_grad_();

  const Parameters copied = clone(source);
  const Parameters precise = to_double(source);
  const Parameters cut = detach(source);

  EXPECT_FALSE(copied["a.weight"].is_alias_of(source["a.weight"]));
  EXPECT_FALSE(copied["a.bias"].requires_grad());
  EXPECT_EQ(precise["a.weight"].scalar_type(), at::kDouble);
  EXPECT_EQ(precise["count"].scalar_type(), at::kLong);
  EXPECT_TRUE(cut["a.bias"].is_alias_of(source["a.bias"]));
  EXPECT_FALSE(cut["a.bias"].requires_grad());
}

}  // namespace
}  // namespace graftage::nn
