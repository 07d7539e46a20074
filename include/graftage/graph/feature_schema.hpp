#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::graph {

/// Meaning of one integer column of node or edge features.
struct FeatureColumn {
  std::string name;              ///< "atom_type", "bond_type"
  std::int64_t cardinality = 0;  ///< codes are 0 .. cardinality-1, reserved codes included
  friend bool operator==(const FeatureColumn&, const FeatureColumn&) = default;
};

enum class LabelKind { None, Binary, Real };
std::vector<std::string> enum_names(const LabelKind*);

/// What the features of a corpus mean: stored in the corpus, in checkpoints, and compared when they meet.
struct FeatureSchema {
  std::string name;                     ///< "chem", "ogb-mol"
  std::vector<FeatureColumn> node;      ///< Fn columns
  std::vector<FeatureColumn> edge;      ///< Fe columns
  std::vector<std::int64_t> self_loop;  ///< [Fe] edge codes of the self-loop every encoder adds
  std::vector<std::int64_t> node_mask;  ///< [Fn] node codes that stand for "hidden" (attribute masking)
  std::int64_t num_maskable_types = 0;  ///< classes of the masked-attribute head (real codes of column 0)
  friend bool operator==(const FeatureSchema&, const FeatureSchema&) = default;

  [[nodiscard]] std::string to_json() const;
  static FeatureSchema from_json(const std::string& json);
};

/// Labels of a corpus: T named targets of one kind.
struct LabelSchema {
  LabelKind kind = LabelKind::None;
  std::vector<std::string> names;
  std::string origin;  ///< "measured" or "computed", shown in every table
  friend bool operator==(const LabelSchema&, const LabelSchema&) = default;
};

/// Molecules as in pretrain-gnns (Hu et al. 2020; methods 1.2): 120 atom types (119 = mask), 3 chirality tags,
/// 6 bond types (4 = self-loop, 5 = mask), 3 bond directions.
[[nodiscard]] FeatureSchema chem_schema();

}  // namespace graftage::graph
