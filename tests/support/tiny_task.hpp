#pragma once

#include "graftage/data/corpus.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace graftage::support {

/// A labelled corpus small enough for any test.
struct TinyTask {
  std::string name = "tiny";
  graph::LabelSchema labels{graph::LabelKind::Binary, {"active"}, "computed"};
  std::vector<graph::Graph> graphs;
  data::Split split;  ///< named "scaffold"
};

/// `count` molecule-like graphs whose label can be seen: in an active one about half of the nodes have atom type 33, in
/// an inactive one none has. Active and inactive alternate; the first 3/5 train, then 1/5 validate and 1/5 test.
[[nodiscard]] TinyTask visible_task(std::int64_t count, std::uint64_t seed);

/// Writes the corpus of a task. @param directory  must not exist
void write_task(const std::filesystem::path& directory, const TinyTask& task);

/// A fresh empty directory of a test, removed when this goes.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& name);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& entry) const { return path_ / entry; }

 private:
  std::filesystem::path path_;
};

}  // namespace graftage::support
