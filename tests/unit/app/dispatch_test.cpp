#include "app/command.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "support/tiny_task.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace graftage::app {
namespace {

/// What a command line prints. @param rest  argv without the program's name
std::string printed(std::vector<std::string> rest) {
  rest.insert(rest.begin(), "graftage");
  ::testing::internal::CaptureStdout();
  try {
    EXPECT_EQ(dispatch(rest), 0);
  } catch (...) {
    (void)::testing::internal::GetCapturedStdout();
    throw;
  }
  return ::testing::internal::GetCapturedStdout();
}

/// Message of the error that a command line ends in, which must have this exit code.
std::string failure(const std::vector<std::string>& rest, core::ExitCode code) {
  try {
    (void)printed(rest);
  } catch (const core::Error& error) {
    EXPECT_EQ(static_cast<int>(error.exit_code()), static_cast<int>(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << core::join(rest, " ") << " did not fail";
  return "";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in\n" << text;
}

std::filesystem::path write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

TEST(Dispatch, HelpListsEveryCommandWithItsSummary) {
  const std::string help = printed({"--help"});

  for (const Command& command : commands()) {
    expect_contains(help, "  " + command.name + " ");
    expect_contains(help, command.summary);
  }
  EXPECT_EQ(help, printed({"help"}));
}

TEST(Dispatch, HelpOfACommandTeachesItsKeysAndAnExample) {
  for (const Command& command : commands()) {
    const std::string help = printed({command.name, "--help"});

    expect_contains(help, "usage: graftage " + command.name);
    expect_contains(help, command.description);
    if (command.fields == nullptr) continue;
    for (const auto& field : command.fields()) expect_contains(help, "\n  " + field.path + " ");
  }
}

TEST(Dispatch, VersionNamesTheLibrariesThatDecideBits) {
  const std::string version = printed({"--version"});

  EXPECT_EQ(version.rfind("graftage ", 0), 0u) << version;
  for (const char* part : {"libtorch", "hdf5", "mkl", "cpu "}) expect_contains(version, part);
}

TEST(Dispatch, NoCommandIsAUsageErrorThatShowsTheOverview) {
  expect_contains(failure({}, core::ExitCode::Usage), "no command");
}

TEST(Dispatch, UnknownCommandSuggestsTheNearest) {
  const std::string message = failure({"pretrian"}, core::ExitCode::Usage);

  expect_contains(message, "'pretrian'");
  expect_contains(message, "did you mean 'pretrain'?");
}

TEST(Dispatch, UnknownOptionsAreUsageErrorsThatPointToTheHelp) {
  const std::string message = failure({"pretrain", "--epochs", "3"}, core::ExitCode::Usage);

  expect_contains(message, "--epochs");
  expect_contains(message, "graftage pretrain --help");
  // No option is guessed from its first letters.
  expect_contains(failure({"pretrain", "--conf", "x.yaml"}, core::ExitCode::Usage), "--conf");
  expect_contains(failure({"pretrain", "--confg", "x.yaml"}, core::ExitCode::Usage), "did you mean '--config'?");
}

TEST(Dispatch, ArgumentsThatBelongNowhereAreNamed) {
  expect_contains(failure({"import", "configs/corpora/bbbp.yaml"}, core::ExitCode::Usage), "--config FILE");
  expect_contains(failure({"report"}, core::ExitCode::Usage), "RUN_DIR");
  expect_contains(failure({"inspect", "a.h5", "b.h5"}, core::ExitCode::Usage), "one FILE.h5");
}

TEST(Dispatch, AMissingConfigurationIsNamed) {
  expect_contains(failure({"pretrain", "--dry-run"}, core::ExitCode::Usage), "--config FILE is missing");
  expect_contains(failure({"pretrain", "--config", "nowhere.yaml", "--dry-run"}, core::ExitCode::InputMissing),
                  "nowhere.yaml");
}

TEST(Dispatch, AnEmptyOutputIsNotTheCurrentDirectory) {
  const support::ScratchDirectory directory("dispatch");
  const auto file = write_file(directory / "l2p.yaml", "output: run\ncorpus: data\nobjective: {kind: l2p}\n");
  const auto list = write_file(directory / "list.yaml", "- output\n");

  expect_contains(failure({"pretrain", "--config", file.string(), "--output", "", "--dry-run"}, core::ExitCode::Config),
                  "--output: output: is empty; name a directory");
  expect_contains(
      failure({"pretrain", "--config", list.string(), "--output", "a", "--dry-run"}, core::ExitCode::Config),
      "list.yaml:1:1: expected a section");
}

TEST(Dispatch, DryRunPrintsEveryKeyAndAppliesSettings) {
  const support::ScratchDirectory directory("dispatch");
  const auto file = write_file(directory / "l2p.yaml", "output: run\ncorpus: data\nobjective: {kind: l2p}\n");

  const std::string text = printed({"pretrain", "--config", file.string(), "--set", "train.epochs=7", "--set",
                                    "objective.order=first", "--output", "elsewhere", "--dry-run"});

  const config::Node resolved = config::parse_yaml(text, "dry run");
  EXPECT_EQ(resolved.find_path("train.epochs")->scalar, "7");
  EXPECT_EQ(resolved.find_path("objective.order")->scalar, "first");
  EXPECT_EQ(resolved.find_path("objective.support_pairs")->scalar, "10");
  EXPECT_EQ(resolved.find_path("output")->scalar, "elsewhere");
  for (const Command& command : commands()) {
    if (command.name != "pretrain") continue;
    for (const auto& field : command.fields()) EXPECT_NE(resolved.find_path(field.path), nullptr) << field.path;
  }
}

TEST(Dispatch, DryRunNamesPlaceAndNearestKey) {
  const support::ScratchDirectory directory("dispatch");
  const auto file =
      write_file(directory / "l2p.yaml", "output: run\ncorpus: data\nobjective: {kind: l2p}\ntrain:\n  epoch: 2\n");

  const std::string message = failure({"pretrain", "--config", file.string(), "--dry-run"}, core::ExitCode::Config);

  expect_contains(message, "l2p.yaml:5");
  expect_contains(message, "train.epoch");
  expect_contains(message, "did you mean 'epochs'?");
}

TEST(Dispatch, DryRunOfASweepListsItsTrials) {
  const support::ScratchDirectory directory("dispatch_sweep");
  support::write_task(directory / "task", support::visible_task(30, 1));
  const auto file = write_file(directory / "sweep.yaml",
                               "name: tiny\noutput: out\nparameters:\n  optimizer.lr: {values: [0.1, 0.01]}\n"
                               "replicates: {seeds: [3, 4, 5]}\ntrial:\n  task: {corpus: " +
                                   (directory / "task").string() +
                                   "}\n  adapt: {kind: linear_probe}\n"
                                   "  encoder: {architecture: {num_layers: 2, width: 8}}\n");

  const std::string text = printed({"sweep", "--config", file.string(), "--dry-run"});

  expect_contains(text, "\n6 trials\n");
  for (const char* part : {"seed 3", "seed 5", "optimizer.lr=0.1", "optimizer.lr=0.01"}) expect_contains(text, part);
}

}  // namespace
}  // namespace graftage::app
