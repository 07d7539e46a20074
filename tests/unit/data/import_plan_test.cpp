#include "data/import_plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace graftage::data {
namespace {

constexpr core::Key128 kA{1, 1}, kB{2, 2}, kC{3, 3};
const float kMissing = std::numeric_limits<float>::quiet_NaN();

graph::Graph labelled(const std::vector<float>& values) {
  graph::Graph graph;
  for (const float value : values) {
    graph.labels.push_back(value);
    graph.label_mask.push_back(std::isnan(value) ? 0 : 1);
  }
  return graph;
}

TEST(ImportPlanTest, LaterRowsOfAMoleculeMergeIntoTheFirst) {
  const ImportPlan plan = make_plan({kA, kNoMolecule, kB, kA, kC, kB}, Duplicates::Merge, {kC});

  EXPECT_EQ(plan.target, (std::vector<std::int64_t>{0, -1, 2, 0, -1, 2}));
  EXPECT_EQ(plan.unparsable, 1);
  EXPECT_EQ(plan.unique, 3);
  EXPECT_EQ(plan.duplicates, 2);
  EXPECT_EQ(plan.removed, 1);
  EXPECT_EQ(plan.graphs, 2);
}

TEST(ImportPlanTest, KeptDuplicatesAreGraphsOfTheirOwn) {
  const ImportPlan plan = make_plan({kA, kB, kA, kB}, Duplicates::Keep, {kB});

  EXPECT_EQ(plan.target, (std::vector<std::int64_t>{0, -1, 2, -1}));
  EXPECT_EQ(plan.unique, 2);
  EXPECT_EQ(plan.duplicates, 0);
  EXPECT_EQ(plan.removed, 2);
}

TEST(LabelPatchesTest, MissingLabelsAreFilledAndConflictsBecomeMissing) {
  LabelPatches patches(3);
  patches.add(7, 2, labelled({0, 1, kMissing}));
  patches.add(5, 2, labelled({1, kMissing, 1}));
  patches.add(9, 2, labelled({1, 1, 1}));
  patches.exchange(mpi::Communicator::self());

  graph::Graph binary = labelled({1, kMissing, kMissing});
  EXPECT_EQ(patches.apply(2, graph::LabelKind::Binary, binary), 1);
  EXPECT_EQ(binary.label_mask, (std::vector<std::uint8_t>{0, 1, 1}));
  EXPECT_TRUE(std::isnan(binary.labels[0]));
  EXPECT_EQ(binary.labels[1], 1.0F);

  graph::Graph real = labelled({1, kMissing, kMissing});
  EXPECT_EQ(patches.apply(2, graph::LabelKind::Real, real), 1);
  EXPECT_EQ(real.labels, (std::vector<float>{1, 1, 1}));
  graph::Graph other = labelled({0, 0, 0});
  EXPECT_EQ(patches.apply(3, graph::LabelKind::Binary, other), 0);
}

TEST(RowLayoutTest, ShardsCoverAllRows) {
  const RowLayout layout{.num_rows = 10, .shard_rows = 4};

  EXPECT_EQ(layout.num_shards(), 3);
  EXPECT_EQ(layout.rows_in(2), 2);
  EXPECT_EQ(layout.shards_of(mpi::Communicator::self()), (std::vector<std::int64_t>{0, 1, 2}));
}

}  // namespace
}  // namespace graftage::data
