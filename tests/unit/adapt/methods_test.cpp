#include "graftage/adapt/method.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/nn/head.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace graftage::adapt {
namespace {

using support::hashed_values;

nn::Encoder encoder_of(std::int64_t width) {
  return {{.layer = nn::LayerKind::Gin, .num_layers = 5, .width = width}, graph::chem_schema()};
}

std::unique_ptr<Method> make(const std::string& yaml, const nn::Encoder& encoder, std::uint64_t seed = 1) {
  MethodContext context{encoder, core::SeedSequence(seed)};
  return methods().create(config::parse_yaml(yaml, "test"), "adapt", context);
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Methods, AllAreRegistered) {
  EXPECT_EQ(methods().names(), (std::vector<std::string>{"full", "linear_probe", "gpf", "gpf_plus"}));
}

TEST(Methods, UnknownMethodNamesTheNearest) {
  const nn::Encoder encoder = encoder_of(8);

  try {
    (void)make("{kind: gpf_plsu}", encoder);
    FAIL() << "accepted";
  } catch (const core::ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'gpf_plus'"), std::string::npos) << error.what();
  }
}

TEST(Methods, OnlyFullFineTuningTrainsTheEncoder) {
  const nn::Encoder encoder = encoder_of(8);

  EXPECT_TRUE(make("full", encoder)->trains_encoder());
  for (const char* frozen : {"linear_probe", "gpf", "gpf_plus"})
    EXPECT_FALSE(make(frozen, encoder)->trains_encoder()) << frozen;
  EXPECT_TRUE(make("linear_probe", encoder)->has_constant_embeddings());
  for (const char* changing : {"full", "gpf", "gpf_plus"})
    EXPECT_FALSE(make(changing, encoder)->has_constant_embeddings()) << changing;
}

TEST(Methods, ParameterCountsAreThePublishedOnes) {
  const nn::Encoder encoder = encoder_of(300);  // methods 5.5

  EXPECT_EQ(make("full", encoder)->initial_prompt().num_values(), 0);
  EXPECT_EQ(make("linear_probe", encoder)->initial_prompt().num_values(), 0);
  EXPECT_EQ(make("gpf", encoder)->initial_prompt().num_values(), 300);
  EXPECT_EQ(make("gpf_plus", encoder)->initial_prompt().num_values(), 3005);  // 5 basis vectors by default
  EXPECT_EQ(make("{kind: gpf_plus, num_basis: 10}", encoder)->initial_prompt().num_values(), 6010);
  EXPECT_EQ(make("{kind: gpf_plus, num_basis: 20}", encoder)->initial_prompt().num_values(), 12020);
}

TEST(Methods, PromptsStartGlorotUniformAndFollowTheSeed) {
  const nn::Encoder encoder = encoder_of(300);
  const at::Tensor p = make("gpf", encoder, 1)->initial_prompt()["prompt.p.weight"];
  const nn::Parameters plus = make("{kind: gpf_plus, num_basis: 20}", encoder, 1)->initial_prompt();
  const at::Tensor other = make("gpf", encoder, 2)->initial_prompt()["prompt.p.weight"];

  const auto largest = [](const at::Tensor& t) { return t.abs().max().item<double>(); };
  EXPECT_LE(largest(p), std::sqrt(6.0 / 301));
  EXPECT_GT(largest(p), 0.95 * std::sqrt(6.0 / 301));
  EXPECT_LE(largest(plus["prompt.basis.weight"]), std::sqrt(6.0 / 320));
  EXPECT_GT(largest(plus["prompt.basis.weight"]), 0.95 * std::sqrt(6.0 / 320));
  EXPECT_LE(largest(plus["prompt.score.weight"]), 1 / std::sqrt(300.0));
  EXPECT_EQ(plus["prompt.score.bias"].numel(), 20);
  EXPECT_GT(difference(p, other), 0.0);
  EXPECT_EQ(difference(p, make("gpf", encoder, 1)->initial_prompt()["prompt.p.weight"]), 0.0);
}

TEST(Gpf, AddsItsVectorToEveryNode) {
  const nn::Encoder encoder = encoder_of(6);
  const auto method = make("gpf", encoder);
  const nn::Parameters prompt = nn::to_double(method->initial_prompt());
  const at::Tensor h0 = hashed_values({9, 6}, 1);

  const at::Tensor prompted = method->apply_prompt(nn::SharedWeights(prompt), h0);

  for (std::int64_t v = 0; v < 9; ++v)
    for (std::int64_t c = 0; c < 6; ++c)
      EXPECT_EQ(prompted[v][c].item<double>(),
                h0[v][c].item<double>() + prompt["prompt.p.weight"][0][c].item<double>());
}

TEST(GpfPlus, MixesItsBasisBySoftmaxOfScores) {
  const nn::Encoder encoder = encoder_of(6);
  const auto method = make("{kind: gpf_plus, num_basis: 3}", encoder);
  const nn::Parameters prompt = nn::to_double(method->initial_prompt());
  const at::Tensor h0 = hashed_values({7, 6}, 2);

  const at::Tensor prompted = method->apply_prompt(nn::SharedWeights(prompt), h0);

  const auto at_of = [](const at::Tensor& t, std::int64_t i, std::int64_t j) { return t[i][j].item<double>(); };
  for (std::int64_t v = 0; v < 7; ++v) {  // methods 5.1, written out
    std::vector<double> weight(3);
    double total = 0;
    for (std::int64_t k = 0; k < 3; ++k) {
      double score = prompt["prompt.score.bias"][k].item<double>();
      for (std::int64_t c = 0; c < 6; ++c) score += at_of(prompt["prompt.score.weight"], k, c) * at_of(h0, v, c);
      weight[static_cast<std::size_t>(k)] = std::exp(score);
      total += std::exp(score);
    }
    for (std::int64_t c = 0; c < 6; ++c) {
      double expected = at_of(h0, v, c);
      for (std::int64_t k = 0; k < 3; ++k)
        expected += weight[static_cast<std::size_t>(k)] / total * at_of(prompt["prompt.basis.weight"], k, c);
      EXPECT_NEAR(at_of(prompted, v, c), expected, 1e-14);
    }
  }
}

TEST(GpfPlus, GradientsAreThoseOfFiniteDifferences) {
  const nn::Encoder encoder = encoder_of(6);
  const auto method = make("{kind: gpf_plus, num_basis: 3}", encoder);
  const nn::Parameters initial = method->initial_prompt();
  const at::Tensor h0 = hashed_values({7, 6}, 3);
  const at::Tensor direction = hashed_values({7, 6}, 4);
  std::vector<at::Tensor> inputs{h0};
  for (const at::Tensor& tensor : nn::to_double(initial).tensors()) inputs.push_back(tensor);

  const double error = support::gradient_error(
      [&](const std::vector<at::Tensor>& x) {
        nn::Parameters prompt;
        for (std::size_t i = 0; i < initial.entries().size(); ++i) prompt.add(initial.entries()[i].name, x[i + 1]);
        return (method->apply_prompt(nn::SharedWeights(prompt), x[0]) * direction).sum();
      },
      inputs);

  EXPECT_LT(error, 1e-9);
}

TEST(Head, CountsAreThePublishedOnes) {
  const auto count = [](std::int64_t targets, std::int64_t layers) {
    return nn::initialize_head("head", {300, targets, layers}, core::SeedSequence(1)).num_values();
  };

  EXPECT_EQ(count(1, 1), 301);
  EXPECT_EQ(count(12, 1), 301 * 12);
  EXPECT_EQ(count(12, 3), 301 * 12 + 2 * 90300);
}

}  // namespace
}  // namespace graftage::adapt
