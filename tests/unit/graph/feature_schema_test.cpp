#include "graftage/graph/feature_schema.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

namespace graftage::graph {
namespace {

TEST(FeatureSchema, ChemVocabulary) {
  const FeatureSchema schema = chem_schema();

  ASSERT_EQ(schema.node.size(), 2u);
  ASSERT_EQ(schema.edge.size(), 2u);
  EXPECT_EQ(schema.node[0].cardinality, 120);
  EXPECT_EQ(schema.node[1].cardinality, 3);
  EXPECT_EQ(schema.edge[0].cardinality, 6);
  EXPECT_EQ(schema.edge[1].cardinality, 3);
  EXPECT_EQ(schema.self_loop, (std::vector<std::int64_t>{4, 0}));
  EXPECT_EQ(schema.node_mask, (std::vector<std::int64_t>{119, 0}));
  EXPECT_EQ(schema.num_maskable_types, 119);
}

TEST(FeatureSchema, JsonReadsBack) {
  const FeatureSchema schema = chem_schema();

  EXPECT_EQ(FeatureSchema::from_json(schema.to_json()), schema);
}

TEST(FeatureSchema, ForeignTextIsRefused) {
  std::string self_loop_out_of_range = chem_schema().to_json();
  self_loop_out_of_range.replace(self_loop_out_of_range.find("[4,0]"), 5, "[6,0]");

  EXPECT_THROW((void)FeatureSchema::from_json("{"), core::DataError);
  EXPECT_THROW((void)FeatureSchema::from_json("{\"name\": \"x\"}"), core::DataError);
  EXPECT_THROW((void)FeatureSchema::from_json("[]"), core::DataError);
  EXPECT_THROW((void)FeatureSchema::from_json(self_loop_out_of_range), core::DataError);
}

}  // namespace
}  // namespace graftage::graph
