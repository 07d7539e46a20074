// A pretraining run leaves the same bytes on any number of ranks and after any interruption.

#include "graftage/pretrain/run.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/train/checkpoint.hpp"
#include "support/graphs.hpp"
#include "support/tiny_task.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <unistd.h>

namespace graftage::pretrain {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory that all ranks share, with a corpus of 45 graphs in it; removed by the root.
class Shared {
 public:
  explicit Shared(const mpi::Communicator& world) : world_(world) {
    const auto base = fs::temp_directory_path() / ("graftage-pretrain-" + std::to_string(::getpid()));
    path_ = world.broadcast_text(base.string());
    if (world.is_root()) {
      fs::remove_all(path_);
      fs::create_directories(path_);
      support::TinyTask corpus;
      for (std::uint64_t g = 0; g < 45; ++g)
        corpus.graphs.push_back(support::molecule_like_graph(4 + static_cast<std::int64_t>(g * 7 % 13), 2, g));
      for (std::int64_t g = 0; g < 45; ++g) {
        corpus.graphs[static_cast<std::size_t>(g)].labels = {0.0F};
        corpus.graphs[static_cast<std::size_t>(g)].label_mask = {1};
        corpus.split.train.emplace_back(g);
      }
      support::write_task(path_ / "corpus", corpus);
    }
    world.barrier();
  }
  ~Shared() {
    world_.barrier();
    std::error_code ignored;
    if (world_.is_root()) fs::remove_all(path_, ignored);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& entry) const { return path_ / entry; }

 private:
  const mpi::Communicator& world_;
  fs::path path_;
};

/// 45 graphs in batches of 12: three whole ones, and one of 9 whose shards of 1 are dropped (V = 5: 1, 2, 2, 2, 2).
PretrainConfig config_for(const Shared& shared, const std::string& output, const std::string& objective) {
  const auto document = config::parse_yaml("corpus: " + (shared / "corpus").string() +
                                               "\noutput: " + (shared / output).string() + "\nobjective: " + objective +
                                               "\nencoder: {num_layers: 2, width: 8}\n"
                                               "batch: {size: 12, virtual_shards: 5}\n"
                                               "train: {epochs: 2, checkpoint_seconds: 1000}\n",
                                           "test.yaml");
  return read_pretrain_config(document);
}

/// One rank alone does the whole run: the expected bytes.
void run_alone(const mpi::Communicator& world, const PretrainConfig& config) {
  if (world.is_root()) {
    EXPECT_TRUE(run_pretrain(config, mpi::Communicator::self()));
  }
  world.barrier();
}

void expect_same_files(const Shared& shared, const std::string& a, const std::string& b) {
  for (const std::string file : {"encoder.h5", "metrics.jsonl", "checkpoints/step-000000008.h5"})
    EXPECT_EQ(bytes_of(shared / a / file), bytes_of(shared / b / file)) << file;
}

void expect_same_on_all_ranks(const std::string& objective) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  run_alone(world, config_for(shared, "alone", objective));

  EXPECT_TRUE(run_pretrain(config_for(shared, "together", objective), world));

  if (world.is_root()) expect_same_files(shared, "alone", "together");
}

TEST(RunPretrain, AttributeMaskingHasTheSameBytesOnAnyNumberOfRanks) {
  expect_same_on_all_ranks("{kind: attribute_masking}");
}

TEST(RunPretrain, L2pHasTheSameBytesOnAnyNumberOfRanks) {
  expect_same_on_all_ranks("{kind: l2p, inner_lr_node: 1e-3, children: 2}");
}

/// Fails on all ranks at the beginning of step `step`.
void crash_at(const PretrainConfig& config, const mpi::Communicator& world, std::int64_t step) {
  core::arm_failpoints("train.step:" + std::to_string(step) + ":throw");
  EXPECT_THROW((void)run_pretrain(config, world), core::Error);
  core::arm_failpoints("");
  world.barrier();  // the root may still have been writing
}

TEST(RunPretrain, AStopRequestOnOneRankCheckpointsAllAndTheRunGoesOnAsIfNothingHadHappened) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  for (const std::string objective : {"{kind: attribute_masking}", "{kind: l2p, inner_lr_node: 1e-3}"}) {
    const PretrainConfig whole = config_for(shared, "whole", objective);
    const PretrainConfig stopped = config_for(shared, "stopped", objective);
    run_alone(world, whole);

    if (world.rank() == world.size() - 1) core::request_stop();
    std::optional<int> code;
    try {
      (void)run_pretrain(stopped, world);
    } catch (const core::Error& error) {
      code = static_cast<int>(error.exit_code());
    }
    core::clear_stop_request();
    EXPECT_EQ(code, 75);
    EXPECT_TRUE(fs::exists(shared / "stopped" / "checkpoints" / "step-000000001.h5"));
    EXPECT_FALSE(fs::exists(shared / "stopped" / "encoder.h5"));
    world.barrier();
    EXPECT_TRUE(run_pretrain(stopped, world));

    if (world.is_root()) {
      expect_same_files(shared, "whole", "stopped");
      fs::remove_all(shared / "whole");
      fs::remove_all(shared / "stopped");
    }
    world.barrier();
  }
}

TEST(RunPretrain, ACrashGoesBackToTheLastCheckpoint) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  const PretrainConfig whole = config_for(shared, "whole", "{kind: attribute_masking}");
  PretrainConfig crashed = config_for(shared, "crashed", "{kind: attribute_masking}");
  run_alone(world, whole);
  crashed.train.checkpoint_seconds = 1e-9;  // after every step; no part of the run's identity

  crash_at(crashed, world, 6);
  EXPECT_TRUE(fs::exists(shared / "crashed" / "checkpoints" / "step-000000005.h5"));
  EXPECT_TRUE(run_pretrain(crashed, world));

  if (world.is_root()) expect_same_files(shared, "whole", "crashed");
}

TEST(RunPretrain, ACompleteRunIsLeftAlone) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  const PretrainConfig config = config_for(shared, "run", "{kind: attribute_masking}");
  EXPECT_TRUE(run_pretrain(config, world));
  const auto written = fs::last_write_time(shared / "run" / "encoder.h5");

  EXPECT_FALSE(run_pretrain(config, world));

  EXPECT_EQ(fs::last_write_time(shared / "run" / "encoder.h5"), written);
  PretrainConfig other = config;
  other.seed = 1;
  try {
    (void)run_pretrain(other, world);
    ADD_FAILURE() << "overwrote another run";
  } catch (const core::Error& error) {
    EXPECT_EQ(static_cast<int>(error.exit_code()), 78);
    EXPECT_NE(std::string(error.what()).find("another output directory"), std::string::npos);
  }
}

TEST(RunPretrain, ADamagedEncoderIsMadeAgainFromTheLastCheckpoint) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  const PretrainConfig config = config_for(shared, "run", "{kind: attribute_masking}");
  EXPECT_TRUE(run_pretrain(config, world));
  const std::string whole = bytes_of(shared / "run" / "encoder.h5");
  world.barrier();
  if (world.is_root()) fs::resize_file(shared / "run" / "encoder.h5", 1000);
  world.barrier();

  EXPECT_TRUE(run_pretrain(config, world));

  EXPECT_EQ(bytes_of(shared / "run" / "encoder.h5"), whole);
  EXPECT_TRUE(fs::exists(shared / "run" / "quarantine" / "encoder.damaged.h5"));
}

TEST(RunPretrain, LeavesAManifestAndAnEncoderThatTellsWhatItWasMadeFrom) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  EXPECT_TRUE(run_pretrain(config_for(shared, "run", "{kind: l2p}"), world));

  const auto manifest = config::load_yaml(shared / "run" / "manifest.yaml");
  const auto encoder = train::read_encoder(shared / "run" / "encoder.h5");

  EXPECT_EQ(manifest.find("ranks")->scalar, std::to_string(world.size()));
  EXPECT_EQ(manifest.find_path("configuration.objective.support_pairs")->scalar, "10");
  EXPECT_EQ(encoder.name, "l2p");
  EXPECT_EQ(encoder.config.width, 8);
  const auto provenance = config::from_json(encoder.provenance_json);
  EXPECT_EQ(provenance.find("steps")->scalar, "8");
  EXPECT_EQ(provenance.find("identity")->scalar, manifest.find("identity")->scalar);
  EXPECT_EQ(provenance.find_path("corpus.content_sha256")->scalar, manifest.find_path("corpus.content_sha256")->scalar);
}

TEST(RunPretrain, ACorpusTooSmallForABatchIsRefused) {
  const auto world = mpi::Communicator::world();
  const Shared shared(world);
  PretrainConfig config = config_for(shared, "run", "{kind: l2p}");
  config.batch.size = 4096;
  config.batch.virtual_shards = 64;  // 45 graphs in 64 shards: none has two

  try {
    (void)run_pretrain(config, world);
    ADD_FAILURE() << "ran";
  } catch (const core::Error& error) {
    EXPECT_EQ(static_cast<int>(error.exit_code()), 78);
    EXPECT_NE(std::string(error.what()).find("45 graphs"), std::string::npos);
  }
}

}  // namespace
}  // namespace graftage::pretrain
