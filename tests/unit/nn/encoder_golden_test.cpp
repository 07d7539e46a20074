// The encoder against tests/golden/gin.json, written by a plain PyTorch model (tests/oracles/gin_oracle.py).

#include "graftage/nn/encoder.hpp"
#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace graftage::nn {
namespace {

using Json = nlohmann::json;
using support::hashed_values;
using support::salt_of;

/// Relative to the largest value of a tensor, or of its kind (gradients that are zero but for rounding).
constexpr double kFloatTolerance = 1e-5;
constexpr double kDoubleTolerance = 1e-11;

const Json& golden() {
  static const Json json = Json::parse(std::ifstream(GRAFTAGE_GOLDEN_DIR "/gin.json"));
  return json;
}

std::vector<graph::Graph> golden_graphs() {
  std::vector<graph::Graph> graphs;
  for (const Json& item : golden().at("graphs")) {
    graph::Graph graph;
    graph.num_nodes = static_cast<std::int64_t>(item.at("node_features").size());
    for (const Json& row : item.at("node_features"))
      for (const Json& code : row) graph.node_features.push_back(code.get<std::uint16_t>());
    for (const Json& row : item.at("edge_index"))
      for (const Json& node : row) graph.edge_index.push_back(node.get<std::int32_t>());
    for (const Json& row : item.at("edge_features"))
      for (const Json& code : row) graph.edge_features.push_back(code.get<std::uint16_t>());
    graphs.push_back(std::move(graph));
  }
  return graphs;
}

/// The oracle's weights: computed from each parameter's name and shape.
Parameters golden_parameters(const Encoder& encoder, at::ScalarType type) {
  Parameters parameters;
  for (const auto& [name, tensor] : encoder.initialize(core::SeedSequence(0)).entries()) {
    at::Tensor values = hashed_values(tensor.sizes().vec(), salt_of(name));
    const bool weight = name.ends_with("weight");
    if (name.starts_with("batch_norms"))
      values = weight ? 1.0 + 0.3 * values : 0.2 * values;
    else if (name.find("embedding") != std::string::npos)
      values = 0.5 * values;
    else
      values = weight ? values * (1.5 / std::sqrt(static_cast<double>(tensor.size(1)))) : 0.1 * values;
    parameters.add(name, values.to(type).requires_grad_());
  }
  return parameters;
}

/// Compares a tensor with a stored digest; `floor` is the least scale that errors are measured against.
void expect_digest(const at::Tensor& actual, const Json& digest, const std::string& name, double tolerance,
                   double floor) {
  const at::Tensor flat = actual.detach().to(at::kDouble).flatten();
  const double scale = std::max(digest.at("max").get<double>(), floor);
  const double root = std::sqrt(static_cast<double>(flat.numel()));
  for (const char* which : {"1", "2"}) {
    const at::Tensor direction = hashed_values({flat.numel()}, salt_of(name + "/" + which));
    EXPECT_NEAR(flat.dot(direction).item<double>(), digest.at(std::string("dot") + which).get<double>(),
                tolerance * scale * root)
        << name;
  }
  EXPECT_NEAR(flat.abs().max().item<double>(), digest.at("max").get<double>(), tolerance * scale) << name;
  const auto head = digest.at("head").get<std::vector<double>>();
  for (std::size_t i = 0; i < head.size(); ++i)
    EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), head[i], tolerance * scale) << name << " " << i;
}

double largest(const Json& digests) {
  double value = 0.0;
  for (const auto& [name, digest] : digests.items()) value = std::max(value, digest.at("max").get<double>());
  return value;
}

at::Tensor loss_of(const at::Tensor& pooled) {
  return (at::softplus(pooled) * hashed_values(pooled.sizes().vec(), salt_of("loss")).to(pooled.scalar_type())).sum();
}

class Golden : public testing::TestWithParam<std::tuple<std::size_t, at::ScalarType>> {
 protected:
  const Json& stored = golden().at("cases").at(std::get<0>(GetParam()));
  const at::ScalarType type = std::get<1>(GetParam());
  const double tolerance = type == at::kFloat ? kFloatTolerance : kDoubleTolerance;
  const Encoder encoder{{.layer = LayerKind::Gin,
                         .num_layers = stored.at("num_layers").get<std::int64_t>(),
                         .width = stored.at("width").get<std::int64_t>(),
                         .jumping_knowledge = jumping_knowledge(stored.at("jumping_knowledge").get<std::string>())},
                        graph::chem_schema()};
  const Parameters parameters = golden_parameters(encoder, type);
  const SharedWeights weights{parameters};
  const graph::MessageFlow flow =
      graph::plain_flow(support::batch_of(golden_graphs()), encoder.schema(), encoder.config().num_layers);

  static JumpingKnowledge jumping_knowledge(const std::string& name) {
    const auto names = enum_names(static_cast<const JumpingKnowledge*>(nullptr));
    return static_cast<JumpingKnowledge>(std::find(names.begin(), names.end(), name) - names.begin());
  }
  [[nodiscard]] EncoderOutput forward(const Parameters& buffers, Normalization normalization) const {
    return encoder.forward(weights, buffers, flow, encoder.embed_input(weights, flow),
                           {.normalization = normalization});
  }
};

TEST_P(Golden, ForwardAgrees) {
  const at::Tensor rows = forward(encoder.initial_buffers(), Normalization::Batch).rows;

  EXPECT_EQ(parameters.num_values(), stored.at("num_parameters").get<std::int64_t>());
  expect_digest(rows, stored.at("rows"), "rows", tolerance, 0.0);
  EXPECT_NEAR(loss_of(read_out(Readout::Mean, flow, rows)).item<double>(), stored.at("loss").get<double>(),
              tolerance * std::sqrt(static_cast<double>(encoder.output_width())));
  if (!stored.contains("all_rows")) return;
  const at::Tensor all = at::tensor(stored.at("all_rows").get<std::vector<double>>(), at::kDouble).view(rows.sizes());
  EXPECT_LT((rows.to(at::kDouble) - all).abs().max().item<double>(), tolerance * all.abs().max().item<double>());
}

TEST_P(Golden, FirstAndSecondGradientsAgree) {
  const at::Tensor rows = forward(encoder.initial_buffers(), Normalization::Batch).rows;
  const at::Tensor loss = loss_of(read_out(Readout::Mean, flow, rows));
  const auto first = torch::autograd::grad({loss}, parameters.tensors(), {}, true, true);
  at::Tensor projection = at::zeros({}, type);
  for (std::size_t i = 0; i < first.size(); ++i)
    projection =
        projection +
        (first[i] * hashed_values(first[i].sizes().vec(), salt_of(parameters.entries()[i].name + "/v")).to(type)).sum();
  const auto second = torch::autograd::grad({projection}, parameters.tensors(), {}, false, false, true);

  const double first_floor = largest(stored.at("gradient"));
  const double second_floor = largest(stored.at("second_gradient"));
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto& [name, parameter] = parameters.entries()[i];
    expect_digest(first[i], stored.at("gradient").at(name), name, tolerance, first_floor);
    expect_digest(second[i].defined() ? second[i] : at::zeros_like(parameter), stored.at("second_gradient").at(name),
                  name, tolerance, second_floor);
  }
}

TEST_P(Golden, RunningStatisticsAndEvaluationAgree) {
  Parameters buffers = type == at::kDouble ? to_double(encoder.initial_buffers()) : encoder.initial_buffers();
  for (int step = 0; step < 2; ++step) {
    const EncoderOutput output = forward(buffers, Normalization::Batch);
    for (std::size_t l = 0; l < output.statistics.size(); ++l)
      update_running_statistics(buffers, "batch_norms." + std::to_string(l), output.statistics[l]);
  }

  for (const auto& [name, digest] : stored.at("running").items())
    expect_digest(buffers[name], digest, name, tolerance, 0.0);
  EXPECT_EQ(buffers["batch_norms.0.num_batches_tracked"].item<int>(), stored.at("num_batches_tracked").get<int>());
  expect_digest(forward(buffers, Normalization::Running).rows, stored.at("evaluation_rows"), "rows", tolerance, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Gin, Golden,
                         testing::Combine(testing::Range<std::size_t>(0, 5), testing::Values(at::kDouble, at::kFloat)),
                         [](const auto& test) {
                           const Json& stored = golden().at("cases").at(std::get<0>(test.param));
                           return stored.at("jumping_knowledge").get<std::string>() +
                                  std::to_string(stored.at("width").get<int>()) +
                                  (std::get<1>(test.param) == at::kFloat ? "Float" : "Double");
                         });

}  // namespace
}  // namespace graftage::nn
