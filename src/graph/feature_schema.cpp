#include "graftage/graph/feature_schema.hpp"

#include "graftage/core/error.hpp"

#include <nlohmann/json.hpp>

namespace graftage::graph {

namespace {

using Json = nlohmann::ordered_json;

Json columns_to_json(const std::vector<FeatureColumn>& columns) {
  Json list = Json::array();
  for (const FeatureColumn& column : columns)
    list.push_back({{"name", column.name}, {"cardinality", column.cardinality}});
  return list;
}

std::vector<FeatureColumn> columns_from_json(const Json& list) {
  std::vector<FeatureColumn> columns;
  for (const Json& item : list)
    columns.push_back({item.at("name").get<std::string>(), item.at("cardinality").get<std::int64_t>()});
  return columns;
}

/// Codes of a pseudo row (self-loop, mask) must be codes of their columns.
void expect_codes(const char* key, const std::vector<std::int64_t>& codes, const std::vector<FeatureColumn>& columns) {
  bool valid = codes.size() == columns.size();
  for (std::size_t c = 0; valid && c < codes.size(); ++c) valid = codes[c] >= 0 && codes[c] < columns[c].cardinality;
  if (!valid)
    throw core::DataError("feature schema", key,
                          "expected one code per column, each below the column's cardinality; import the corpus again");
}

}  // namespace

std::vector<std::string> enum_names(const LabelKind*) { return {"none", "binary", "real"}; }

std::string FeatureSchema::to_json() const {
  const Json json = {
      {"name", name},           {"node", columns_to_json(node)}, {"edge", columns_to_json(edge)},
      {"self_loop", self_loop}, {"node_mask", node_mask},        {"num_maskable_types", num_maskable_types}};
  return json.dump();
}

FeatureSchema FeatureSchema::from_json(const std::string& json) {
  FeatureSchema schema;
  try {
    const Json root = Json::parse(json);
    schema.name = root.at("name").get<std::string>();
    schema.node = columns_from_json(root.at("node"));
    schema.edge = columns_from_json(root.at("edge"));
    schema.self_loop = root.at("self_loop").get<std::vector<std::int64_t>>();
    schema.node_mask = root.at("node_mask").get<std::vector<std::int64_t>>();
    schema.num_maskable_types = root.at("num_maskable_types").get<std::int64_t>();
  } catch (const Json::exception& error) {
    throw core::DataError("feature schema", "",
                          std::string("not a schema of graftage (") + error.what() + "); import the corpus again");
  }
  expect_codes("self_loop", schema.self_loop, schema.edge);
  if (!schema.node_mask.empty()) expect_codes("node_mask", schema.node_mask, schema.node);
  return schema;
}

FeatureSchema chem_schema() {
  // 119 classes: the reference's masked-atom head is Linear(300, 119), of which code 118 never occurs.
  return {.name = "chem",
          .node = {{"atom_type", 120}, {"chirality", 3}},
          .edge = {{"bond_type", 6}, {"bond_direction", 3}},
          .self_loop = {4, 0},
          .node_mask = {119, 0},
          .num_maskable_types = 119};
}

}  // namespace graftage::graph
