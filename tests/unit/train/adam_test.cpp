#include "graftage/train/adam.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace graftage::train {
namespace {

at::Tensor tensor_of(const nlohmann::json& values) {
  return at::tensor(values.get<std::vector<double>>(), at::TensorOptions(at::kDouble)).to(at::kFloat);
}

TEST(Adam, FollowsTorch) {
  const auto golden = nlohmann::json::parse(std::ifstream(GRAFTAGE_GOLDEN_DIR "/adam.json"));

  for (const auto& expected : golden["cases"]) {
    AdamConfig config;
    config.lr = expected["options"]["lr"];
    if (expected["options"].contains("betas")) {
      config.beta1 = expected["options"]["betas"][0];
      config.beta2 = expected["options"]["betas"][1];
      config.epsilon = expected["options"]["eps"];
      config.weight_decay = expected["options"]["weight_decay"];
    }
    at::Tensor values = tensor_of(expected["start"]);
    Adam adam(config, values);
    for (std::size_t step = 0; step < expected["gradients"].size(); ++step) {
      adam.step(values, tensor_of(expected["gradients"][step]));
      EXPECT_TRUE(at::allclose(values, tensor_of(expected["values"][step]), 1e-6, 1e-7)) << step;
    }
    EXPECT_EQ(adam.num_steps, 12);
    EXPECT_TRUE(at::allclose(adam.first_moment, tensor_of(expected["first_moment"]), 1e-6, 1e-7));
    EXPECT_TRUE(at::allclose(adam.second_moment, tensor_of(expected["second_moment"]), 1e-6, 1e-7));
  }
}

TEST(Adam, UpdatesTheBufferInPlace) {
  at::Tensor values = at::ones({4});
  const at::Tensor view = values.narrow(0, 1, 2);
  Adam adam({}, values);

  adam.step(values, at::ones({4}));

  EXPECT_NEAR(view[0].item<double>(), 1.0 - 1e-3, 1e-6);
}

}  // namespace
}  // namespace graftage::train
