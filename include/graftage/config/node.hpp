#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graftage::config {

/// Place of a value in its source: "study.yaml:12:5", or "--set train.epochs".
struct Mark {
  std::string file;
  int line = 0;  ///< 1-based, 0 = no line (command line)
  int column = 0;
  [[nodiscard]] std::string text() const;
};

/// One value of a configuration document, with the place it came from.
///
/// A plain tree: yaml-cpp stays inside this module. Key order is kept.
struct Node {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  Kind kind = Kind::Null;
  std::string scalar;                                 ///< text of a scalar
  bool quoted = false;                                ///< the scalar was quoted, so it is a string
  std::vector<Node> items;                            ///< of a sequence
  std::vector<std::pair<std::string, Node>> entries;  ///< of a mapping
  Mark mark;
  Mark key_mark = {};  ///< place of the key that this is the value of

  /// Value of a key, or nullptr; also nullptr if this is no mapping.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
  /// Entry `key` of a mapping, created if absent; null becomes a mapping. @pre mapping or null
  Node& entry(const std::string& key);
  /// Value at a dotted path ("train.epochs"), or nullptr. A number is an index into a list ("stages.0.name"); a key
  /// that itself contains dots ("optim.lr") is found first.
  [[nodiscard]] const Node* find_path(std::string_view dotted_path) const;
  /// Value at a dotted path, found as by find_path; missing mappings are created. On the way a word such as the `gin`
  /// of `encoder: gin` becomes `{kind: gin}`. @throws ConfigError where something else is in the way
  Node& at_path(std::string_view dotted_path);
  /// The document as canonical JSON on one line (key order kept): for hashing, logs and reports. Plain scalars are
  /// typed by YAML 1.2 (null, true, 12, 0.001), everything else is a string.
  [[nodiscard]] std::string to_json() const;
  /// The document as block-style YAML; parsing it gives the same to_json().
  [[nodiscard]] std::string to_yaml() const;

  static Node from_scalar(std::string text, Mark mark = {}, bool quoted = false);
};

}  // namespace graftage::config
