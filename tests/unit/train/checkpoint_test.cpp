#include "graftage/train/checkpoint.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "support/temporary_directory.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace graftage::train {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Checkpoint checkpoint_at(std::int64_t step) {
  Checkpoint checkpoint;
  checkpoint.config_digest = std::string(64, 'a');
  checkpoint.step = step;
  checkpoint.adam_steps = step - 1;
  checkpoint.parameters.add("b.weight", at::arange(6, at::kFloat).reshape({2, 3}) + static_cast<double>(step));
  checkpoint.parameters.add("a.bias", at::ones({2}));
  checkpoint.buffers.add("batch_norms.0.num_batches_tracked", at::full({}, step, at::kLong));
  checkpoint.first_moment = at::arange(8, at::kFloat);
  checkpoint.second_moment = at::arange(8, at::kFloat) * 2;
  return checkpoint;
}

/// Changes one byte in the middle of a file.
void damage(const fs::path& path) {
  std::string bytes = bytes_of(path);
  const std::size_t at = bytes.size() - 40;  // among the values, which lie behind the structure
  bytes[at] = static_cast<char>(bytes[at] ^ 0x5a);
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(CheckpointStore, KeepsEverythingAndItsOrder) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path() / "checkpoints");
  const Checkpoint written = checkpoint_at(7);

  store.write(written);
  const auto read = store.load_newest(written.config_digest);

  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->step, 7);
  EXPECT_EQ(read->adam_steps, 6);
  ASSERT_EQ(read->parameters.entries().size(), 2u);
  EXPECT_EQ(read->parameters.entries()[0].name, "b.weight");
  EXPECT_TRUE(at::equal(read->parameters["b.weight"], written.parameters["b.weight"]));
  EXPECT_EQ(read->buffers["batch_norms.0.num_batches_tracked"].dim(), 0);
  EXPECT_EQ(read->buffers["batch_norms.0.num_batches_tracked"].item<std::int64_t>(), 7);
  EXPECT_TRUE(at::equal(read->second_moment, written.second_moment));
}

TEST(CheckpointStore, EmptyOrAbsentDirectoryHasNone) {
  const testing::TemporaryDirectory scratch;

  EXPECT_FALSE(CheckpointStore(scratch.path() / "none").load_newest("x").has_value());
}

TEST(CheckpointStore, KeepsTwoGenerations) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path());

  for (const std::int64_t step : {8, 9, 10, 100}) store.write(checkpoint_at(step));

  EXPECT_FALSE(fs::exists(scratch.path() / "step-000000009.h5"));
  EXPECT_TRUE(fs::exists(scratch.path() / "step-000000010.h5"));
  EXPECT_EQ(store.load_newest(std::string(64, 'a'))->step, 100);
}

TEST(CheckpointStore, DamagedGenerationGoesToQuarantineAndThePreviousIsUsed) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path());
  store.write(checkpoint_at(1));
  store.write(checkpoint_at(2));
  damage(scratch.path() / "step-000000002.h5");

  const auto read = store.load_newest(std::string(64, 'a'));

  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->step, 1);
  EXPECT_FALSE(fs::exists(scratch.path() / "step-000000002.h5"));
  EXPECT_TRUE(fs::exists(scratch.path() / "quarantine" / "step-000000002.h5"));
}

TEST(CheckpointStore, TruncatedGenerationGoesToQuarantine) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path());
  store.write(checkpoint_at(2));
  fs::resize_file(scratch.path() / "step-000000002.h5", 700);

  EXPECT_FALSE(store.load_newest(std::string(64, 'a')).has_value());
  EXPECT_TRUE(fs::exists(scratch.path() / "quarantine" / "step-000000002.h5"));

  store.write(checkpoint_at(2));
  damage(scratch.path() / "step-000000002.h5");
  EXPECT_FALSE(store.load_newest(std::string(64, 'a')).has_value());
  EXPECT_EQ(fs::file_size(scratch.path() / "quarantine" / "step-000000002.h5"), 700U) << "the first one stays";
  EXPECT_TRUE(fs::exists(scratch.path() / "quarantine" / "step-000000002.2.h5"));
}

TEST(CheckpointStore, AnotherRunsCheckpointIsRefusedWithARemedy) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path());
  store.write(checkpoint_at(2));

  try {
    (void)store.load_newest(std::string(64, 'b'));
    FAIL() << "accepted";
  } catch (const core::ConfigError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("aaaaaaaaaaaaaaaa"), std::string::npos);
    EXPECT_NE(text.find("bbbbbbbbbbbbbbbb"), std::string::npos);
    EXPECT_NE(text.find("another output directory"), std::string::npos);
  }
  EXPECT_TRUE(fs::exists(scratch.path() / "step-000000002.h5"));
}

TEST(CheckpointStore, AFailedWriteLeavesTheGenerationsAlone) {
  const testing::TemporaryDirectory scratch;
  const CheckpointStore store(scratch.path());
  store.write(checkpoint_at(1));
  core::arm_failpoints("commit.written:1:enospc");

  EXPECT_THROW(store.write(checkpoint_at(2)), core::IoError);
  core::arm_failpoints("");

  EXPECT_EQ(store.load_newest(std::string(64, 'a'))->step, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()), 1);
}

TEST(CheckpointStore, SameContentHasTheSameBytes) {
  const testing::TemporaryDirectory scratch;

  CheckpointStore(scratch.path() / "a").write(checkpoint_at(3));
  CheckpointStore(scratch.path() / "b").write(checkpoint_at(3));

  EXPECT_EQ(bytes_of(scratch.path() / "a" / "step-000000003.h5"), bytes_of(scratch.path() / "b" / "step-000000003.h5"));
}

EncoderFile small_file() {
  EncoderFile file;
  file.config.num_layers = 2;
  file.config.width = 4;
  file.config.jumping_knowledge = nn::JumpingKnowledge::Sum;
  file.schema = graph::chem_schema();
  const nn::Encoder encoder(file.config, file.schema);
  file.parameters = encoder.initialize(core::SeedSequence(1));
  file.buffers = encoder.initial_buffers();
  file.name = "l2p";
  file.provenance_json = R"({"seed":1})";
  return file;
}

TEST(EncoderFile, RoundTripIsExact) {
  const testing::TemporaryDirectory scratch;
  const EncoderFile written = small_file();

  write_encoder(scratch.path() / "encoder.h5", written);
  const EncoderFile read = read_encoder(scratch.path() / "encoder.h5");

  EXPECT_EQ(read.config, written.config);
  EXPECT_EQ(read.schema, written.schema);
  EXPECT_EQ(read.name, "l2p");
  EXPECT_EQ(read.provenance_json, written.provenance_json);
  EXPECT_EQ(read.content_sha256.size(), 64u);
  ASSERT_EQ(read.parameters.entries().size(), written.parameters.entries().size());
  for (std::size_t i = 0; i < read.parameters.entries().size(); ++i) {
    EXPECT_EQ(read.parameters.entries()[i].name, written.parameters.entries()[i].name);
    EXPECT_TRUE(at::equal(read.parameters.entries()[i].tensor, written.parameters.entries()[i].tensor));
  }
}

TEST(EncoderFile, TensorsThatDoNotFitTheArchitectureAreRefusedByName) {
  const testing::TemporaryDirectory scratch;
  EncoderFile file = small_file();
  file.parameters.set("gnns.1.mlp.0.bias", at::zeros({9}));
  write_encoder(scratch.path() / "encoder.h5", file);

  try {
    (void)read_encoder(scratch.path() / "encoder.h5");
    FAIL() << "accepted";
  } catch (const core::DataError& error) {
    EXPECT_EQ(error.place(), "gnns.1.mlp.0.bias");
  }
}

TEST(EncoderFile, AnAbsentFileIsAMissingInput) {
  EXPECT_THROW((void)read_encoder("/nonexistent/encoder.h5"), core::MissingInput);
}

}  // namespace
}  // namespace graftage::train
