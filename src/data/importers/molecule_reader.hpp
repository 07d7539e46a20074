#pragma once

#include "graftage/graph/graph.hpp"

#include <memory>
#include <string>

namespace graftage::data {

/// A molecule as graphs of chem_schema() (methods 2.1).
struct Molecule {
  graph::Graph graph;     ///< without labels
  std::string canonical;  ///< canonical isomeric SMILES
  std::string scaffold;   ///< Bemis-Murcko scaffold with chirality; empty if acyclic or not asked for
  bool has_alert = false;
};

/// SMILES a scaffold is computed from. They differ in rare double-bond directions (methods 2.4; docs/data_format.md).
enum class ScaffoldFrom { None, Canonical, Raw };

/// SMILES to graphs through RDKit; without RDKit the constructor refuses. Quiet: reasons are returned, not printed.
class MoleculeReader {
 public:
  struct Options {
    ScaffoldFrom scaffold = ScaffoldFrom::None;
    std::string alerts;  ///< filter catalogue: "BRENK", "PAINS", "NIH"; empty = none
  };
  /// @throws ConfigError for an unknown catalogue or a build without RDKit
  explicit MoleculeReader(const Options& options);
  ~MoleculeReader();
  MoleculeReader(const MoleculeReader&) = delete;
  MoleculeReader& operator=(const MoleculeReader&) = delete;

  /// Fills `molecule`. @return why the text is not a usable molecule, or an empty text
  [[nodiscard]] std::string read(const std::string& smiles, Molecule& molecule) const;

  [[nodiscard]] static bool is_available();
  [[nodiscard]] static std::string library_version();  ///< "2022.09.3" or "none"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graftage::data
