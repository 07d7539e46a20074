#include "graftage/data/sample_store.hpp"

#include "support/corpora.hpp"
#include "support/temporary_directory.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::data {
namespace {

std::vector<core::GraphId> ids(const std::vector<std::int64_t>& values) {
  std::vector<core::GraphId> result;
  for (const auto value : values) result.emplace_back(value);
  return result;
}

class SampleStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    corpus_ = Corpus::open(graftage::testing::write_small_corpus(directory_.path() / "corpus", 200, 64));
  }
  graftage::testing::TemporaryDirectory directory_;
  std::shared_ptr<const Corpus> corpus_;
};

TEST_F(SampleStoreTest, ABatchIsTheGraphsInTheOrderGiven) {
  SampleStore store(corpus_, {.capacity_bytes = 1 << 20, .block_graphs = 16});
  const auto wanted = ids({150, 3, 64, 3});

  const auto batch = store.batch(wanted);

  ASSERT_EQ(batch.num_graphs(), 4);
  EXPECT_EQ(batch.ids, wanted);
  for (std::int64_t b = 0; b < 4; ++b) {
    const auto graph = corpus_->read(wanted[static_cast<std::size_t>(b)], 1).at(0);
    const auto first = batch.node_ptr[static_cast<std::size_t>(b)];
    EXPECT_EQ(batch.node_ptr[static_cast<std::size_t>(b) + 1] - first, graph.num_nodes);
    for (std::size_t i = 0; i < graph.node_features.size(); ++i)
      EXPECT_EQ(batch.node_features[static_cast<std::size_t>(first) * 2 + i], graph.node_features[i]);
    EXPECT_EQ(batch.label_mask[b][1].item<bool>(), graph.label_mask[1] != 0);
  }
}

TEST_F(SampleStoreTest, MemoryStaysBelowTheCapacityAndTheContentTheSame) {
  SampleStore all(corpus_, {.capacity_bytes = 1 << 30, .block_graphs = 8});
  SampleStore little(corpus_, {.capacity_bytes = 8000, .block_graphs = 8});

  for (std::int64_t step = 0; step < 50; ++step) {
    const auto wanted = ids({step * 37 % 200, step * 91 % 200, step * 53 % 200});
    EXPECT_EQ(all.batch(wanted).node_features, little.batch(wanted).node_features);
  }

  EXPECT_LE(little.peak_bytes(), 8000);
  EXPECT_GT(little.peak_bytes(), 4000);
  EXPECT_GT(all.peak_bytes(), 16000);
  EXPECT_LE(all.blocks_read(), 25);
  EXPECT_GT(little.blocks_read(), 50);
}

TEST_F(SampleStoreTest, TheDefaultCapacityIsTheCorpusOverTheRanksPlusTheCache) {
  const auto one = SampleStore::options_for(*corpus_, 1, 1000);
  const auto four = SampleStore::options_for(*corpus_, 4, 1000);

  EXPECT_EQ(one.capacity_bytes, corpus_->decoded_bytes() + 1000);
  EXPECT_EQ(four.capacity_bytes, (corpus_->decoded_bytes() + 3) / 4 + 1000);
  SampleStore store(corpus_, one);
  std::vector<core::GraphId> everything;
  for (std::int64_t g = 0; g < 200; ++g) everything.emplace_back(g);
  (void)store.batch(everything);
  (void)store.batch(everything);
  EXPECT_EQ(store.blocks_read(), 4) << "one rank keeps the whole corpus";
}

}  // namespace
}  // namespace graftage::data
