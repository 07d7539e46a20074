#include "data/importers/molecule_reader.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#ifdef GRAFTAGE_RDKIT

#include <GraphMol/ChemTransforms/ChemTransforms.h>
#include <GraphMol/FilterCatalog/FilterCatalog.h>
#include <GraphMol/GraphMol.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>
#include <RDGeneral/RDLog.h>
#include <RDGeneral/versions.h>

#include <sstream>
#include <utility>

namespace graftage::data {
namespace {

std::string first_line(const std::string& text) { return core::printable(core::trim(text.substr(0, text.find('\n')))); }

std::string describe_atom(const RDKit::Atom& atom) {
  return "atom " + std::to_string(atom.getIdx()) + " (" + atom.getSymbol() + ")";
}

/// Codes of the atoms: index of the atomic number in 1..118 and of the chirality.
std::string read_atoms(const RDKit::ROMol& molecule, graph::Graph& graph) {
  graph.num_nodes = molecule.getNumAtoms();
  for (const RDKit::Atom* atom : molecule.atoms()) {
    const int number = atom->getAtomicNum();
    if (number < 1 || number > 118) return describe_atom(*atom) + " has no element";
    std::uint16_t chirality = 0;
    switch (atom->getChiralTag()) {
      case RDKit::Atom::CHI_UNSPECIFIED:
        chirality = 0;
        break;
      case RDKit::Atom::CHI_TETRAHEDRAL_CW:
        chirality = 1;
        break;
      case RDKit::Atom::CHI_TETRAHEDRAL_CCW:
        chirality = 2;
        break;
      default:
        return describe_atom(*atom) + " has a chirality other than tetrahedral";
    }
    graph.node_features.push_back(static_cast<std::uint16_t>(number - 1));
    graph.node_features.push_back(chirality);
  }
  return "";
}

/// Both directions of each bond, with the codes of its type and direction.
std::string read_bonds(const RDKit::ROMol& molecule, graph::Graph& graph) {
  for (const RDKit::Bond* bond : molecule.bonds()) {
    const std::string name = "bond " + std::to_string(bond->getIdx());
    std::uint16_t type = 0;
    switch (bond->getBondType()) {
      case RDKit::Bond::SINGLE:
        type = 0;
        break;
      case RDKit::Bond::DOUBLE:
        type = 1;
        break;
      case RDKit::Bond::TRIPLE:
        type = 2;
        break;
      case RDKit::Bond::AROMATIC:
        type = 3;
        break;
      default:
        return name + " is neither single, double, triple nor aromatic";
    }
    std::uint16_t direction = 0;
    switch (bond->getBondDir()) {
      case RDKit::Bond::NONE:
        direction = 0;
        break;
      case RDKit::Bond::ENDUPRIGHT:
        direction = 1;
        break;
      case RDKit::Bond::ENDDOWNRIGHT:
        direction = 2;
        break;
      default:
        return name + " has an unusual direction";
    }
    const auto begin = static_cast<std::int32_t>(bond->getBeginAtomIdx());
    const auto end = static_cast<std::int32_t>(bond->getEndAtomIdx());
    graph.edge_index.insert(graph.edge_index.end(), {begin, end, end, begin});
    graph.edge_features.insert(graph.edge_features.end(), {type, direction, type, direction});
  }
  return "";
}

/// What RDKit prints about a SMILES it cannot parse, without the time of day.
std::string syntax_error(const std::string& smiles, const RDKit::SmilesParserParams& params) {
  struct Restore {
    RDLogger previous;
    ~Restore() { rdErrorLog = previous; }
  };
  std::ostringstream text;
  {
    const Restore restore{std::exchange(rdErrorLog, std::make_shared<boost::logging::rdLogger>(&text))};
    const std::unique_ptr<RDKit::ROMol> unused(RDKit::SmilesToMol(smiles, params));
  }
  std::string line = text.str();
  if (const auto start = line.find("SMILES Parse Error"); start != std::string::npos) line.erase(0, start);
  if (const auto end = line.find(" for input"); end != std::string::npos) line.erase(end);
  line = first_line(line);
  return line.rfind("SMILES Parse Error", 0) == 0 ? line : "SMILES Parse Error";
}

/// MurckoScaffoldSmiles(smiles, includeChirality=True) of RDKit's Python, step by step.
std::string murcko_scaffold(const std::string& smiles, const RDKit::SmilesParserParams& params) {
  const std::unique_ptr<RDKit::ROMol> molecule(RDKit::SmilesToMol(smiles, params));
  if (molecule == nullptr) throw RDKit::SmilesParseException("SMILES cannot be read back");
  const std::unique_ptr<RDKit::ROMol> scaffold(RDKit::MurckoDecompose(*molecule));
  scaffold->clearComputedProps();
  scaffold->updatePropertyCache();
  RDKit::MolOps::symmetrizeSSSR(*scaffold);
  return RDKit::MolToSmiles(*scaffold, true);
}

RDKit::FilterCatalogParams::FilterCatalogs catalogue(const std::string& name) {
  using Catalogues = RDKit::FilterCatalogParams;
  if (name == "BRENK") return Catalogues::BRENK;
  if (name == "PAINS") return Catalogues::PAINS;
  if (name == "NIH") return Catalogues::NIH;
  throw core::ConfigError("", "labels.computed: unknown filter catalogue '" + core::printable(name) + "'" +
                                  core::did_you_mean(name, {"BRENK", "PAINS", "NIH"}) + "; known: BRENK, PAINS, NIH");
}

}  // namespace

struct MoleculeReader::State {
  Options options;
  RDKit::SmilesParserParams params;
  std::unique_ptr<RDKit::FilterCatalog> alerts;
};

MoleculeReader::MoleculeReader(const Options& options) : state_(std::make_unique<State>()) {
  boost::logging::disable_logs("rdApp.*");
  state_->options = options;
  state_->params.parseName = false;
  if (!options.alerts.empty()) state_->alerts = std::make_unique<RDKit::FilterCatalog>(catalogue(options.alerts));
}

MoleculeReader::~MoleculeReader() = default;

std::string MoleculeReader::read(const std::string& smiles, Molecule& molecule) const {
  molecule = Molecule{};
  if (smiles.empty()) return "empty SMILES";
  try {
    const std::unique_ptr<RDKit::ROMol> parsed(RDKit::SmilesToMol(smiles, state_->params));
    if (parsed == nullptr) return syntax_error(smiles, state_->params);
    if (parsed->getNumAtoms() == 0) return "no atoms";
    std::string problem = read_atoms(*parsed, molecule.graph);
    if (problem.empty()) problem = read_bonds(*parsed, molecule.graph);
    if (!problem.empty()) return problem;
    molecule.canonical = RDKit::MolToSmiles(*parsed);
    if (state_->options.scaffold != ScaffoldFrom::None) {
      const bool raw = state_->options.scaffold == ScaffoldFrom::Raw;
      molecule.scaffold = murcko_scaffold(raw ? smiles : molecule.canonical, state_->params);
    }
    if (state_->alerts != nullptr) molecule.has_alert = state_->alerts->hasMatch(*parsed);
    return "";
  } catch (const std::exception& error) {
    // RDKit's own exceptions: valence, kekulization, syntax. The row is listed with the reason.
    return first_line(error.what());
  }
}

bool MoleculeReader::is_available() { return true; }
std::string MoleculeReader::library_version() { return RDKit::rdkitVersion; }

}  // namespace graftage::data

#else

namespace graftage::data {

struct MoleculeReader::State {};

MoleculeReader::MoleculeReader(const Options&) {
  throw core::ConfigError("",
                          "sources: SMILES need RDKit, and this graftage was built without it; install librdkit-dev "
                          "and build again, or import the OGB raw layout");
}
MoleculeReader::~MoleculeReader() = default;
std::string MoleculeReader::read(const std::string&, Molecule&) const { return "built without RDKit"; }
bool MoleculeReader::is_available() { return false; }
std::string MoleculeReader::library_version() { return "none"; }

}  // namespace graftage::data

#endif
