#include "data/importers/molecule_reader.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/data/importer.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/mpi/agreement.hpp"
#include "support/corpora.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <map>

namespace graftage::data {
namespace {

/// A directory that all ranks share; rank 0 makes and removes it.
class SharedDirectory {
 public:
  explicit SharedDirectory(const mpi::Communicator& world)
      : own_(world.is_root() ? std::make_unique<graftage::testing::TemporaryDirectory>() : nullptr),
        path_(world.broadcast_text(own_ ? own_->path().string() : "")) {}
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::unique_ptr<graftage::testing::TemporaryDirectory> own_;
  std::filesystem::path path_;
};

/// 150 alkanes, ethers and rings with repeats, bad rows and labels that conflict.
std::string table() {
  std::string text = "id,smiles,label\n";
  for (int i = 0; i < 150; ++i) {
    const std::string chain(static_cast<std::size_t>(1 + i % 37), 'C');
    const std::string smiles = i % 11 == 5 ? "C1" + chain : i % 3 == 0 ? chain + "O" + chain : chain + "c1ccccc1";
    text += "m" + std::to_string(i) + "," + smiles + "," + (i % 7 == 0 ? "" : std::to_string(i % 2)) + "\n";
  }
  return text;
}

std::map<std::string, std::string> digests(const std::filesystem::path& directory) {
  std::map<std::string, std::string> result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file())
      result[std::filesystem::relative(entry.path(), directory).string()] = core::sha256_file(entry.path());
  return result;
}

ImportConfig config_in(const std::filesystem::path& directory, const std::string& name) {
  ImportConfig config;
  config.name = "tiny";
  config.output = directory / name;
  config.sources.emplace_back().file = directory / "table.csv";
  config.sources.back().id = "id";
  config.labels.columns = {"label"};
  config.duplicates = Duplicates::Merge;
  config.splits = {"scaffold", "random"};
  config.shard_rows = 16;
  return config;
}

TEST(ParallelImportTest, AnyNumberOfRanksWritesTheSameBytes) {
  if (!MoleculeReader::is_available()) GTEST_SKIP() << "built without RDKit";
  const auto world = mpi::Communicator::world();
  const SharedDirectory directory(world);
  if (world.is_root()) {
    graftage::testing::write_file(directory.path() / "table.csv", table());
    (void)run_import(config_in(directory.path(), "one"), mpi::Communicator::self());
  }
  world.barrier();

  const auto summary = run_import(config_in(directory.path(), "all"), world);

  EXPECT_EQ(summary.rows, 150);
  EXPECT_EQ(summary.unparsable, 14);
  EXPECT_GT(summary.duplicates, 0);
  EXPECT_GT(summary.label_conflicts, 0);
  const auto one = digests(directory.path() / "one");
  EXPECT_GE(one.size(), 5U);
  EXPECT_EQ(digests(directory.path() / "all"), one);
  EXPECT_TRUE(run_import(config_in(directory.path(), "all"), world).already_imported);
  world.barrier();
}

TEST(ParallelImportTest, AFailureOnOneRankIsTheErrorOfAllAndLeavesNothing) {
  if (!MoleculeReader::is_available()) GTEST_SKIP() << "built without RDKit";
  const auto world = mpi::Communicator::world();
  const SharedDirectory directory(world);
  // The bad label lies in the last shard: one rank meets it.
  if (world.is_root()) graftage::testing::write_file(directory.path() / "table.csv", table() + "m150,C,high\n");
  world.barrier();

  std::string message;
  try {
    (void)run_import(config_in(directory.path(), "bad"), world);
  } catch (const core::Error& error) {
    message = error.what();
  }

  EXPECT_NE(message.find("label 'high' is not a number"), std::string::npos) << message;
  world.barrier();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  world.barrier();
}

TEST(ParallelSampleStoreTest, ARankKeepsAtMostItsShareAndTheCache) {
  const auto world = mpi::Communicator::world();
  const SharedDirectory directory(world);
  if (world.is_root()) graftage::testing::write_small_corpus(directory.path() / "corpus", 600, 128);
  world.barrier();
  const auto corpus = Corpus::open(directory.path() / "corpus");
  constexpr std::int64_t kCacheBytes = 4096;
  auto options = SampleStore::options_for(*corpus, world.size(), kCacheBytes);
  options.block_graphs = 8;
  SampleStore store(corpus, options);
  std::vector<core::GraphId> members;
  for (std::int64_t g = 0; g < corpus->num_graphs(); ++g) members.emplace_back(g);
  const Sampler sampler(members, {.batch_size = 48, .virtual_shards = 12, .minimum_shard = 1}, core::SeedSequence(3));

  std::int64_t graphs = 0;
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    for (std::int64_t step = 0; step < sampler.steps_per_epoch(); ++step) {
      const auto shards = sampler.shards(epoch, step);
      for (std::size_t v = 0; v < shards.size(); ++v)
        if (static_cast<int>(v) % world.size() == world.rank()) graphs += store.batch(shards[v]).num_graphs();
    }
  }

  EXPECT_EQ(world.sum(graphs), 1200);
  EXPECT_LE(store.peak_bytes(), corpus->decoded_bytes() / world.size() + 1 + kCacheBytes);
  if (world.size() == 1) {
    EXPECT_EQ(store.blocks_read(), 75) << "one rank reads each block once";
  }
  world.barrier();
}

}  // namespace
}  // namespace graftage::data
