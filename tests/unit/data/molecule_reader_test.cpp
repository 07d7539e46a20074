#include "data/importers/molecule_reader.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace graftage::data {
namespace {

class MoleculeReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MoleculeReader::is_available()) GTEST_SKIP() << "built without RDKit";
  }
};

/// Oracle: RDKit's Python with pretrain-gnns' rules (tests/oracles/rdkit_features.py).
TEST_F(MoleculeReaderTest, FeaturesEqualThoseOfRdkitInPython) {
  std::ifstream in(GRAFTAGE_GOLDEN_DIR "/rdkit_features.json");
  const auto golden = nlohmann::json::parse(in);
  const MoleculeReader canonical({.scaffold = ScaffoldFrom::Canonical, .alerts = ""});
  const MoleculeReader raw({.scaffold = ScaffoldFrom::Raw, .alerts = ""});
  ASSERT_GE(golden.at("molecules").size(), 40U);

  for (const auto& expected : golden.at("molecules")) {
    const auto smiles = expected.at("smiles").get<std::string>();
    Molecule molecule;
    const std::string reason = canonical.read(smiles, molecule);
    EXPECT_EQ(reason.empty(), expected.at("usable").get<bool>()) << smiles << ": " << reason;
    if (!expected.at("usable").get<bool>()) continue;
    EXPECT_EQ(molecule.graph.node_features, expected.at("nodes").get<std::vector<std::uint16_t>>()) << smiles;
    EXPECT_EQ(molecule.graph.num_nodes * 2, static_cast<std::int64_t>(molecule.graph.node_features.size()));
    EXPECT_EQ(molecule.graph.edge_index, expected.at("edges").get<std::vector<std::int32_t>>()) << smiles;
    EXPECT_EQ(molecule.graph.edge_features, expected.at("edge_features").get<std::vector<std::uint16_t>>()) << smiles;
    EXPECT_EQ(molecule.canonical, expected.at("canonical").get<std::string>());
    EXPECT_EQ(molecule.scaffold, expected.at("scaffold").get<std::string>()) << smiles;
    ASSERT_EQ(raw.read(smiles, molecule), "");
    EXPECT_EQ(molecule.scaffold, expected.at("scaffold_raw").get<std::string>()) << smiles;
  }
}

TEST_F(MoleculeReaderTest, ReasonsSayWhatIsWrong) {
  const MoleculeReader reader({});
  Molecule molecule;

  EXPECT_EQ(reader.read("", molecule), "empty SMILES");
  EXPECT_NE(reader.read("N(C)(C)(C)C", molecule).find("valence"), std::string::npos);
  EXPECT_NE(reader.read("*C", molecule).find("atom 0 (*) has no element"), std::string::npos);
  EXPECT_NE(reader.read("[NH3]->[Cu+2]", molecule).find("bond 0 is neither"), std::string::npos);
}

TEST_F(MoleculeReaderTest, AlertsComeFromTheNamedCatalogue) {
  const MoleculeReader reader({.scaffold = ScaffoldFrom::None, .alerts = "BRENK"});
  Molecule molecule;

  ASSERT_EQ(reader.read("CC(=O)Cl", molecule), "");  // acyl halide
  EXPECT_TRUE(molecule.has_alert);
  ASSERT_EQ(reader.read("CCO", molecule), "");
  EXPECT_FALSE(molecule.has_alert);
  EXPECT_THROW(MoleculeReader({.scaffold = ScaffoldFrom::None, .alerts = "BRENKK"}), core::ConfigError);
}

}  // namespace
}  // namespace graftage::data
