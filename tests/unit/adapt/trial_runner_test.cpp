#include "graftage/adapt/trial_runner.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/train/checkpoint.hpp"
#include "support/expect_text.hpp"
#include "support/tiny_task.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace graftage::adapt {
namespace {

using support::message_of;

/// A task and a pretrained encoder on disk, and configurations that use them.
class Scene {
 public:
  Scene() {
    support::write_task(directory_ / "task", support::visible_task(60, 1));
    write_pretrained("encoder.h5", graph::chem_schema());
  }

  void write_pretrained(const std::string& name, const graph::FeatureSchema& schema) {
    const nn::Encoder encoder(small(), schema);
    train::EncoderFile file;
    file.config = small();
    file.schema = schema;
    file.parameters = encoder.initialize(core::SeedSequence(11));
    file.buffers = encoder.initial_buffers();
    file.name = "l2p";
    file.provenance_json = R"({"seed": 5})";
    train::write_encoder(directory_ / name, file);
  }

  static nn::EncoderConfig small() { return {.layer = nn::LayerKind::Gin, .num_layers = 2, .width = 16}; }

  TrialConfig config(const std::string& method, const std::string& encoder = "random") {
    TrialConfig result;
    result.task.corpus = directory_ / "task";
    result.encoder.source = encoder == "random" ? encoder : (directory_ / encoder).string();
    result.encoder.architecture = encoder == "random" ? small() : nn::EncoderConfig{};
    result.adapt = config::Node::from_scalar(method);
    result.train = {.epochs = 10, .batch_size = 8, .dropout = 0.1, .threads = 1, .evaluate_train = true};
    result.optimizer.lr = 1e-2;
    return read_trial_config(resolved(result));
  }

  std::filesystem::path operator/(const std::string& entry) const { return directory_ / entry; }

 private:
  support::ScratchDirectory directory_{"trial-runner"};
};

double best(const std::vector<double>& curve) { return *std::max_element(curve.begin(), curve.end()); }

TEST(TrialRunner, EveryMethodLearnsAVisibleLabel) {
  Scene scene;
  TrialRunner runner;
  for (const char* method : {"full", "linear_probe", "gpf", "gpf_plus"})
    for (const char* encoder : {"random", "encoder.h5"}) {
      TrialConfig config = scene.config(method, encoder);
      config.train.epochs = 30;
      if (std::string(method) == "linear_probe") config.optimizer.lr = 0.1;

      const Outcome outcome = runner.run(config);

      for (const char* curve : {"train/loss", "train/roc_auc", "valid/roc_auc", "test/roc_auc"})
        ASSERT_EQ(outcome.curves.at(curve).size(), 30u) << curve;
      EXPECT_GT(best(outcome.curves.at("train/roc_auc")), 0.9) << method << " on " << encoder;
      EXPECT_LT(outcome.curves.at("train/loss").back(), outcome.curves.at("train/loss").front()) << method;
    }
}

TEST(TrialRunner, SaysWhatItDid) {
  Scene scene;
  TrialRunner runner;

  const Outcome gpf = runner.run(scene.config("gpf", "encoder.h5"));
  const Outcome full = runner.run(scene.config("full"));

  EXPECT_EQ(gpf.values.at("num_encoder_parameters"), 0);
  EXPECT_EQ(gpf.values.at("num_prompt_parameters"), 16);
  EXPECT_EQ(gpf.values.at("num_head_parameters"), 17);
  EXPECT_GT(full.values.at("num_encoder_parameters"), 1000);
  EXPECT_GT(full.values.at("graphs_per_second"), 0);
  EXPECT_EQ(gpf.facts.at("task"), "tiny");
  EXPECT_EQ(gpf.facts.at("task_origin"), "computed");
  EXPECT_EQ(gpf.facts.at("encoder"), "l2p");
  EXPECT_EQ(gpf.facts.at("encoder_seed"), "5");
  EXPECT_EQ(gpf.facts.at("encoder_sha256").size(), 64u);
  EXPECT_EQ(gpf.facts.at("task_sha256").size(), 64u);
  EXPECT_EQ(gpf.facts.at("method"), "gpf");
  EXPECT_EQ(gpf.facts.at("protocol"), "fixed");
  EXPECT_EQ(gpf.facts.at("metric"), "roc_auc");
  EXPECT_EQ(gpf.facts.at("goal"), "maximize");
  EXPECT_EQ(full.facts.at("encoder"), "random");
}

TEST(TrialRunner, RepeatsToTheBitWhateverRanBefore) {
  Scene scene;
  TrialRunner fresh;
  TrialRunner used;
  (void)used.run(scene.config("linear_probe"));
  (void)used.run(scene.config("gpf"));
  for (const char* method : {"full", "linear_probe", "gpf_plus"}) {
    TrialConfig config = scene.config(method);
    config.train.epochs = 2;

    const Outcome first = fresh.run(config);
    const Outcome second = used.run(config);
    config.seed = 1;
    const Outcome other = fresh.run(config);

    EXPECT_EQ(first.curves, second.curves) << method;
    EXPECT_NE(first.curves.at("train/loss"), other.curves.at("train/loss")) << method;
  }
}

TEST(TrialRunner, IdentityFollowsContentNotPaths) {
  Scene scene;
  TrialRunner runner;
  const TrialConfig config = scene.config("gpf", "encoder.h5");
  const TrialIdentity identity = runner.identify(config);
  std::filesystem::rename(scene / "task", scene / "moved");
  TrialConfig moved = config;
  moved.task.corpus = scene / "moved";
  TrialConfig by_directory = config;
  by_directory.encoder.source = (scene / "").string();
  TrialConfig other_seed = config;
  other_seed.seed = 1;

  EXPECT_EQ(identity.task_name, "tiny");
  EXPECT_EQ(identity.encoder_name, "l2p");
  EXPECT_EQ(TrialRunner().identify(moved).digest_text, identity.digest_text);
  EXPECT_EQ(runner.identify(by_directory).digest_text, identity.digest_text);
  EXPECT_NE(runner.identify(other_seed).digest_text, identity.digest_text);
  EXPECT_EQ(identity.digest_text.find((scene / "").string()), std::string::npos);
}

TEST(TrialRunner, ADivergingTrialIsANumericError) {
  Scene scene;
  TrialRunner runner;
  TrialConfig config = scene.config("gpf");
  config.optimizer.lr = 1e30;

  EXPECT_NE(message_of<core::NumericError>([&] { (void)runner.run(config); }).find("lower optimizer.lr"),
            std::string::npos);
  config.optimizer.lr = 1e-2;
  EXPECT_NO_THROW((void)runner.run(config));
}

TEST(TrialRunner, AStopEndsTheTrialWithoutAResult) {
  Scene scene;
  TrialRunner runner;
  const TrialConfig config = scene.config("gpf");
  const Outcome whole = runner.run(config);

  core::request_stop();
  EXPECT_THROW((void)runner.run(config), core::Interrupted);
  core::clear_stop_request();

  EXPECT_EQ(runner.run(config).curves, whole.curves);
}

TEST(TrialRunner, RefusesEncodersThatDoNotFit) {
  Scene scene;
  TrialRunner runner;
  TrialConfig other_shape = scene.config("gpf", "encoder.h5");
  other_shape.encoder.architecture.width = 64;
  graph::FeatureSchema schema = graph::chem_schema();
  schema.name = "foreign";
  schema.node[0].cardinality += 1;
  scene.write_pretrained("foreign.h5", schema);

  const std::string shape = message_of<core::ConfigError>([&] { (void)runner.identify(other_shape); });
  const std::string foreign =
      message_of<core::DataError>([&] { (void)runner.identify(scene.config("gpf", "foreign.h5")); });
  const std::string missing =
      message_of<core::MissingInput>([&] { (void)runner.identify(scene.config("gpf", "nothing.h5")); });
  const std::string unfinished =
      message_of<core::MissingInput>([&] { (void)runner.identify(scene.config("gpf", "task")); });

  EXPECT_NE(shape.find("\"width\":64"), std::string::npos) << shape;
  EXPECT_NE(shape.find("\"width\":16"), std::string::npos) << shape;
  EXPECT_NE(foreign.find("'foreign'"), std::string::npos) << foreign;
  EXPECT_NE(foreign.find("'chem'"), std::string::npos) << foreign;
  EXPECT_NE(missing.find("nothing.h5 does not exist"), std::string::npos) << missing;
  EXPECT_NE(unfinished.find("not finished"), std::string::npos) << unfinished;
}

TEST(TrialRunner, RealLabelsAreJudgedByTheirError) {
  const support::ScratchDirectory directory("trial-real");
  support::TinyTask task = support::visible_task(150, 2);
  task.labels.kind = graph::LabelKind::Real;
  for (auto& graph : task.graphs) graph.labels[0] = 2.0F * graph.labels[0] - 1.0F;
  support::write_task(directory / "task", task);
  TrialConfig config;
  config.task.corpus = directory / "task";
  config.encoder.architecture = Scene::small();
  config.adapt = config::Node::from_scalar("gpf");
  config.train = {.epochs = 20, .batch_size = 8, .dropout = 0.0, .threads = 1, .evaluate_train = false};
  config.optimizer.lr = 1e-2;
  config.head.num_layers = 2;

  const Outcome outcome = TrialRunner().run(read_trial_config(resolved(config)));

  EXPECT_EQ(outcome.facts.at("metric"), "rmse");
  EXPECT_EQ(outcome.facts.at("goal"), "minimize");
  EXPECT_EQ(outcome.curves.count("train/rmse"), 0u);
  EXPECT_LT(outcome.curves.at("valid/rmse").back(), 0.8);  // 1.0 is the error of always answering zero
}

}  // namespace
}  // namespace graftage::adapt
