#include "graftage/data/corpus.hpp"

#include "graftage/core/error.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "support/corpora.hpp"
#include "support/graphs.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace graftage::data {
namespace {

class CorpusTest : public ::testing::Test {
 protected:
  void SetUp() override { graftage::testing::write_small_corpus(path_, 50, 16); }

  static std::string message_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  graftage::testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "corpus";
};

void expect_equal(const graph::Graph& a, const graph::Graph& b) {
  EXPECT_EQ(a.num_nodes, b.num_nodes);
  EXPECT_EQ(a.node_features, b.node_features);
  EXPECT_EQ(a.edge_index, b.edge_index);
  EXPECT_EQ(a.edge_features, b.edge_features);
  EXPECT_EQ(a.label_mask, b.label_mask);
  ASSERT_EQ(a.labels.size(), b.labels.size());
  for (std::size_t t = 0; t < a.labels.size(); ++t)
    EXPECT_TRUE(a.labels[t] == b.labels[t] || (std::isnan(a.labels[t]) && std::isnan(b.labels[t])));
}

TEST_F(CorpusTest, GraphsComeBackAcrossShards) {
  const auto corpus = Corpus::open(path_);

  EXPECT_EQ(corpus->num_graphs(), 50);
  EXPECT_EQ(corpus->name(), "small");
  EXPECT_EQ(corpus->schema(), graph::chem_schema());
  EXPECT_EQ(corpus->labels(), (graph::LabelSchema{graph::LabelKind::Binary, {"first", "second"}, "computed"}));
  const auto graphs = corpus->read(core::GraphId(10), 30);
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    const auto g = static_cast<std::int64_t>(i) + 10;
    graph::Graph expected = support::molecule_like_graph(3 + g % 9, g % 3, static_cast<std::uint64_t>(g));
    expected.labels = graphs[i].labels;
    expected.label_mask = {static_cast<std::uint8_t>(g % 5 != 0), static_cast<std::uint8_t>((g + 1) % 5 != 0)};
    expect_equal(graphs[i], expected);
    EXPECT_EQ(std::isnan(graphs[i].labels[0]), g % 5 == 0);
    EXPECT_EQ(corpus->num_nodes()[static_cast<std::size_t>(g)], graphs[i].num_nodes);
    EXPECT_EQ(corpus->num_edges()[static_cast<std::size_t>(g)], graphs[i].num_edges());
  }
  EXPECT_TRUE(corpus->read(core::GraphId(50), 0).empty());
}

TEST_F(CorpusTest, KeysSplitsAndDigestAreKept) {
  const auto corpus = Corpus::open(path_);

  EXPECT_EQ(corpus->read_keys()[37], core::key_of("graph-37"));
  EXPECT_EQ(corpus->split("scaffold").train.size(), 40U);
  EXPECT_EQ(corpus->split("scaffold").test.at(1), core::GraphId(19));
  EXPECT_NE(message_of([&] { (void)corpus->split("scafold"); }).find("did you mean 'scaffold'?"), std::string::npos);
  corpus->verify();
  graftage::testing::write_small_corpus(directory_.path() / "again", 50, 16);
  EXPECT_EQ(Corpus::open(directory_.path() / "again")->content_sha256(), corpus->content_sha256());
  graftage::testing::write_small_corpus(directory_.path() / "other", 50, 25);
  EXPECT_NE(Corpus::open(directory_.path() / "other")->content_sha256(), corpus->content_sha256());
}

TEST_F(CorpusTest, DamageIsNamed) {
  const auto shard = path_ / "shards" / "shard-00001.h5";
  EXPECT_NE(message_of([&] { (void)Corpus::open(directory_.path() / "none"); }).find("graftage import"),
            std::string::npos);

  std::filesystem::copy_file(path_ / "shards" / "shard-00000.h5", shard,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(message_of([&] { (void)Corpus::open(path_); }).find("not the shard the index lists"), std::string::npos);

  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) - 100);
  const std::string truncated = message_of([&] { (void)Corpus::open(path_); });
  EXPECT_NE(truncated.find("shard-00001.h5: is truncated"), std::string::npos) << truncated;

  std::filesystem::remove(shard);
  EXPECT_NE(message_of([&] { (void)Corpus::open(path_); }).find("the corpus is incomplete"), std::string::npos);
}

TEST_F(CorpusTest, SplitsOutsideTheCorpusAreRefused) {
  IndexContent index;
  index.schema = graph::chem_schema();
  index.splits["bad"].train = {core::GraphId(0), core::GraphId(7)};
  ShardContent content{{support::path_graph(3, 1)}, {"a"}, {"CCC"}, {core::key_of("CCC")}};

  write_corpus(directory_.path() / "bad", index, content, 4);

  EXPECT_NE(message_of([&] { (void)Corpus::open(directory_.path() / "bad"); }).find("names graph 7 of 1"),
            std::string::npos);
}

}  // namespace
}  // namespace graftage::data
