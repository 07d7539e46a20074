#include "graftage/adapt/trial_config.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

namespace graftage::adapt {
namespace {

TrialConfig read(const std::string& yaml) { return read_trial_config(config::parse_yaml(yaml, "trial.yaml")); }

TEST(TrialConfig, SpellsOutTheMethod) {
  const TrialConfig config = read("task: {corpus: runs/nav}\nadapt: gpf_plus\n");

  EXPECT_EQ(config.adapt.find("kind")->scalar, "gpf_plus");
  EXPECT_EQ(config.adapt.find("num_basis")->scalar, "5");
  EXPECT_EQ(config.protocol, Protocol::Fixed);
  const config::Node node = resolved(config);
  EXPECT_EQ(node.find_path("adapt.num_basis")->scalar, "5");
  EXPECT_EQ(node.find_path("task.split")->scalar, "scaffold");
  EXPECT_EQ(resolved(read_trial_config(node)).to_json(), node.to_json());
}

TEST(TrialConfig, RefusesWhatItDoesNotKnow) {
  const auto message = [](const std::string& yaml) -> std::string {
    try {
      (void)read(yaml);
    } catch (const core::ConfigError& error) {
      return error.what();
    }
    return "";
  };

  EXPECT_NE(message("task: {corpus: a}\nadapt: {kind: gpf, num_basis: 5}\n").find("trial.yaml:2"), std::string::npos);
  EXPECT_NE(message("task: {corpus: a}\nadapt: gpff\n").find("did you mean 'gpf'"), std::string::npos);
  EXPECT_NE(message("task: {corpus: a}\nadapt: gpf\nprotocol: fix\n").find("fixed"), std::string::npos);
  EXPECT_NE(message("adapt: gpf\n").find("task"), std::string::npos);
}

}  // namespace
}  // namespace graftage::adapt
