#include "adapt/label_loss.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <fstream>
#include <limits>

namespace graftage::adapt {
namespace {

at::Tensor table(const nlohmann::json& rows) {
  std::vector<double> values;
  for (const auto& row : rows)
    for (const auto& value : row) values.push_back(value.get<double>());
  return at::tensor(values, at::kDouble).reshape({static_cast<std::int64_t>(rows.size()), -1});
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// tests/oracles/adapt_losses.py: torch, and scikit-learn's log_loss for the binary case.
TEST(LabelLoss, AgreesWithTorchAndScikitLearn) {
  std::ifstream in(std::string(GRAFTAGE_GOLDEN_DIR) + "/adapt_losses.json");
  const auto cases = nlohmann::json::parse(in);
  ASSERT_EQ(cases.size(), 2u);

  for (const auto& golden : cases) {
    const auto kind = golden["kind"] == "binary" ? graph::LabelKind::Binary : graph::LabelKind::Real;
    const at::Tensor predictions = table(golden["predictions"]).requires_grad_();
    const at::Tensor mask = table(golden["mask"]).to(at::kBool);
    const at::Tensor labels =
        table(golden["labels"]).masked_fill(mask.logical_not(), std::numeric_limits<double>::quiet_NaN());

    const train::LossTerm loss = label_loss(kind, predictions, labels, mask);
    const auto gradient = torch::autograd::grad({loss.sum}, {predictions});

    EXPECT_NEAR(loss.sum.item<double>(), golden["sum"].get<double>(), 1e-12) << golden["kind"];
    EXPECT_EQ(loss.count, golden["count"].get<double>());
    EXPECT_LT(difference(gradient[0], table(golden["gradient"])), 1e-14) << golden["kind"];
  }
}

TEST(LabelLoss, StaysFiniteForLargeLogits) {
  const at::Tensor logits = at::tensor({200.0F, -200.0F}).reshape({2, 1});
  const at::Tensor labels = at::tensor({0.0F, 1.0F}).reshape({2, 1});

  const train::LossTerm loss = label_loss(graph::LabelKind::Binary, logits, labels, at::ones({2, 1}, at::kBool));

  EXPECT_FLOAT_EQ(loss.sum.item<float>(), 400.0F);
}

TEST(LabelLoss, NoLabelsGiveNothing) {
  const at::Tensor logits = at::ones({2, 2}).requires_grad_();

  const train::LossTerm loss =
      label_loss(graph::LabelKind::Binary, logits, at::zeros({2, 2}), at::zeros({2, 2}, at::kBool));

  EXPECT_EQ(loss.count, 0.0);
  EXPECT_EQ(loss.sum.item<float>(), 0.0F);
}

}  // namespace
}  // namespace graftage::adapt
