#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graftage::graph::detail {

/// Numbers contents in the order of their first appearance: equal contents, and only those, get the same number.
///
/// Open addressing over a flat store of 32-bit words; a hash finds candidates, the words decide.
class RowTable {
 public:
  /// @param expected  contents that will be added at most, more or less
  explicit RowTable(std::int64_t expected);
  /// Number of this content, a new one if it was not seen before.
  std::int64_t number(std::span<const std::uint32_t> words);
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(begin_.size()) - 1; }

 private:
  [[nodiscard]] bool holds(std::uint32_t row, std::span<const std::uint32_t> words) const;
  void grow();

  std::vector<std::uint32_t> words_;
  std::vector<std::size_t> begin_{0};  ///< [size + 1] where the words of each number start
  std::vector<std::uint64_t> hash_;    ///< [size]
  std::vector<std::uint32_t> slots_;   ///< number + 1, 0 = free; a power of two of them
};

}  // namespace graftage::graph::detail
